/** Tensors of one moment, read from wherever they are. */

import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../../tfjs/types.ts";
import type { NamedTensor, TensorDtype } from "./_safetensors.ts";

const DTYPES: Partial<Record<string, TensorDtype>> = {
  float32: "F32",
  int32: "I32",
  bool: "BOOL",
};

/** A tensor that is held until it is disposed. */
export interface HeldTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** Holds tensors as they are now, whatever becomes of those given. */
export function hold(tensors: ReadonlyMap<string, Tensor>): HeldTensor[] {
  return [...tensors].map(([name, tensor]) => ({
    name,
    tensor: tf.keep(tensor.clone()),
  }));
}

/**
 * Reads tensors from the device.
 *
 * @throws {TypeError} If one is of a type that no checkpoint has.
 */
export function readTensors(
  held: readonly HeldTensor[],
): Promise<NamedTensor[]> {
  return Promise.all(held.map(async ({ name, tensor }) => {
    const dtype = DTYPES[tensor.dtype];
    if (dtype === undefined) {
      throw new TypeError(
        `Cannot save a checkpoint as ${name} must be of float32, int32 or bool: current value is ${tensor.dtype}`,
      );
    }
    return { name, dtype, shape: tensor.shape, data: await tensor.data() };
  }));
}
