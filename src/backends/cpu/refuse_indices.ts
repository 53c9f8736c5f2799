import type { TensorInfo } from "@tensorflow/tfjs";
import {
  checkIndices,
  indexingKernels,
  indicesOf,
} from "../refused/checked_indices.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * Refuses indices out of range in the words of the other backends; of boxes whose
 * image is not there, tfjs's own give zeros.
 */
export function refuseIndices(): void {
  indexingKernels.forEach((name) =>
    replaceKernel<Record<string, TensorInfo>, object>(
      name,
      (stock) => (call) => {
        const { inputs, attrs, backend } = call;
        const { values } = valuesOf(backend, indicesOf(name, inputs));
        checkIndices(name, { inputs, attrs, values });
        return stock(call);
      },
    )
  );
}
