import {
  backend_util,
  type KernelConfig,
  type SumAttrs,
  type SumInputs,
  util,
} from "@tensorflow/tfjs";
import { axisOf, type ReductionAttrs } from "../kernels/reduction_attrs.ts";
import {
  type BackendWasm,
  callKernel,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** The whole number of 32 bits that is closest. */
function nearestWhole(value: number): number {
  return Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);
}

/**
 * What a reduction of an empty tensor gives, `ofNone` wherever there is a result;
 * undefined if the tensor is not empty. The backend's own kernels divide by the
 * size, or leave what was in memory before.
 */
export function reduceEmpty(
  backend: BackendWasm,
  x: TensorInfo,
  { axis, keepDims, ofNone }: SumAttrs & { readonly ofNone: number },
): TensorInfo | undefined {
  if (util.sizeFromShape(x.shape) > 0) return undefined;
  const axes = util.parseAxisParam(axis, x.shape);
  const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const out = backend.makeOutput(shape, x.dtype);
  backend.typedArrayFromHeap(out).fill(
    x.dtype === "int32" ? nearestWhole(ofNone) : ofNone,
  );
  return out;
}

function reduction(kernelName: string, ofNone: number): KernelConfig {
  return wasmKernel<SumInputs, ReductionAttrs>(
    kernelName,
    ({ inputs: { x }, attrs, backend }) => {
      const { keepDims } = attrs;
      return reduceEmpty(backend, x, {
        axis: axisOf(attrs),
        keepDims,
        ofNone,
      }) ?? callKernel(backend, kernelName, { inputs: { x }, attrs });
    },
  );
}

export const prodKernel = reduction("Prod", 1);
export const anyKernel = reduction("Any", 0);
export const allKernel = reduction("All", 1);
export const maxKernel = reduction("Max", -Infinity);
export const minKernel = reduction("Min", Infinity);
