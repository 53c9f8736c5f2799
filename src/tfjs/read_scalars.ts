import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "./types.ts";

const SYNCHRONOUS_BACKENDS = new Set(["cpu", "wasm", "tensorflow"]);

/** Whether the data of a tensor are at hand: reading waits for no device. */
export function readsAtOnce(): boolean {
  return SYNCHRONOUS_BACKENDS.has(tf.getBackend());
}

/** Scalars that somebody waits for. */
interface Request {
  readonly scalars: readonly Tensor[];
  resolve(numbers: ArrayLike<number>): void;
  reject(reason: unknown): void;
}

let waiting: Request[] = [];

/**
 * Reads tensors of one number each with a single transfer, and disposes them,
 * whatever happens.
 *
 * Where a device has to be waited for, what is asked for before the event loop's
 * next turn comes in the same transfer: a wait costs the same for one number or
 * for many, and the device idles meanwhile. A loop that goes on while it has
 * numbers, and waits when it has none, thus reads in groups.
 */
export function readScalars(
  scalars: readonly Tensor[],
): Promise<ArrayLike<number>> {
  if (scalars.length === 0) return Promise.resolve([]);
  let held: Tensor[];
  try {
    // Kept, as the caller may be within a tidy that ends before the reading.
    held = scalars.map((scalar) =>
      tf.tidy(() => tf.keep(scalar.reshape([]).toFloat()))
    );
  } catch (error) {
    return Promise.reject(error);
  } finally {
    tf.dispose([...scalars]);
  }
  if (readsAtOnce()) return transfer(held);
  return new Promise((resolve, reject) => {
    waiting.push({ scalars: held, resolve, reject });
    if (waiting.length === 1) tf.nextFrame().then(readWaiting);
  });
}

async function readWaiting(): Promise<void> {
  const requests = waiting;
  waiting = [];
  try {
    const numbers = await transfer(requests.flatMap(({ scalars }) => scalars));
    let next = 0;
    for (const { scalars, resolve } of requests) {
      const end = next + scalars.length;
      resolve(Array.prototype.slice.call(numbers, next, end));
      next = end;
    }
  } catch (error) {
    for (const { reject } of requests) reject(error);
  }
}

/** Reads scalars of one type and shape, and disposes them. */
async function transfer(
  scalars: readonly Tensor[],
): Promise<ArrayLike<number>> {
  let stacked: Tensor;
  try {
    stacked = tf.tidy(() => tf.keep(tf.stack([...scalars])));
  } finally {
    tf.dispose([...scalars]);
  }
  try {
    return await stacked.data();
  } finally {
    stacked.dispose();
  }
}
