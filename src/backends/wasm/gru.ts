import type {
  GRUGradInputs,
  GRUInputs,
  RecurrentAttrs,
} from "../fused/recurrent.ts";
import { addressesOf, addressOf, Compute } from "./compute/compute.ts";
import { multiplyTransposed } from "./compute/multiply_transposed.ts";
import { moveBlock } from "./compute/move.ts";
import {
  chunkScratch,
  extentOf,
  packGates,
  projectGradients,
  projectInputs,
} from "./compute/recurrent.ts";
import { toPanels } from "./compute/weights.ts";
import { placeState, recurrenceOf } from "./lstm.ts";
import { scoped } from "../../runtime/scoped.ts";
import { type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/** The update and the reset gate, whose recurrent weights see the state. */
const STATE_GATES = { first: 0, count: 2 };
/** The candidate state, whose weights see the state that is left by a reset. */
const CANDIDATE = { first: 2, count: 1 };

/**
 * A GRU over all time steps: the projections of its inputs as one matrix
 * product, and then the steps. Gives its states before the first step and after
 * each, the gates of all steps, and the states that their resets left.
 */
export const gruKernel = wasmKernel(
  "GRU",
  ({ inputs, attrs, backend }: KernelCall<GRUInputs, RecurrentAttrs>) => {
    const { x, kernel, recurrentKernel, bias, h } = inputs;
    const recurrence = recurrenceOf(x, recurrentKernel, attrs);
    const { batch, steps, units, gates } = recurrence;
    const states = backend.makeOutput([steps + 1, batch, units], "float32");
    const z = backend.makeOutput([steps, batch, gates * units], "float32");
    const left = backend.makeOutput([steps, batch, units], "float32");
    const compute = Compute.of(backend);
    projectInputs(compute, recurrence, {
      ...addressesOf(backend, { x, kernel, bias, z }),
    });
    const recurrent = addressOf(backend, recurrentKernel);
    return scoped((own) => {
      const gateWeights = own(
        packGates(compute, recurrence, { address: recurrent, ...STATE_GATES }),
      );
      const weights = own(
        packGates(compute, recurrence, { address: recurrent, ...CANDIDATE }),
      );
      const scratch = own(chunkScratch(compute, recurrence, 2 * units));
      placeState(backend, h, addressOf(backend, states));
      compute.run(
        "gru",
        {
          ...addressesOf(backend, { z, h: states, rh: left }),
          gateWeights: gateWeights.address,
          weights: weights.address,
          scratch: scratch.address,
          batch,
          units,
          gatePadded: toPanels(2 * units),
          padded: toPanels(units),
          steps,
          soft: Number(attrs.soft),
        },
        extentOf(recurrence),
      );
      return [states, z, left];
    });
  },
);

/** The gradients of a GRU's inputs, weights and initial state. */
export const gruGradKernel = wasmKernel(
  "GRUGrad",
  ({ inputs, attrs, backend }: KernelCall<GRUGradInputs, RecurrentAttrs>) => {
    const { dstates, x, kernel, recurrentKernel, states, z, left } = inputs;
    const recurrence = recurrenceOf(x, recurrentKernel, attrs);
    const { batch, steps, units, gates } = recurrence;
    const outs = [
      x.shape,
      kernel.shape,
      recurrentKernel.shape,
      [gates * units],
      [batch, units],
    ].map((shape) => backend.makeOutput(shape, "float32"));
    const [dx, dkernel, drecurrent, dbias, dh0] = outs.map((out) =>
      addressOf(backend, out)
    );
    const compute = Compute.of(backend);
    const recurrent = addressOf(backend, recurrentKernel);
    const rows = steps * batch;
    return scoped((own) => {
      const dz = own(compute.scratch(4 * rows * gates * units));
      const dgates = own(compute.scratch(4 * rows * 2 * units));
      const dcandidate = own(compute.scratch(4 * rows * units));
      const gateWeights = own(
        packGates(compute, recurrence, {
          address: recurrent,
          ...STATE_GATES,
          transposed: true,
        }),
      );
      const weights = own(
        packGates(compute, recurrence, {
          address: recurrent,
          ...CANDIDATE,
          transposed: true,
        }),
      );
      // What goes back from step to step, and the two products that add to it.
      const scratch = own(
        chunkScratch(compute, recurrence, 3 * toPanels(units)),
      );
      compute.run(
        "gruGrad",
        {
          ...addressesOf(backend, { gates: z, h: states, dh: dstates }),
          dz: dz.address,
          dgates: dgates.address,
          dstate: dcandidate.address,
          gateWeights: gateWeights.address,
          weights: weights.address,
          scratch: scratch.address,
          dh0,
          batch,
          units,
          padded: toPanels(units),
          steps,
          soft: Number(attrs.soft),
        },
        extentOf(recurrence),
      );
      const parts = [
        { a: states, d: dgates, ...STATE_GATES },
        { a: left, d: dcandidate, ...CANDIDATE },
      ];
      for (const { a, d, first, count } of parts) {
        const columns = count * units;
        scoped((own) => {
          const part = own(compute.scratch(4 * units * columns));
          multiplyTransposed(compute, {
            a: addressOf(backend, a),
            rows,
            run: units,
            d: d.address,
            columns,
            out: part.address,
          });
          moveBlock(compute, {
            from: part.address,
            to: drecurrent + 4 * first * units,
            shape: [units, columns],
            fromSteps: [4 * columns, 4],
            toSteps: [4 * gates * units, 4],
          });
        });
      }
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
