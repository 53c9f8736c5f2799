import { mean } from "../../metrics/mean.ts";
import type { RangeTrial } from "../result/range_data.ts";
import { Budget, type Search, type SearchSetup } from "./search_setup.ts";
import { Sweeps } from "./_sweeps.ts";
import { Trials } from "./_trials.ts";

/** No cycle is flatter, or steeper, than this ratio of its bounds. */
const LEAST_RATIO = 3;
const GREATEST_RATIO = 10;

/**
 * Standard deviation, in decades, of the bounds from one sweep: of the zoo, with
 * other orders of batches.
 */
const SWEEP_DEVIATION = { baseLr: 0.13, maxLr: 0.14 };

/** Half-width of a 90 % interval, in standard deviations. */
const NINETY_PERCENT = 1.645;

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(greatest, Math.max(least, value));
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - middle) ** 2, 0) /
      (values.length - 1),
  );
}

type Bounds = Pick<Search, "baseLr" | "maxLr" | "halfWidths" | "raised">;

/** The bounds of sweeps that took hold there, and a maximum that was chosen. */
function boundsOf(
  { takes, undone }: {
    readonly takes: readonly number[];
    readonly undone: readonly number[];
  },
  max: number | undefined,
): Bounds {
  const halfWidth = (name: "baseLr" | "maxLr", values: readonly number[]) =>
    NINETY_PERCENT *
    Math.max(SWEEP_DEVIATION[name], deviation(values)) /
    Math.sqrt(takes.length);
  const base = 10 ** mean(takes);
  return {
    baseLr: max === undefined ? base : clamp(
      base,
      10 ** max / GREATEST_RATIO,
      10 ** max / LEAST_RATIO,
    ),
    ...(max === undefined ? {} : { maxLr: 10 ** max }),
    halfWidths: {
      baseLr: halfWidth("baseLr", takes),
      maxLr: halfWidth("maxLr", undone) / 2 +
        NINETY_PERCENT * SWEEP_DEVIATION.maxLr / 2,
    },
  };
}

/**
 * Finds both bounds with few batches: {@linkcode Sweeps} over growing rates say
 * where the loss takes hold and where it is undone, and {@linkcode Trials} where
 * between these the upper bound lies and that training holds there. Where
 * these learn nothing from the inputs, longer ones go on.
 */
export async function searchRange(setup: SearchSetup): Promise<Search> {
  const budget = new Budget(setup.maxBatches);
  const sweeps = new Sweeps(setup, budget);
  const isWhole = await sweeps.run();
  const found = sweeps.found();
  const result = (bounds: Bounds, trials: readonly RangeTrial[] = []) => ({
    grid: sweeps.grid,
    runs: sweeps.runs,
    ...(sweeps.isCut ? { isCut: true } : {}),
    trials: [...trials],
    ...bounds,
  });
  // Rates above the last one that was allowed are not to be tried.
  const isCutShort = found.undone.length === 0 && !setup.mayEndHigher;
  if (!isWhole || isCutShort || found.takes.length === 0) return result({});
  const { highest } = sweeps;
  const trials = new Trials(setup, { found, highest, budget });
  const boundsAt = (max: number | undefined) =>
    max === undefined && found.isGuess ? {} : boundsOf(found, max);
  const isInDoubt = async (max: number | undefined) =>
    await setup.isInDoubt?.(result(boundsAt(max), trials.done)) ?? false;
  const max = await trials.choose(isInDoubt);
  if (await isInDoubt(max)) {
    const learned = await trials.learnForLong(max, () => isInDoubt(max));
    if (learned !== undefined) {
      const raised = max === undefined ? 0 : Math.max(0, learned - max);
      return result({ ...boundsOf(found, learned), raised }, trials.done);
    }
  }
  return result(boundsAt(max), trials.done);
}
