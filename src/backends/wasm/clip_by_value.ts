import type { ClipByValueAttrs, ClipByValueInputs } from "@tensorflow/tfjs";
import { clampTensor } from "./_activation.ts";
import { callKernel, type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/**
 * Values cut off at both ends. The backend's own kernel turns NaN into the
 * lower end, which hides a diverged loss: tfjs clips before every logarithm.
 */
export const clipByValueKernel = wasmKernel(
  "ClipByValue",
  ({ inputs, attrs, backend }: KernelCall<
    ClipByValueInputs,
    ClipByValueAttrs
  >) => {
    const { x } = inputs;
    if (x.dtype !== "float32") {
      return callKernel(backend, "ClipByValue", { x }, attrs);
    }
    return clampTensor(backend, x, {
      lowest: attrs.clipValueMin,
      highest: attrs.clipValueMax,
    });
  },
);
