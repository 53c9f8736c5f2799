import type { PadV2Attrs, PadV2Inputs } from "@tensorflow/tfjs";
import { addressOf, Compute } from "./compute/compute.ts";
import { moveBlock, stepsOf } from "./compute/move.ts";
import { scoped } from "../../runtime/scoped.ts";
import {
  callKernel,
  has32Bits,
  type KernelCall,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** A tensor in a larger one of a constant. */
export const padV2Kernel = wasmKernel(
  "PadV2",
  ({ inputs: { x }, attrs, backend }: KernelCall<PadV2Inputs, PadV2Attrs>) => {
    if (!has32Bits(x)) {
      return callKernel(backend, "PadV2", { inputs: { x }, attrs });
    }
    const { paddings, constantValue } = attrs;
    const shape = x.shape.map((length, i) =>
      paddings[i][0] + length + paddings[i][1]
    );
    const out = backend.makeOutput(shape, x.dtype);
    const compute = Compute.of(backend);
    const steps = stepsOf(shape);
    const to = addressOf(backend, out);
    return scoped((own) => {
      const constant = own(compute.scratch(4));
      const { address } = constant;
      const value = x.dtype === "int32"
        ? compute.integers(address, 1)
        : compute.floats(address, 1);
      value[0] = constantValue;
      moveBlock(compute, {
        from: address,
        to,
        shape,
        fromSteps: shape.map(() => 0),
        toSteps: steps,
      });
      moveBlock(compute, {
        from: addressOf(backend, x),
        to: paddings.reduce((sum, [before], i) => sum + before * steps[i], to),
        shape: x.shape,
        fromSteps: stepsOf(x.shape),
        toSteps: steps,
      });
      return out;
    });
  },
);
