/**
 * Tensors of several types that become one. tfjs (4.22) hands these kernels what it
 * is given: WASM takes the bits of one type for those of another, and the CPU cuts
 * floats off where a tensor of whole numbers comes first.
 */

import * as tf from "@tensorflow/tfjs";
import { aroundKernels } from "../_engine.ts";

/** The kernels, and which of their tensors; all, where there is no list. */
const KERNELS: Readonly<Record<string, readonly string[] | undefined>> = {
  Concat: undefined,
  Einsum: undefined,
  Pack: undefined,
  SearchSorted: ["sortedSequence", "values"],
  Select: ["t", "e"],
};

/** The inputs, of which those that are to be one type are of that which holds all. */
function inOneType(name: string, inputs: tf.NamedTensorMap): tf.NamedTensorMap {
  const names = KERNELS[name] ?? Object.keys(inputs);
  const types = names.map((key) => inputs[key].dtype);
  if (types.every((dtype) => dtype === types[0])) return inputs;
  const dtype = types.reduce((a, b) => tf.upcastType(a, b));
  const casted = Object.entries(inputs).map(([key, x]) =>
    [key, names.includes(key) ? tf.cast(x, dtype) : x] as const
  );
  return (Array.isArray(inputs)
    ? casted.map(([, x]) => x)
    : Object.fromEntries(casted)) as tf.NamedTensorMap;
}

/** Casts them to the type that holds all, on all backends. */
export function mendMixedTypes(): void {
  aroundKernels(
    Object.keys(KERNELS),
    (run) => (name, inputs, attrs) => run(name, inOneType(name, inputs), attrs),
  );
}
