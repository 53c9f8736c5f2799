import {
  backend_util,
  type MeanAttrs,
  type MeanInputs,
  type SumAttrs,
  type SumInputs,
  util,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import {
  sumAll,
  sumColumns,
  sumEachMatrix,
  sumEachRow,
} from "./compute/rows.ts";
import { binary } from "./elementwise.ts";
import { reduceEmpty } from "./empty_reductions.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  release,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** Dimensions that are summed, between those before and those after them. */
interface Reduction {
  readonly before: number;
  readonly summed: number;
  readonly after: number;
}

/** The sizes of a sum over neighbouring dimensions; undefined for others. */
function reductionOf(shape: number[], axes: number[]): Reduction | undefined {
  const sorted = axes.toSorted((a, b) => a - b);
  const first = sorted[0] ?? 0;
  if (!sorted.every((axis, i) => axis === first + i)) return undefined;
  const end = first + sorted.length;
  return {
    before: util.sizeFromShape(shape.slice(0, first)),
    summed: util.sizeFromShape(shape.slice(first, end)),
    after: util.sizeFromShape(shape.slice(end)),
  };
}

/** The sum over dimensions, which are left out or kept with length 1. */
function sum(
  backend: BackendWasm,
  x: TensorInfo,
  { axis, keepDims }: SumAttrs,
): TensorInfo | undefined {
  const axes = util.parseAxisParam(axis, x.shape);
  const reduction = reductionOf(x.shape, axes);
  const empty = util.sizeFromShape(x.shape) === 0;
  if (reduction === undefined || x.dtype !== "float32" || empty) {
    return undefined;
  }
  const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const out = backend.makeOutput(shape, "float32");
  const compute = Compute.of(backend);
  const from = addressOf(backend, x);
  const to = addressOf(backend, out);
  const { before, summed, after } = reduction;
  if (after === 1 && before === 1) {
    sumAll(compute, { from, length: summed, to });
  } else if (after === 1) {
    sumEachRow(compute, { from, rows: before, columns: summed, to });
  } else if (before === 1) {
    sumColumns(compute, { from, rows: summed, columns: after, to });
  } else {
    const rows = { from, rows: summed, columns: after, to };
    sumEachMatrix(compute, { ...rows, count: before });
  }
  return out;
}

/**
 * Sums over neighbouring dimensions, as they lie in memory. The backend's own
 * kernel transposes first where they are not the last ones.
 */
export const sumKernel = wasmKernel(
  "Sum",
  ({ inputs: { x }, attrs, backend }: KernelCall<SumInputs, SumAttrs>) =>
    reduceEmpty(backend, x, { ...attrs, ofNone: 0 }) ??
      sum(backend, x, attrs) ??
      callKernel(backend, "Sum", { inputs: { x }, attrs }),
);

/** Means, as such sums over how many values they are of. */
export const meanKernel = wasmKernel(
  "Mean",
  ({ inputs: { x }, attrs, backend }: KernelCall<MeanInputs, MeanAttrs>) => {
    // 0 / 0, in a float of whatever type x has.
    const floats = { ...x, dtype: "float32" as const };
    const none = reduceEmpty(backend, floats, { ...attrs, ofNone: NaN });
    if (none) return none;
    const total = sum(backend, x, attrs);
    if (total === undefined) {
      return callKernel(backend, "Mean", { inputs: { x }, attrs });
    }
    const count = backend.makeOutput([], "float32");
    backend.typedArrayFromHeap(count)[0] = util.sizeFromShape(x.shape) /
      util.sizeFromShape(total.shape);
    const mean = binary(backend, "div", { a: total, b: count });
    release(backend, total, count);
    return mean;
  },
);
