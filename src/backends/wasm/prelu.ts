import { type PreluInputs, util } from "@tensorflow/tfjs";
import { broadcastOffsets } from "../kernels/broadcast_offsets.ts";
import { broadcastShape } from "./compute/elementwise.ts";
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
 * takes whole numbers for floats, gives the shape of `x` where `x` is broadcast,
 * and divides by the size of empty tensors.
 */
export const preluKernel = wasmKernel<PreluInputs, object>(
  "Prelu",
  ({ inputs, attrs, backend }) => {
    const { x, alpha } = inputs;
    const shape = broadcastShape(x.shape, alpha.shape);
    const size = util.sizeFromShape(shape);
    const areFloats = x.dtype === "float32" && alpha.dtype === "float32";
    const isOwn = util.arraysEqual(shape, x.shape) &&
      repeatsAsAWhole(alpha.shape, shape);
    if (areFloats && size > 0 && isOwn) {
      return callKernel(backend, "Prelu", { inputs: { x, alpha }, attrs });
    }
    const out = backend.makeOutput(shape, "float32");
    const [from, slopes, to] = [x, alpha, out].map((tensor) =>
      backend.typedArrayFromHeap(tensor)
    );
    const placeOf = broadcastOffsets(x.shape, shape);
    const slopeOf = broadcastOffsets(alpha.shape, shape);
    for (let i = 0; i < size; i++) {
      const value = from[placeOf(i)];
      to[i] = value < 0 ? value * slopes[slopeOf(i)] : value;
    }
    return out;
  },
);
