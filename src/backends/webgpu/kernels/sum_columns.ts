import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "../_training_backend.ts";
import {
  type ColumnReduction,
  columnShader,
  planColumns,
} from "../_column_reduction.ts";
import { type KernelCall, replaceKernel } from "../_kernel.ts";
import { runsOf, sizeOf } from "../_shape.ts";

const SUM: ColumnReduction = {
  name: "sum_columns",
  bindings: [
    "var<storage, read_write> result: array<f32>",
    "var<storage, read> x: array<f32>",
  ],
  type: "f32",
  accumulate: `
    for (var row = first + lane; row < end; row += lanes) {
      sum += x[(matrix * size.rows + row) * size.columns + column];
    }`,
  merge: "a + b",
  write:
    "result[(matrix * size.chunks + chunk) * size.columns + column] = sum;",
};

/**
 * The sums of the rows of matrices that lie one after another, into `result`.
 */
export function sumColumns(
  backend: TrainingBackend,
  { x, result }: { x: TensorInfo; result: TensorInfo },
  size: { rows: number; columns: number; matrices: number },
): void {
  const plan = planColumns(size);
  if (plan.chunks === 1) {
    const shader = columnShader(SUM, plan);
    backend.run(shader, [result, x], {
      words: [plan.words],
      groups: plan.groups,
    });
    return;
  }
  const { columns, matrices } = size;
  const rows = plan.chunks;
  const parts = backend.allocate([matrices, rows, columns]);
  const shader = columnShader(SUM, plan);
  backend.run(shader, [parts, x], { words: [plan.words], groups: plan.groups });
  const rest = planColumns({ rows, columns, matrices }, { whole: true });
  backend.run(columnShader(SUM, rest), [result, parts], {
    words: [rest.words],
    groups: rest.groups,
  });
  backend.disposeData(parts.dataId);
}

/** Sums along axes of which the last dimension is none, without a transpose. */
function reduceColumns({ inputs: { x }, attrs, backend }: KernelCall<
  tf.SumInputs,
  tf.SumAttrs
>) {
  if (x.dtype !== "float32" || sizeOf(x.shape) === 0) return undefined;
  const axes = tf.util.parseAxisParam(attrs.axis, x.shape);
  const runs = runsOf(x.shape, axes);
  const columns = runs.pop();
  const rows = runs.pop();
  const matrices = runs.pop();
  if (!columns || columns.isReduced || !rows || runs.length > 0) {
    return undefined;
  }
  // The third dimension of a dispatch.
  if (matrices && matrices.length > 65535) return undefined;
  const shape = x.shape.flatMap((length, i) =>
    !axes.includes(i) ? [length] : attrs.keepDims ? [1] : []
  );
  if (backend.shouldExecuteOnCPU([x])) return undefined;
  const result = backend.allocate(shape);
  sumColumns(backend, { x, result }, {
    rows: rows.length,
    columns: columns.length,
    matrices: matrices?.length ?? 1,
  });
  return result;
}

/** In the place of tfjs's Sum. */
export const sumKernel = replaceKernel("Sum", reduceColumns);
