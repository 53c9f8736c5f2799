import { areAlike } from "../circumstances/pairing.ts";
import { passOf } from "../data/batch_source.ts";
import { keepExchanged } from "../data/fixed_pass.ts";
import { PROBE, trainControl } from "./_control.ts";
import type { TestRuns } from "./test_runs.ts";

/** Steps after which a high rate has moved what a low one has not. */
const MOVED = 3;

/**
 * What of its batches a loop does not take: its losses are the same with the
 * inputs of others, or on others altogether.
 */
export async function unusedPart(
  runs: TestRuns,
  { learningRate, first }: {
    readonly learningRate: number;
    /** The first losses of a training on the batches as they are. */
    readonly first: readonly number[];
  },
): Promise<"inputs" | "batches" | undefined> {
  const isSame = async (parts: readonly ("xs" | "ys")[]) => {
    if ((passOf(runs.setup.source) ?? Infinity) <= PROBE) return false;
    const pass = await keepExchanged(runs.replay(), { parts, count: PROBE });
    if (!pass) return false;
    try {
      const { losses } = await trainControl(runs, {
        learningRate,
        steps: PROBE,
        source: pass.moved(0),
      });
      return areAlike(first, losses);
    } finally {
      pass[Symbol.dispose]();
    }
  };
  if (!await isSame(["xs"])) return undefined;
  // What takes targets alone is told of its inputs.
  return await isSame(["xs", "ys"]) ? "batches" : "inputs";
}

/** Whether a loop's losses are the same at the lowest rate and at the highest. */
export async function isUnmoved(
  runs: TestRuns,
  rates: readonly number[],
): Promise<boolean> {
  const { validation, settings } = runs.setup;
  if (
    validation || settings.accumulate !== undefined ||
    runs.firstSweep?.stopReason !== "end"
  ) return false;
  const losses = async (learningRate: number) => {
    const source = runs.replay();
    const run = await trainControl(runs, {
      learningRate,
      steps: MOVED,
      source,
    });
    return run.losses;
  };
  const low = await losses(rates[0]);
  const high = await losses(rates.at(-1)!);
  return low.length === MOVED && high.length === MOVED && areAlike(low, high);
}
