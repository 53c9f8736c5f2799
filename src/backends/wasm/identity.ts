import type { IdentityInputs } from "@tensorflow/tfjs";
import { callKernel, type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/**
 * The same values as another tensor. Tensors never change, so that both can
 * share them; the backend's own kernel copies, at every tensor that a gradient
 * saves.
 */
export const identityKernel = wasmKernel(
  "Identity",
  ({ inputs, attrs, backend }: KernelCall<IdentityInputs, object>) => {
    const { x } = inputs;
    if (x.dtype === "string") {
      return callKernel(backend, "Identity", { x }, attrs);
    }
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
);
