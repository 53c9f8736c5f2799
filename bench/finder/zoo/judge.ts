import { findLearningRate, type LearningRateRange } from "@clr/clr";
import { rivals } from "./rivals.ts";
import { strategies } from "./strategies.ts";
import type { Laboratory } from "./train.ts";
import type { OptimizerName } from "./problem.ts";

/** What a range says, in short. */
export interface Bounds {
  readonly verdict: string;
  readonly baseLr?: number;
  readonly maxLr?: number;
}

/** What the finder says of one problem, and what training comes to. */
export interface Judged extends Bounds {
  readonly finding: string;
  readonly advice: string;
  readonly intervals?: LearningRateRange["intervals"];
  readonly cost?: LearningRateRange["cost"];
  /** What the finder says with another order of batches. */
  readonly again: Bounds;
  /** What it says of 120 rates, and of 60. */
  readonly whole: Bounds;
  readonly half: Bounds;
  /** Validation loss by strategy; null where it is not finite. */
  readonly reached: { readonly [strategy: string]: number | null };
}

/** The verdict and the bounds of a range. */
export function boundsOf(
  { verdict, baseLr, maxLr }: LearningRateRange,
): Bounds {
  return {
    verdict,
    ...(baseLr === undefined ? {} : { baseLr }),
    ...(maxLr === undefined ? {} : { maxLr }),
  };
}

/** Runs the finder and the rivals, and trains with what they say. */
export async function judge(
  laboratory: Laboratory,
  options: {
    readonly optimizer: OptimizerName;
    readonly seed: number;
    readonly steps: number;
  },
): Promise<Judged> {
  const { instance } = laboratory;
  const { optimizer, seed, steps } = options;
  const find = (own: { seed: number; iterations?: number }) =>
    findLearningRate(instance.trainee, instance.train, {
      batchSize: instance.batchSize,
      ...own,
    });
  const range = await find({ seed });
  const again = await find({ seed: seed + 1000 });
  const whole = await find({ seed, iterations: 120 });
  const half = await find({ seed, iterations: 60 });
  const tried = strategies(range, await rivals(instance, seed), {
    optimizer,
    steps,
  });
  const reached: { [strategy: string]: number | null } = {};
  for (const [name, schedule] of Object.entries(tried)) {
    if (!schedule) continue;
    const { loss } = await laboratory.train(schedule, { steps });
    reached[name] = Number.isFinite(loss) ? loss : null;
  }
  return {
    ...boundsOf(range),
    finding: range.finding.kind,
    advice: range.advice,
    ...(range.intervals && { intervals: range.intervals }),
    ...(range.cost && { cost: range.cost }),
    again: boundsOf(again),
    whole: boundsOf(whole),
    half: boundsOf(half),
    reached,
  };
}
