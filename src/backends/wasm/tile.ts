import type { TileAttrs, TileInputs } from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { moveBlock, stepsOf } from "./compute/move.ts";
import {
  callKernel,
  has32Bits,
  type KernelCall,
  wasmKernel,
} from "./_wasm_kernel.ts";

/**
 * A tensor repeated along its dimensions, as every broadcast is. The backend's
 * own kernel counts through all dimensions at every value.
 */
export const tileKernel = wasmKernel(
  "Tile",
  ({ inputs: { x }, attrs, backend }: KernelCall<TileInputs, TileAttrs>) => {
    const reps = attrs.reps;
    if (!has32Bits(x)) {
      return callKernel(backend, "Tile", { inputs: { x }, attrs });
    }
    const shape = x.shape.map((length, i) => length * reps[i]);
    const out = backend.makeOutput(shape, x.dtype);
    const from = stepsOf(x.shape);
    const to = stepsOf(shape);
    // Each dimension as its repetitions, and the values in one of them.
    moveBlock(Compute.of(backend), {
      from: addressOf(backend, x),
      to: addressOf(backend, out),
      shape: x.shape.flatMap((length, i) => [reps[i], length]),
      fromSteps: from.flatMap((step) => [0, step]),
      toSteps: to.flatMap((step, i) => [step * x.shape[i], step]),
    });
    return out;
  },
);
