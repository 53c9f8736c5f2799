import type { OneHotAttrs, OneHotInputs } from "@tensorflow/tfjs";
import { wasmKernel } from "./_wasm_kernel.ts";

/**
 * One value at each index, another elsewhere. The backend's own writes whole
 * numbers whatever the type: of floats next to 0, and of bools beyond the result.
 */
export const oneHotKernel = wasmKernel<OneHotInputs, OneHotAttrs>(
  "OneHot",
  ({ inputs: { indices }, attrs, backend }) => {
    const { depth, onValue, offValue, dtype } = attrs;
    const out = backend.makeOutput([...indices.shape, depth], dtype);
    const hot = backend.typedArrayFromHeap(out).fill(offValue);
    backend.typedArrayFromHeap(indices).forEach((index, i) => {
      if (index >= 0 && index < depth) hot[i * depth + index] = onValue;
    });
    return out;
  },
);
