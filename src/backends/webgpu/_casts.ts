/** Tensors whose numbers are stored as those of another type. */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Shader } from "./_shader.ts";
import { groupsFor } from "./_shape.ts";
import type { TrainingBackend } from "./_training_backend.ts";

const SHADERS = { float32: shaderOf("f32"), int32: shaderOf("i32") };

function shaderOf(type: "f32" | "i32"): Shader {
  return {
    name: `cast_to_${type}`,
    takesWhole: true,
    code: `
@group(0) @binding(0) var<storage, read_write> result: array<${type}>;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    result[i] = ${type}(x[i]);
  }
}`,
  };
}

/**
 * The numbers of `tensor`, which the GPU has as whole ones or as truth values, as
 * those of a type.
 */
export function castWhole(
  backend: TrainingBackend,
  tensor: TensorInfo,
  dtype: "float32" | "int32",
): TensorInfo {
  const cast = backend.allocate([...tensor.shape], dtype);
  const groups = groupsFor(tf.util.sizeFromShape(tensor.shape));
  backend.run(SHADERS[dtype], [cast, tensor], { groups });
  return cast;
}
