import {
  type BincountAttrs,
  type BincountInputs,
  util,
} from "@tensorflow/tfjs";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

/** How often each number occurs in all of x. The backend's own takes its first dimension for images. */
export const bincountKernel = wasmKernel<BincountInputs, BincountAttrs>(
  "Bincount",
  ({ inputs: { x, weights }, attrs, backend }) => {
    const flat = { ...x, shape: [util.sizeFromShape(x.shape)] };
    return callKernel(backend, "Bincount", {
      inputs: { x: flat, weights },
      attrs,
    });
  },
);
