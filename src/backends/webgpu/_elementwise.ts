import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_training_backend.ts";
import type { Shader } from "./_shader.ts";
import { floatBits } from "./_words.ts";
import { groupsFor, sizeOf } from "./_shape.ts";

/**
 * A shader that computes each element of a tensor from those of `inputs` in the
 * same place, by an expression in their names, in `n0` to `n3` and in `functions`.
 */
export function elementwise(
  name: string,
  inputs: readonly string[],
  { expression, functions = "" }: {
    readonly expression: string;
    /** What the expression calls, in WGSL. */
    readonly functions?: string;
  },
): Shader {
  return {
    name,
    code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
${
      inputs.map((input, i) =>
        `@group(0) @binding(${
          1 + i
        }) var<storage, read> in_${input}: array<f32>;`
      ).join("\n")
    }
@group(0) @binding(${1 + inputs.length}) var<uniform> numbers: vec4<f32>;
${functions}
fn isNan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let n0 = numbers.x; let n1 = numbers.y;
  let n2 = numbers.z; let n3 = numbers.w;
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    ${inputs.map((input) => `let ${input} = in_${input}[i];`).join("\n    ")}
    result[i] = ${expression};
  }
}`,
  };
}

/** Runs such a shader on tensors of one shape. */
export function runElementwise(
  backend: TrainingBackend,
  { shader, tensors, numbers = [] }: {
    readonly shader: Shader;
    readonly tensors: readonly TensorInfo[];
    readonly numbers?: readonly number[];
  },
): TensorInfo {
  const result = backend.allocate([...tensors[0].shape]);
  const size = sizeOf(result.shape);
  if (size > 0) {
    const words = floatBits([0, 1, 2, 3].map((i) => numbers[i] ?? 0));
    backend.run(shader, [result, ...tensors], {
      words: [words],
      groups: groupsFor(size),
    });
  }
  return result;
}
