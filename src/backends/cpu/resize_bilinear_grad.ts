import type {
  ResizeBilinearGradAttrs,
  ResizeBilinearGradInputs,
} from "@tensorflow/tfjs";
import { replaceKernel } from "./_cpu_kernel.ts";

/** tfjs's own gives the width for the height and the height for the width. */
export function replaceResizeBilinearGrad(): void {
  replaceKernel<ResizeBilinearGradInputs, ResizeBilinearGradAttrs>(
    "ResizeBilinearGrad",
    (stock) => (call) => ({ ...stock(call), shape: call.inputs.images.shape }),
  );
}
