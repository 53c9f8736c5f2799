import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./batch_source.ts";
import { cloneTensors, disposeBatch, examplesOf } from "./tensor_tree.ts";

/** One batch of so many is held out. */
const ONE_OF = 6;

/** The most batches that are held out: of 32 examples, 256. */
export const MOST_HELD_OUT = 8;

/** Examples held out that are too few to tell: of such data all are trained on. */
const LEAST_EXAMPLES = 16;

/** The most bytes that batches of a pass are kept in. */
export const MOST_BYTES = 256 * 2 ** 20;

/** Some batches of one pass to train on, and some that are held out. */
export interface HeldOut {
  /** Yields so many batches to train on, and then the others, over and over. */
  readonly source: BatchSource;
  /** The batches that are held out. */
  readonly batches: readonly unknown[];
  /** Those that are trained on, in their order, up to where they come again. */
  readonly first: readonly unknown[];
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
  { batches: count, signal }: {
    /** How many times a batch is to be trained on. */
    readonly batches: number;
    readonly signal?: AbortSignal;
  },
): Promise<HeldOut | undefined> {
  const drawn: unknown[] = [];
  const dispose = () => drawn.forEach(disposeBatch);
  const before = tf.memory().numBytes;
  try {
    for await (const batch of source.pass()) {
      // Whoever made it may dispose it once the next one is asked for.
      drawn.push(cloneTensors(batch));
      disposeBatch(batch);
      if (
        signal?.aborted || drawn.length >= count + MOST_HELD_OUT ||
        tf.memory().numBytes - before > MOST_BYTES
      ) break;
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const last = drawn.slice(
    -Math.min(MOST_HELD_OUT, Math.ceil(drawn.length / ONE_OF)),
  );
  const examples = last.reduce<number>((sum, one) => sum + examplesOf(one), 0);
  const held = examples < LEAST_EXAMPLES ? [] : last;
  const others = drawn.slice(0, drawn.length - held.length);
  if (drawn.length < 2) {
    dispose();
    return undefined;
  }
  return {
    batches: held,
    first: others.slice(0, count),
    dispose,
    source: {
      name: source.name,
      isDataset: source.isDataset,
      batches: Infinity,
      emptyError: () => source.emptyError(),
      endlessError: () => source.endlessError(),
      *pass() {
        for (let i = 0; i < count; i++) {
          yield cloneTensors(others[i % others.length]);
        }
        for (let i = 0; held.length > 0; i++) {
          yield cloneTensors(held[i % held.length]);
        }
      },
    },
  };
}
