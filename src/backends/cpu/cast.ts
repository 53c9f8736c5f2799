import type { CastAttrs, CastInputs } from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * Casts to floats of what is none, as floats: tfjs's own hand on the bytes of truth
 * values and of whole numbers, which a saved weight must not be.
 */
export function replaceCast(): void {
  replaceKernel<CastInputs, CastAttrs>("Cast", (stock) => (call) => {
    const { inputs: { x }, attrs: { dtype }, backend } = call;
    const isWhole = x.dtype === "int32" || x.dtype === "bool";
    if (dtype !== "float32" || !isWhole) return stock(call);
    const floats = Float32Array.from(valuesOf(backend, x).values);
    return backend.makeTensorInfo([...x.shape], "float32", floats);
  });
}
