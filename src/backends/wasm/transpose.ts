import {
  type TransposeAttrs,
  type TransposeInputs,
  util,
} from "@tensorflow/tfjs";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

/** The axes in another order. Of none, the backend's own divides by its size. */
export const transposeKernel = wasmKernel<TransposeInputs, TransposeAttrs>(
  "Transpose",
  ({ inputs: { x }, attrs, backend }) =>
    util.sizeFromShape(x.shape) > 0
      ? callKernel(backend, "Transpose", { inputs: { x }, attrs })
      : backend.makeOutput(attrs.perm.map((axis) => x.shape[axis]), x.dtype),
);
