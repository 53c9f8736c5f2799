import {
  areAlike,
  compareRowPairings,
  type RowPairing,
} from "../circumstances/pairing.ts";
import { passOf } from "../data/batch_source.ts";
import { keepPass } from "../data/fixed_pass.ts";
import { MOST_BYTES } from "../data/held_out.ts";
import type { RangeTrial } from "../result/range_data.ts";
import { type ControlRun, trainControl } from "./_control.ts";
import type { TestRuns } from "./test_runs.ts";

/** Steps of each training, and how few still tell something. */
const STEPS = 40;
const LEAST_STEPS = 20;

/** Other pairings that the true one is compared with. */
const PAIRINGS = 4;

/** By what share of the best one's gain a lower rate gained enough. */
const ENOUGH = 0.5;

/** Rows that are learned by heart within so many steps. */
const FEW_ROWS = 200;

/** Whether a pass is so short that its rows come again and again. */
export function hasFewRows({ setup: { source, survey } }: TestRuns): boolean {
  const rows = source.examples ??
    (passOf(source) ?? Infinity) * (survey.batchSize ?? Infinity);
  return rows < FEW_ROWS;
}

/**
 * Of rows that come again and again: trains on them once more, and on the same
 * rows with each other's targets. At a low rate among those that held, as a high
 * one learns anything by heart.
 *
 * @param held The short trainings that held, the best one first.
 */
export async function compareRows(
  runs: TestRuns,
  held: readonly RangeTrial[],
): Promise<RowPairing | undefined> {
  const { source, settings, options: { signal } } = runs.setup;
  const { maxBatches = 0, accumulate } = settings;
  const left = Math.floor(
    (maxBatches - runs.cost.trained) / (1 + PAIRINGS),
  );
  const steps = Math.min(STEPS, left);
  if (accumulate !== undefined || steps < LEAST_STEPS) return undefined;
  const pass = await keepPass(source, {
    most: STEPS,
    mostBytes: MOST_BYTES,
    signal,
  });
  if (!pass) return undefined;
  try {
    const apart = Math.floor(pass.examples / (1 + PAIRINGS));
    if (apart < 1) return undefined;
    const learningRate = Math.min(
      ...held.filter(({ gained }) => gained! >= ENOUGH * held[0].gained!)
        .map((trial) => trial.learningRate),
    );
    const found: ControlRun[] = [];
    for (let i = 0; i <= PAIRINGS; i++) {
      const moved = pass.moved(i * apart);
      found.push(
        await trainControl(runs, { learningRate, steps, source: moved }),
      );
      if (signal?.aborted) return undefined;
    }
    const [own, ...others] = found;
    // A loss without targets is the same with any.
    return own.losses.length < steps || areAlike(own.losses, others[0].losses)
      ? undefined
      : compareRowPairings(own, others);
  } finally {
    pass[Symbol.dispose]();
  }
}
