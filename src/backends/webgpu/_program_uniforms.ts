/** What tfjs's shaders are told beside their tensors, as their texts declare it. */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Program } from "./_open_backend.ts";
import type { Uniform } from "./_uniforms.ts";

/** The uniforms of a run of `program`, those `defined` by its kernel last. */
export function programUniforms(
  program: Program,
  { inputs, output, defined = [] }: {
    readonly inputs: readonly TensorInfo[];
    readonly output: TensorInfo;
    readonly defined?: readonly Uniform[] | undefined;
  },
): Uniform[] {
  const list: Uniform[] = [
    { type: "float32", data: [NaN] },
    { type: "float32", data: [Infinity] },
  ];
  for (const { shape } of [...inputs, output]) {
    list.push({ type: "int32", data: shape });
    list.push({ type: "int32", data: tf.util.computeStrides(shape) });
  }
  if (program.size) {
    const size = tf.util.sizeFromShape(program.outputShape);
    list.push({
      type: "int32",
      data: [size / (program.outputComponent || 1)],
    });
  }
  list.push(...defined);
  return list;
}
