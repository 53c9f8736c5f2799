import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "./types.ts";

const SYNCHRONOUS_BACKENDS = new Set(["cpu", "wasm", "tensorflow"]);

/** Whether the data of a tensor are at hand: reading waits for no device. */
export function readsAtOnce(): boolean {
  return SYNCHRONOUS_BACKENDS.has(tf.getBackend());
}

/**
 * Reads tensors of one number each with a single transfer, and disposes them,
 * whatever happens.
 */
export async function readScalars(
  scalars: readonly Tensor[],
): Promise<ArrayLike<number>> {
  if (scalars.length === 0) return [];
  let stacked: Tensor;
  try {
    // Kept, as the caller may be within a tidy that ends before the reading.
    stacked = tf.tidy(() =>
      tf.keep(tf.stack(scalars.map((scalar) => scalar.reshape([]).toFloat())))
    );
  } finally {
    tf.dispose([...scalars]);
  }
  try {
    return await stacked.data();
  } finally {
    stacked.dispose();
  }
}
