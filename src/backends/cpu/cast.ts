import type { CastAttrs, CastInputs } from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * Casts that keep every value, in arrays of the type that they are cast to: tfjs's
 * own hand on the bytes of truth values, and the whole numbers, which a saved
 * weight must not be.
 */
export function replaceCast(): void {
  replaceKernel<CastInputs, CastAttrs>("Cast", (stock) => (call) => {
    const { inputs: { x }, attrs: { dtype }, backend } = call;
    const isWhole = x.dtype === "int32" || x.dtype === "bool";
    const isOther = dtype === "float32" ||
      dtype === "int32" && x.dtype === "bool";
    if (!isWhole || !isOther) return stock(call);
    const { values } = valuesOf(backend, x);
    const cast = dtype === "float32"
      ? Float32Array.from(values)
      : Int32Array.from(values);
    return backend.makeTensorInfo([...x.shape], dtype, cast);
  });
}
