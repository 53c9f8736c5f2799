import type { TopKAttrs, TopKInputs } from "@tensorflow/tfjs";
import { findTopK } from "../kernels/top_k.ts";
import { callKernels, wasmKernel } from "./_wasm_kernel.ts";

/** The largest values, NaN before any number; the backend's own takes it for any of them. */
export const topKKernel = wasmKernel<TopKInputs, TopKAttrs>(
  "TopK",
  ({ inputs: { x }, attrs, backend }) => {
    const isWhole = x.dtype !== "float32";
    const some = !isWhole &&
      (backend.typedArrayFromHeap(x) as Float32Array).some(Number.isNaN);
    if (!some) return callKernels(backend, "TopK", { inputs: { x }, attrs });
    const { k } = attrs;
    const shape = [...x.shape.slice(0, -1), k];
    const result = backend.makeOutput(shape, "float32");
    const indices = backend.makeOutput(shape, "int32");
    // The views are taken after the allocations, which may move the heap.
    findTopK(backend.typedArrayFromHeap(x) as Float32Array, {
      length: x.shape[x.shape.length - 1],
      k,
      largest: backend.typedArrayFromHeap(result),
      places: backend.typedArrayFromHeap(indices),
    });
    return [result, indices];
  },
);
