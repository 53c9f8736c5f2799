import {
  type TransposeAttrs,
  type TransposeInputs,
  util,
} from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { moveBlock, stepsOf } from "./compute/move.ts";
import { callKernel, has32Bits, wasmKernel } from "./_wasm_kernel.ts";

/**
 * Whether rows are moved whole, or a single matrix is turned: of several small
 * matrices the backend's own is as fast.
 */
function isMoved(perm: number[]): boolean {
  const last = perm.length - 1;
  // A matrix is turned where the axes are cut in two, which change places.
  const isTurned = perm.every((axis, i) =>
    i === 0 || axis === (perm[i - 1] + 1) % perm.length
  );
  return perm[last] === last || isTurned;
}

/**
 * The axes in another order. The backend's own takes a value at a time, and of
 * none divides by its size.
 */
export const transposeKernel = wasmKernel<TransposeInputs, TransposeAttrs>(
  "Transpose",
  ({ inputs: { x }, attrs, backend }) => {
    const { perm } = attrs;
    const shape = perm.map((axis) => x.shape[axis]);
    const isMovable = has32Bits(x) && isMoved(perm);
    if (!isMovable && util.sizeFromShape(shape) > 0) {
      return callKernel(backend, "Transpose", { inputs: { x }, attrs });
    }
    const out = backend.makeOutput(shape, x.dtype);
    const steps = stepsOf(x.shape);
    moveBlock(Compute.of(backend), {
      from: addressOf(backend, x),
      to: addressOf(backend, out),
      shape,
      fromSteps: perm.map((axis) => steps[axis]),
      toSteps: stepsOf(shape),
    });
    return out;
  },
);
