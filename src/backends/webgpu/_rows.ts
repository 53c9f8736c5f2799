/**
 * Shaders for rows that are short beside their number, such as the classes of a
 * batch of examples: one workgroup of 64 for a row.
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "./_training_backend.ts";
import type { Shader } from "./_shader.ts";
import { sizeOf } from "./_shape.ts";

const WORKGROUP = 64;

/** What is computed of a row, in WGSL. */
export interface RowProgram {
  readonly name: string;
  /** Tensors of the rows' shape. */
  readonly inputs: readonly string[];
  /** Tensors of one number a row, read as `name[row]`. */
  readonly perRow?: readonly string[];
  /** Declarations. */
  readonly functions?: string;
  /**
   * Expressions of element `i`, of which `sum0`, `sum1`, … are the sums over the
   * row; each may use those before it.
   */
  readonly sums: readonly string[];
  /** The result at `i`; without it, `total` is the only result of a row. */
  readonly result?: string;
  /** The result of a row. */
  readonly total?: string;
}

/** The shader of a program. */
export function rowShader(program: RowProgram): Shader {
  const { name, inputs, perRow = [], functions = "", sums } = program;
  const { result, total } = program;
  const tensors = [...inputs, ...perRow];
  return {
    name,
    code: `
@group(0) @binding(0) var<storage, read_write> results: array<f32>;
${
      tensors.map((input, i) =>
        `@group(0) @binding(${1 + i}) var<storage, read> ${input}: array<f32>;`
      ).join("\n")
    }
var<workgroup> parts: array<f32, ${WORKGROUP}>;
fn addUp(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  parts[lane] = value;
  for (var half = ${WORKGROUP / 2}u; half > 0; half /= 2) {
    workgroupBarrier();
    if (lane < half) { parts[lane] += parts[lane + half]; }
  }
  workgroupBarrier();
  return parts[0];
}
${functions}
@group(0) @binding(${1 + tensors.length}) var<uniform> size: vec4<u32>;
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let rows = size.x;
  let length = size.y;
  for (var row = group.x; row < rows; row += groups.x) {
    let first = row * length;
    let end = first + length;
    ${
      sums.map((sum, k) => `
    var part${k} = 0.0;
    for (var i = first + lane; i < end; i += ${WORKGROUP}) { part${k} += ${sum}; }
    let sum${k} = addUp(part${k}, lane);`).join("")
    }
    ${
      result
        ? `for (var i = first + lane; i < end; i += ${WORKGROUP}) { results[i] = ${result}; }`
        : `if (lane == 0) { results[row] = ${total}; }`
    }
  }
}`,
  };
}

/** Runs one on tensors, of which the first has the rows' shape. */
export function runRows(
  backend: TrainingBackend,
  { shader, tensors, isTotal = false }: {
    readonly shader: Shader;
    readonly tensors: readonly TensorInfo[];
    /** Whether each row has one result. */
    readonly isTotal?: boolean;
  },
): TensorInfo {
  const { shape } = tensors[0];
  const length = shape.at(-1)!;
  const rows = sizeOf(shape.slice(0, -1));
  const result = backend.allocate(isTotal ? shape.slice(0, -1) : [...shape]);
  if (rows * length === 0) return result;
  backend.run(
    shader,
    [result, ...tensors],
    {
      words: [Uint32Array.of(rows, length, 0, 0)],
      groups: [Math.min(rows, 65535)],
    },
  );
  return result;
}
