import * as tf from "@tensorflow/tfjs";
import { type BatchSource, cloneTensors, disposeBatch } from "./_batches.ts";

/** One batch of so many is held out. */
const ONE_OF = 6;

/** The most batches that are held out: of 32 examples, 256. */
const MOST = 8;

/** The most bytes that batches of a pass are kept in. */
const MOST_BYTES = 256 * 2 ** 20;

/** Some batches of one pass to train on, and some that are held out. */
export interface HeldOut {
  /** Yields batches to train on, as often as it takes, and then the others. */
  readonly source: BatchSource;
  /** How many batches are held out. */
  readonly count: number;
  /** Frees them. */
  dispose(): void;
}

/**
 * Takes batches from one pass over the data, so that none of the examples that
 * are held out is among those trained on, however often these come round.
 *
 * @returns Nothing where a pass has fewer than two batches.
 */
export async function holdOut(
  source: BatchSource,
  { steps, signal }: { readonly steps: number; readonly signal?: AbortSignal },
): Promise<HeldOut | undefined> {
  const batches: unknown[] = [];
  const before = tf.memory().numBytes;
  for await (const batch of source.pass()) {
    batches.push(batch);
    if (
      signal?.aborted || batches.length >= steps + MOST ||
      tf.memory().numBytes - before > MOST_BYTES
    ) break;
  }
  const dispose = () => batches.forEach(disposeBatch);
  const count = Math.min(MOST, Math.ceil(batches.length / ONE_OF));
  const kept = batches.length - count;
  if (kept < 1) {
    dispose();
    return undefined;
  }
  return {
    count,
    dispose,
    source: {
      name: source.name,
      isDataset: source.isDataset,
      batches: steps + count,
      emptyError: () => source.emptyError(),
      endlessError: () => source.endlessError(),
      *pass() {
        for (let i = 0; i < steps; i++) yield cloneTensors(batches[i % kept]);
        for (const batch of batches.slice(kept)) yield cloneTensors(batch);
      },
    },
  };
}
