import type { SquareInputs } from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Squares, of whole numbers without the rounding to floats of tfjs's own. */
export function replaceSquare(): void {
  replaceKernel<SquareInputs, object>("Square", (stock) => (call) => {
    const { inputs: { x }, backend } = call;
    if (x.dtype !== "int32") return stock(call);
    const { shape, values } = valuesOf(backend, x);
    return backend.makeTensorInfo(
      shape,
      "int32",
      values.map((value) => Math.imul(value, value)),
    );
  });
}
