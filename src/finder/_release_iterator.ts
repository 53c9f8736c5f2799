import * as tf from "@tensorflow/tfjs";

/** tfjs's ring buffers, as far as emptying them goes. */
interface Queue {
  isEmpty(): boolean;
  shift(): unknown;
}

/** What tfjs's lazy iterators hold, in fields that are protected. */
interface IteratorInternals {
  /** Reads under way or done ahead: of prefetch and shuffle. */
  readonly buffer?: Queue;
  /** Items made ahead: of flatmap. */
  readonly outputQueue?: Queue;
  /** What the items come from: of most. */
  readonly upstream?: unknown;
  /** The same in arrays and records: of zip. */
  readonly iterators?: unknown;
  /** The same one after the other: of concatenate and repeat. */
  readonly iterator?: unknown;
  readonly moreIterators?: unknown;
}

/**
 * Disposes what a tfjs iterator read ahead and will not be asked for. tfjs has
 * no way to close one: whoever stops in the middle of a pass keeps the tensors
 * in its buffers. Reading it to its end instead may take as long as the test.
 */
export async function releaseIterator(iterator: unknown): Promise<void> {
  if (typeof iterator !== "object" || iterator === null) return;
  const { buffer, outputQueue, ...rest } = iterator as IteratorInternals;
  // What is nearer to the reader first: it may still read from what is behind.
  for (const queue of [outputQueue, buffer]) {
    while (queue && !queue.isEmpty()) {
      const read = await Promise.resolve(queue.shift()).catch(() => {});
      tf.dispose((read ?? []) as tf.TensorContainer);
    }
  }
  await releaseIterator(rest.upstream);
  await releaseIterator(rest.iterator);
  await releaseIterator(rest.moreIterators);
  await releaseWithin(rest.iterators);
}

/** Zip's iterators stand in a nest of arrays and records. */
async function releaseWithin(container: unknown): Promise<void> {
  if (typeof container !== "object" || container === null) return;
  if (typeof (container as { next?: unknown }).next === "function") {
    return await releaseIterator(container);
  }
  for (const value of Object.values(container)) await releaseWithin(value);
}
