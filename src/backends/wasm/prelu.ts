import { type PreluInputs, util } from "@tensorflow/tfjs";
import { broadcastOffsets } from "../kernels/broadcast_offsets.ts";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

/** Whether `alpha` is repeated as a whole along the values of `x`. */
function repeatsAsAWhole(alpha: number[], x: number[]): boolean {
  const own = alpha.slice(alpha.findIndex((length) => length !== 1));
  return util.sizeFromShape(alpha) === 1 ||
    util.arraysEqual(own, x.slice(x.length - own.length));
}

/**
 * `x` where it is positive, elsewhere `alpha · x`. The backend's own kernel
 * repeats alpha from value to value even where it is shared along the last axis,
 * takes whole numbers for floats, and divides by the size of empty tensors.
 */
export const preluKernel = wasmKernel<PreluInputs, object>(
  "Prelu",
  ({ inputs, attrs, backend }) => {
    const { x, alpha } = inputs;
    const size = util.sizeFromShape(x.shape);
    const areFloats = x.dtype === "float32" && alpha.dtype === "float32";
    if (areFloats && size > 0 && repeatsAsAWhole(alpha.shape, x.shape)) {
      return callKernel(backend, "Prelu", { inputs: { x, alpha }, attrs });
    }
    const out = backend.makeOutput(x.shape, "float32");
    const [from, slopes, to] = [x, alpha, out].map((tensor) =>
      backend.typedArrayFromHeap(tensor)
    );
    const slopeOf = broadcastOffsets(alpha.shape, x.shape);
    for (let i = 0; i < size; i++) {
      to[i] = from[i] < 0 ? from[i] * slopes[slopeOf(i)] : from[i];
    }
    return out;
  },
);
