import type { LearningRateRange, Schedule } from "@clr/clr";
import { constant, cyclic, oneCycle } from "@clr/clr/schedules";
import type { OptimizerName } from "./problem.ts";
import { USUAL_RATES } from "./problem.ts";
import type { Rival } from "./rivals.ts";

/** What a person might train with, by name; without one where nothing is known. */
export function strategies(
  range: LearningRateRange,
  rivals: { readonly [Name in Rival]?: number },
  options: { readonly optimizer: OptimizerName; readonly steps: number },
): { readonly [name: string]: Schedule | undefined } {
  const { optimizer, steps } = options;
  const { baseLr, maxLr } = range;
  const both = baseLr !== undefined && maxLr !== undefined;
  const cycles = (mode: "triangular" | "triangular2") =>
    both
      ? cyclic({ baseLr, maxLr, stepSize: Math.round(steps / 4), mode })
      : undefined;
  const peak = (rate: number | undefined) =>
    rate === undefined
      ? undefined
      : oneCycle({ maxLr: rate, iterations: steps });
  const fixed = (rate: number | undefined) =>
    rate === undefined ? undefined : constant(rate);
  return {
    "triangular between our bounds": cycles("triangular"),
    "triangular2 between our bounds": cycles("triangular2"),
    "one-cycle to our maximum": peak(maxLr),
    "constant at the middle of our bounds": fixed(
      both ? Math.sqrt(baseLr * maxLr) : undefined,
    ),
    "constant at a quarter of our maximum": fixed(maxLr && maxLr / 4),
    "constant at fastai's valley": fixed(rivals.valley),
    "one-cycle to fastai's valley": peak(rivals.valley),
    "constant at fastai's slide": fixed(rivals.slide),
    "constant at fastai's steepest": fixed(rivals.steepest),
    "constant at fastai's minimum": fixed(rivals.minimum),
    "constant at pytorch-lr-finder's": fixed(rivals["pytorch-lr-finder"]),
    "constant at Lightning's": fixed(rivals.Lightning),
    "constant at the usual rate": fixed(USUAL_RATES[optimizer]),
  };
}
