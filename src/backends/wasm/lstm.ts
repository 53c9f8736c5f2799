import type {
  LSTMGradInputs,
  LSTMInputs,
  RecurrentAttrs,
} from "../fused/recurrent.ts";
import { addressesOf, addressOf, Compute } from "./compute/compute.ts";
import { multiplyTransposed } from "./compute/multiply_transposed.ts";
import {
  chunkScratch,
  extentOf,
  packGates,
  projectGradients,
  projectInputs,
  type Recurrence,
} from "./compute/recurrent.ts";
import { toPanels } from "./compute/weights.ts";
import { scoped } from "../../runtime/scoped.ts";
import {
  type BackendWasm,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** The sizes of a call. */
export function recurrenceOf(
  x: TensorInfo,
  recurrentKernel: TensorInfo,
  { soft, goBackwards }: RecurrentAttrs,
): Recurrence {
  const [batch, steps, inputs] = x.shape;
  const [units, columns] = recurrentKernel.shape;
  const gates = columns / units;
  return { batch, steps, inputs, units, gates, soft, goBackwards };
}

/** Copies an initial state to where the states of all steps begin. */
export function placeState(
  backend: BackendWasm,
  state: TensorInfo,
  to: number,
): void {
  const values = backend.typedArrayFromHeap(state);
  Compute.of(backend).floats(to, values.length).set(values);
}

/**
 * An LSTM over all time steps: the projections of its inputs as one matrix
 * product, and then the steps. Gives its states, h and c, before the first step
 * and after each, and the gates of all steps.
 */
export const lstmKernel = wasmKernel(
  "LSTM",
  ({ inputs, attrs, backend }: KernelCall<LSTMInputs, RecurrentAttrs>) => {
    const { x, kernel, recurrentKernel, bias, h, c } = inputs;
    const recurrence = recurrenceOf(x, recurrentKernel, attrs);
    const { batch, steps, units, gates } = recurrence;
    const states = backend.makeOutput([2, steps + 1, batch, units], "float32");
    const z = backend.makeOutput([steps, batch, gates * units], "float32");
    const compute = Compute.of(backend);
    projectInputs(compute, recurrence, {
      ...addressesOf(backend, { x, kernel, bias, z }),
    });
    return scoped((own) => {
      const weights = own(
        packGates(compute, recurrence, {
          address: addressOf(backend, recurrentKernel),
          first: 0,
          count: gates,
        }),
      );
      const scratch = own(chunkScratch(compute, recurrence, gates * units));
      const hAt = addressOf(backend, states);
      const cAt = hAt + 4 * (steps + 1) * batch * units;
      placeState(backend, h, hAt);
      placeState(backend, c, cAt);
      compute.run(
        "lstm",
        {
          z: addressOf(backend, z),
          h: hAt,
          c: cAt,
          weights: weights.address,
          scratch: scratch.address,
          batch,
          units,
          padded: toPanels(gates * units),
          steps,
          soft: Number(attrs.soft),
        },
        extentOf(recurrence),
      );
      return [states, z];
    });
  },
);

/** The gradients of an LSTM's inputs, weights and initial states. */
export const lstmGradKernel = wasmKernel(
  "LSTMGrad",
  ({ inputs, attrs, backend }: KernelCall<LSTMGradInputs, RecurrentAttrs>) => {
    const { dstates, x, kernel, recurrentKernel, states, z } = inputs;
    const recurrence = recurrenceOf(x, recurrentKernel, attrs);
    const { batch, steps, units, gates } = recurrence;
    const outs = [
      x.shape,
      kernel.shape,
      recurrentKernel.shape,
      [gates * units],
      [batch, units],
      [batch, units],
    ].map((shape) => backend.makeOutput(shape, "float32"));
    const [dx, dkernel, drecurrent, dbias, dh0, dc0] = outs.map((out) =>
      addressOf(backend, out)
    );
    const compute = Compute.of(backend);
    const rows = steps * batch;
    return scoped((own) => {
      const dz = own(compute.scratch(4 * rows * gates * units));
      const weights = own(
        packGates(compute, recurrence, {
          address: addressOf(backend, recurrentKernel),
          first: 0,
          count: gates,
          transposed: true,
        }),
      );
      // What goes back from step to step, for h and for c.
      const scratch = own(
        chunkScratch(compute, recurrence, 2 * toPanels(units)),
      );
      const skip = 4 * (steps + 1) * batch * units;
      compute.run(
        "lstmGrad",
        {
          gates: addressOf(backend, z),
          c: addressOf(backend, states) + skip,
          dh: addressOf(backend, dstates),
          dc: addressOf(backend, dstates) + skip,
          dz: dz.address,
          weights: weights.address,
          scratch: scratch.address,
          dh0,
          dc0,
          batch,
          units,
          padded: toPanels(units),
          steps,
          soft: Number(attrs.soft),
        },
        extentOf(recurrence),
      );
      multiplyTransposed(compute, {
        a: addressOf(backend, states),
        rows,
        run: units,
        d: dz.address,
        columns: gates * units,
        out: drecurrent,
      });
      projectGradients(compute, recurrence, {
        ...addressesOf(backend, { x, kernel }),
        dz: dz.address,
        dx,
        dkernel,
        dbias,
      });
      return outs;
    });
  },
);
