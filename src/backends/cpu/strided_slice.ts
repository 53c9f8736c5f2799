import type { StridedSliceAttrs, StridedSliceInputs } from "@tensorflow/tfjs";
import { denseSlice } from "../kernels/dense_slices.ts";
import { replaceKernel } from "./_cpu_kernel.ts";

/** Slices of every dimension, of which tfjs's own is right. */
export function replaceStridedSlice(): void {
  replaceKernel<StridedSliceInputs, StridedSliceAttrs>(
    "StridedSlice",
    (stock) => (call) => {
      const { attrs, shape } = denseSlice(call.inputs.x.shape, call.attrs);
      return { ...stock({ ...call, attrs }), shape };
    },
  );
}
