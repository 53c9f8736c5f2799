import type { TensorInfo, TopKAttrs, TopKInputs } from "@tensorflow/tfjs";
import { findTopK } from "../kernels/top_k.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** The largest values, NaN before any number; tfjs's own takes it for any of them. */
export function replaceTopK(): void {
  replaceKernel<TopKInputs, TopKAttrs, TensorInfo[]>(
    "TopK",
    (stock) => (call) => {
      const { inputs: { x }, attrs: { k }, backend } = call;
      const { values } = valuesOf(backend, x);
      if (!values.some(Number.isNaN)) return stock(call);
      const length = x.shape[x.shape.length - 1];
      const shape = [...x.shape.slice(0, -1), k];
      const largest = new Float32Array(values.length / length * k);
      const places = new Int32Array(largest.length);
      findTopK(values, { length, k, largest, places });
      return [
        backend.makeTensorInfo(shape, "float32", largest),
        backend.makeTensorInfo(shape, "int32", places),
      ];
    },
  );
}
