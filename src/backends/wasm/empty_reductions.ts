import {
  type KernelConfig,
  type ProdAttrs,
  type ProdInputs,
  util,
} from "@tensorflow/tfjs";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

/**
 * A reduction that gives `ofNone` where there is nothing to reduce, and the
 * backend's own kernel leaves what was in memory before.
 */
function reduction(kernelName: string, ofNone: number): KernelConfig {
  return wasmKernel<ProdInputs, ProdAttrs>(
    kernelName,
    ({ inputs: { x }, attrs, backend }) => {
      const result = callKernel(backend, kernelName, { x }, attrs);
      if (util.sizeFromShape(x.shape) === 0) {
        backend.typedArrayFromHeap(result).fill(ofNone);
      }
      return result;
    },
  );
}

export const prodKernel = reduction("Prod", 1);
export const anyKernel = reduction("Any", 0);
export const allKernel = reduction("All", 1);
