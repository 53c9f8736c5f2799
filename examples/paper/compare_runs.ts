import { type Interval, interval } from "./intervals.ts";
import type { RowResult } from "./row_result.ts";

/** Runs of one row, which differ in nothing but the seed. */
type Runs = readonly RowResult[];

/** How a row stands beside another, over the seeds that both have. */
export interface Comparison {
  /** The seeds. */
  readonly seeds: readonly number[];
  /** Accuracy at the end less the other's, in points of a percent. */
  readonly difference: Interval;
  /**
   * For each seed the iteration at which the other's accuracy at its end is
   * reached, undefined where it is not.
   */
  readonly reached: readonly (number | undefined)[];
  /** The mean of the curve less that of the other's, over the iterations of both. */
  readonly area: Interval;
}

/** Those of `runs` and `others` that have the same seed, one beside the other. */
function pairs(runs: Runs, others: Runs): [RowResult, RowResult][] {
  return runs.flatMap((run) => {
    const other = others.find(({ seed }) => seed === run.seed);
    return other ? [[run, other] as [RowResult, RowResult]] : [];
  });
}

/**
 * The iteration of the first of two tests in a row at `goal` or above, or of
 * the last test if that is: of a single test, noise would decide.
 */
export function iterationAt(
  { epochHistory: { iterations, val_acc } }: RowResult,
  goal: number,
): number | undefined {
  for (let i = 0; i < val_acc.length; i++) {
    if (
      val_acc[i] >= goal && (i + 1 === val_acc.length || val_acc[i + 1] >= goal)
    ) return iterations[i];
  }
  return undefined;
}

/** The test accuracy at an iteration, on a line between the tests around it. */
function accuracyAt(
  { epochHistory: { iterations, val_acc } }: RowResult,
  at: number,
): number {
  const next = iterations.findIndex((iteration) => iteration >= at);
  if (next === 0) return val_acc[0];
  if (next < 0) return val_acc.at(-1)!;
  const [low, high] = [iterations[next - 1], iterations[next]];
  const part = (at - low) / (high - low);
  return val_acc[next - 1] + part * (val_acc[next] - val_acc[next - 1]);
}

/** What `run` is ahead of `other` at the tests of the shorter one, in percent. */
function lead(run: RowResult, other: RowResult): number {
  const { iterations } = run.iterations <= other.iterations
    ? run.epochHistory
    : other.epochHistory;
  const sum = iterations.reduce(
    (sum, at) => sum + accuracyAt(run, at) - accuracyAt(other, at),
    0,
  );
  return 100 * sum / iterations.length;
}

/** Compares a row with another; undefined where they have no seed in common. */
export function compareRuns(runs: Runs, others: Runs): Comparison | undefined {
  const paired = pairs(runs, others);
  if (paired.length === 0) return undefined;
  return {
    seeds: paired.map(([{ seed }]) => seed),
    difference: interval(
      paired.map(([run, other]) => run.accuracy - other.accuracy),
    ),
    reached: paired.map(([run, other]) =>
      iterationAt(run, other.epochHistory.val_acc.at(-1)!)
    ),
    area: interval(paired.map(([run, other]) => lead(run, other))),
  };
}
