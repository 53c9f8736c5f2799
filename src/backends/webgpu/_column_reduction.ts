/**
 * Reductions of the rows of a matrix: column by column, as for biases and batch
 * norm, where the columns are channels and the rows all places of all images.
 *
 * A workgroup reduces a chunk of rows for a few columns, so that a tall matrix
 * keeps the whole card busy and neighbours read what lies side by side; a second
 * command reduces what the chunks gave. tfjs transposes the matrix first.
 */

import type { Shader } from "./_shader.ts";

/** Invocations of a workgroup, which the first ones are few rows' share of. */
const WORKGROUPS = [64, 128];
const LARGEST = 256;
/** Rows that are worth an invocation. */
const LEAST_ROWS = 16;
/** Rows for each invocation of a chunk. */
const ROWS_EACH = 64;
const MOST_CHUNKS = 128;

/** How a reduction reads, merges and writes, in WGSL. */
export interface ColumnReduction {
  readonly name: string;
  /** Bindings after the first, which is the uniform's last neighbour. */
  readonly bindings: readonly string[];
  /** The type of what is accumulated. */
  readonly type: string;
  /** Declarations, such as a function that merges. */
  readonly functions?: string;
  /**
   * Statements that reduce the rows `first + lane`, in steps of `lanes`, before
   * `end`, of `column` of the matrix `matrix` into `sum`.
   */
  readonly accumulate: string;
  /** An expression in `a` and `b`. */
  readonly merge: string;
  /** Statements that write `sum`, of `column`, `chunk` and `matrix`. */
  readonly write: string;
}

/** How a matrix is cut into workgroups. */
export interface ColumnPlan {
  /** Columns of a workgroup, and its invocations, which the shader is made for. */
  readonly width: number;
  readonly workgroup: number;
  /** Chunks of rows. */
  readonly chunks: number;
  /** The shader's uniform: rows, columns, rows of a chunk, chunks. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** The workgroups. */
  readonly groups: [number, number, number];
}

/** Cuts `matrices` of `rows` by `columns`, into one chunk each if so asked. */
export function planColumns(
  { rows, columns, matrices = 1 }: {
    rows: number;
    columns: number;
    matrices?: number;
  },
  { whole = false }: { whole?: boolean } = {},
): ColumnPlan {
  const width = [1, 2, 4, 8, 16, 32].find((n) => n >= columns) ?? 64;
  const workgroup =
    WORKGROUPS.find((size) => rows <= size / width * LEAST_ROWS) ?? LARGEST;
  const lanes = workgroup / width;
  const perChunk = whole ? rows : Math.max(
    lanes * ROWS_EACH,
    lanes * Math.ceil(rows / MOST_CHUNKS / lanes),
  );
  const chunks = Math.max(1, Math.ceil(rows / perChunk));
  return {
    width,
    workgroup,
    chunks,
    words: Uint32Array.of(rows, columns, perChunk, chunks),
    groups: [Math.ceil(columns / width), chunks, matrices],
  };
}

const shaders = new Map<string, Shader>();

/** The shader of a reduction for a plan's workgroups. */
export function columnShader(
  reduction: ColumnReduction,
  { width, workgroup }: Pick<ColumnPlan, "width" | "workgroup">,
): Shader {
  const { bindings, type, functions = "", accumulate, merge, write } =
    reduction;
  const name = `${reduction.name}_${width}_${workgroup}`;
  let shader = shaders.get(name);
  if (shader !== undefined) return shader;
  shader = {
    name,
    code: `
${functions}
struct Size { rows: u32, columns: u32, perChunk: u32, chunks: u32 };
${
      bindings.map((binding, i) => `@group(0) @binding(${i}) ${binding};`)
        .join("\n")
    }
@group(0) @binding(${bindings.length}) var<uniform> size: Size;
var<workgroup> parts: array<${type}, ${workgroup}>;
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lanes = ${workgroup / width}u;
  let lane = index / ${width}u;
  let column = group.x * ${width}u + index % ${width}u;
  let chunk = group.y;
  let matrix = group.z;
  let first = chunk * size.perChunk;
  let end = min(first + size.perChunk, size.rows);
  var sum = ${type}();
  if (column < size.columns) { ${accumulate} }
  parts[index] = sum;
  for (var half = lanes / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (lane < half) {
      let a = parts[index];
      let b = parts[index + half * ${width}u];
      parts[index] = ${merge};
    }
  }
  if (lane == 0 && column < size.columns) {
    sum = parts[index];
    ${write}
  }
}`,
  };
  shaders.set(name, shader);
  return shader;
}
