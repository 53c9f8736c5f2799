import type { ReluInputs } from "@tensorflow/tfjs";
import { clampTensor } from "./_activation.ts";
import { callKernel, type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/**
 * Values cut off below 0 and above `highest`. NaN stays NaN, where the backend's
 * own kernels make 0 of it and a network of NaN weights looks like a trained one.
 */
function clampKernel(kernelName: "Relu" | "Relu6", highest: number) {
  return wasmKernel(
    kernelName,
    ({ inputs, attrs, backend }: KernelCall<ReluInputs, object>) => {
      const { x } = inputs;
      return x.dtype === "float32"
        ? clampTensor(backend, x, { lowest: 0, highest })
        : callKernel(backend, kernelName, { x }, attrs);
    },
  );
}

export const reluKernel = clampKernel("Relu", Infinity);
export const relu6Kernel = clampKernel("Relu6", 6);
