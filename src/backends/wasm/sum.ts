import {
  backend_util,
  type SumAttrs,
  type SumInputs,
  util,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { sumColumns } from "./compute/rows.ts";
import { reduceEmpty } from "./empty_reductions.ts";
import { callKernel, type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/**
 * Sums. Those over the leading dimensions, as in the gradient of every bias,
 * are done as they lie in memory; the backend's own kernel transposes first.
 */
export const sumKernel = wasmKernel(
  "Sum",
  ({ inputs, attrs, backend }: KernelCall<SumInputs, SumAttrs>) => {
    const { x } = inputs;
    const axes = util.parseAxisParam(attrs.axis, x.shape);
    const leading = axes.length < x.shape.length &&
      [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);
    const rows = util.sizeFromShape(x.shape.slice(0, axes.length));
    const columns = util.sizeFromShape(x.shape.slice(axes.length));
    if (rows * columns === 0) return reduceEmpty(backend, x, attrs, 0)!;
    if (!leading || x.dtype !== "float32") {
      return callKernel(backend, "Sum", { x }, attrs);
    }
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = attrs.keepDims
      ? backend_util.expandShapeToKeepDim(kept, axes)
      : kept;
    const out = backend.makeOutput(shape, "float32");
    sumColumns(Compute.of(backend), {
      from: addressOf(backend, x),
      rows,
      columns,
      to: addressOf(backend, out),
    });
    return out;
  },
);
