import { type AddInputs, util } from "@tensorflow/tfjs";
import { replaceKernel } from "../_kernel.ts";
import { onProcessor } from "./on_processor.ts";

/** In the place of tfjs's Add: computes a deferred term together with the sum. */
export const addKernel = replaceKernel<AddInputs>("Add", (call) => {
  const { inputs: { a, b }, backend } = call;
  if (a.dtype !== "float32" || b.dtype !== "float32") return undefined;
  if (!util.arraysEqual(a.shape, b.shape)) {
    return onProcessor(call, (x, y) => x + y);
  }
  return backend.deferredOf(b)?.addTo?.(a) ??
    backend.deferredOf(a)?.addTo?.(b);
});
