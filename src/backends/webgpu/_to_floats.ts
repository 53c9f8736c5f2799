/** Tensors for shaders that take floats alone. */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Shader } from "./_shader.ts";
import { groupsFor } from "./_shape.ts";
import type { TrainingBackend } from "./_training_backend.ts";

const shader: Shader = {
  name: "to_floats",
  takesWhole: true,
  code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    result[i] = f32(x[i]);
  }
}`,
};

/**
 * The numbers of `tensor`, which the GPU has as whole ones, as floats.
 */
export function toFloats(
  backend: TrainingBackend,
  tensor: TensorInfo,
): TensorInfo {
  const floats = backend.allocate(tensor.shape);
  const groups = groupsFor(tf.util.sizeFromShape(tensor.shape));
  backend.run(shader, [floats, tensor], { groups });
  return floats;
}
