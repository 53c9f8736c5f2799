import * as tf from "@tensorflow/tfjs";

/** tfjs's ring buffers, as far as emptying them goes. */
interface Queue {
  isEmpty(): boolean;
  shift(): unknown;
}

/** What tfjs's lazy iterators hold, in fields that are protected. */
interface IteratorInternals {
  /** Reads under way or done ahead: of prefetch and shuffle. */
  readonly buffer?: unknown;
  /** Items made ahead: of flatmap. */
  readonly outputQueue?: unknown;
  /** What the items come from: of most. */
  readonly upstream?: unknown;
  /** The same in arrays and records: of zip. */
  readonly iterators?: unknown;
  /** The same one after the other: of concatenate and repeat. */
  readonly iterator?: unknown;
  readonly moreIterators?: unknown;
}

function isQueue(value: unknown): value is Queue {
  const { isEmpty, shift } = Object(value) as Partial<Queue>;
  return typeof isEmpty === "function" && typeof shift === "function";
}

/**
 * Disposes what a tfjs iterator read ahead and will not be asked for. tfjs has
 * no way to close one: whoever stops in the middle of a pass keeps the tensors
 * in its buffers. Reading it to its end instead may take as long as the test.
 */
export async function releaseIterator(
  iterator: unknown,
  released: Set<unknown> = new Set(),
): Promise<void> {
  if (typeof iterator !== "object" || iterator === null) return;
  if (released.has(iterator)) return;
  released.add(iterator);
  if (typeof (iterator as { next?: unknown }).next !== "function") {
    // Zip's iterators stand in a nest of arrays and records.
    for (const value of Object.values(iterator)) {
      await releaseIterator(value, released);
    }
    return;
  }
  const internals = iterator as IteratorInternals;
  // What is nearer to the reader first: it may still read from what is behind.
  for (const queue of [internals.outputQueue, internals.buffer]) {
    while (isQueue(queue) && !queue.isEmpty()) {
      const read = await Promise.resolve(queue.shift()).catch(() => {});
      tf.dispose((read ?? []) as tf.TensorContainer);
    }
  }
  for (
    const behind of [
      internals.upstream,
      internals.iterator,
      internals.moreIterators,
      internals.iterators,
    ]
  ) await releaseIterator(behind, released);
}
