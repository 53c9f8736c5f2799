/** GRU layers over all their time steps, forwards and backwards. */

import {
  add,
  type Code,
  i32,
  type Local,
  mul,
  sub,
  v128,
  zeroBytes,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction, type Target } from "./_kernel.ts";
import { recurrence, ROWS } from "./_recurrent.ts";

/** All steps of a GRU. */
export function gru(target: Target): FunctionBuilder {
  return kernelFunction("gru", (f, args, chunk) => {
    const r = recurrence(f, target, { args, chunk });
    const [z, product, at, gateBytes, bytes] = f.locals("i32", 5);
    const [update, reset, state] = f.locals("v128", 3);
    const place = (row: Local, productBytes: Local) => [
      at.set(mul(add(r.first.get, row.get), r.rowBytes.get)),
      z.set(add(args.z.get, mul(at.get, i32(3)))),
      product.set(
        add(args.scratch.get, mul(row.get, productBytes.get)),
      ),
    ];
    return [
      r.start,
      gateBytes.set(mul(args.gatePadded.get, i32(4))),
      bytes.set(mul(args.padded.get, i32(4))),
      args.scratch.add(mul(chunk.get, mul(gateBytes.get, i32(ROWS)))),
      r.eachStep(
        r.rowsOf(args.h.get, r.rowBytes.get),
        r.multiply({
          rows: r.rows,
          inner: args.units,
          weights: args.gateWeights.get,
          columns: args.gatePadded,
          to: args.scratch.get,
        }),
        r.eachRow((row) => [
          place(row, gateBytes),
          eachColumn(f, args.units, (offset, load, store) => {
            const gate = (row: Local, k: number) =>
              add(
                add(row.get, offset.get),
                mul(r.rowBytes.get, i32(k)),
              );
            const here = (address: Local) =>
              add(add(address.get, at.get), offset.get);
            return [
              [update, reset].map((local, k) => [
                local.set(
                  v128.add(load(gate(z, k)), load(gate(product, k))),
                ),
                r.gate(local),
                store(gate(z, k), local.get),
              ]),
              store(
                here(args.rh),
                v128.mul(reset.get, load(here(args.h))),
              ),
            ];
          }),
        ]),
        r.rowsOf(args.rh.get, r.rowBytes.get),
        r.multiply({
          rows: r.rows,
          inner: args.units,
          weights: args.weights.get,
          columns: args.padded,
          to: args.scratch.get,
        }),
        r.eachRow((row) => [
          place(row, bytes),
          eachColumn(f, args.units, (offset, load, store) => {
            const gate = (row: Local, k: number) =>
              add(
                add(row.get, offset.get),
                mul(r.rowBytes.get, i32(k)),
              );
            const here = (address: Local) =>
              add(add(address.get, at.get), offset.get);
            return [
              state.set(
                v128.add(load(gate(z, 2)), load(gate(product, 0))),
              ),
              r.functions.tanh(state),
              store(gate(z, 2), state.get),
              update.set(load(gate(z, 0))),
              store(
                add(here(args.h), r.stepBytes.get),
                v128.add(
                  v128.mul(update.get, load(here(args.h))),
                  v128.mul(
                    v128.sub(v128.constant(1), update.get),
                    state.get,
                  ),
                ),
              ),
            ];
          }),
        ]),
        args.z.add(mul(r.stepBytes.get, i32(3))),
        args.h.add(r.stepBytes.get),
        args.rh.add(r.stepBytes.get),
      ),
    ];
  });
}

/** The gradient of a GRU, from its last step to its first. */
export function gruGrad(target: Target): FunctionBuilder {
  return kernelFunction("gruGrad", (f, args, chunk) => {
    const r = recurrence(f, target, { args, chunk });
    const [gatesAt, dzAt, dgatesAt, at, work, product, carried] = f.locals(
      "i32",
      7,
    );
    const [paddedBytes, inner] = f.locals("i32", 2);
    const [update, reset, state, before, dh, dstate, dgate] = f.locals(
      "v128",
      7,
    );
    const skip = sub(args.steps.get, i32(1));
    const buffer = mul(paddedBytes.get, i32(ROWS));
    const place = (row: Local) => [
      at.set(mul(add(r.first.get, row.get), r.rowBytes.get)),
      gatesAt.set(add(args.gates.get, mul(at.get, i32(3)))),
      dzAt.set(add(args.dz.get, mul(at.get, i32(3)))),
      dgatesAt.set(add(args.dgates.get, mul(at.get, i32(2)))),
      work.set(add(args.scratch.get, mul(row.get, paddedBytes.get))),
      product.set(add(work.get, buffer)),
      carried.set(add(product.get, buffer)),
    ];
    const columns = (
      code: (
        load: (address: Code) => Code,
        store: (address: Code, value: Code) => Code,
        gate: (row: Local, k: number) => Code,
        here: (address: Local) => Code,
      ) => Code,
    ) =>
      r.eachRow((row) => [
        place(row),
        eachColumn(f, args.units, (offset, load, store) =>
          code(
            load,
            store,
            (row, k) =>
              add(
                add(row.get, offset.get),
                mul(r.rowBytes.get, i32(k)),
              ),
            (address) => add(add(address.get, at.get), offset.get),
          )),
      ]);
    /** What the steps after and the output hand to a state. */
    const arriving = (
      load: (address: Code) => Code,
      gate: (row: Local, k: number) => Code,
      here: (address: Local) => Code,
    ) =>
      v128.add(
        v128.add(load(gate(work, 0)), load(gate(carried, 0))),
        load(add(here(args.dh), r.stepBytes.get)),
      );
    return [
      r.start,
      paddedBytes.set(mul(args.padded.get, i32(4))),
      inner.set(mul(args.units.get, i32(2))),
      args.scratch.add(
        mul(chunk.get, mul(paddedBytes.get, i32(3 * ROWS))),
      ),
      zeroBytes(args.scratch.get, mul(paddedBytes.get, i32(3 * ROWS))),
      args.gates.add(mul(skip, mul(r.stepBytes.get, i32(3)))),
      args.dz.add(mul(skip, mul(r.stepBytes.get, i32(3)))),
      args.dgates.add(mul(skip, mul(r.stepBytes.get, i32(2)))),
      [args.h, args.dh, args.dstate].map((address) =>
        address.add(mul(skip, r.stepBytes.get))
      ),
      r.eachStep(
        columns((load, store, gate, here) => [
          dh.set(arriving(load, gate, here)),
          update.set(load(gate(gatesAt, 0))),
          state.set(load(gate(gatesAt, 2))),
          dgate.set(
            v128.mul(dh.get, v128.sub(load(here(args.h)), state.get)),
          ),
          r.gateGrad(dgate, update),
          dstate.set(
            v128.mul(
              v128.mul(
                dh.get,
                v128.sub(v128.constant(1), update.get),
              ),
              r.tanhSlope(state),
            ),
          ),
          store(gate(work, 0), v128.mul(dh.get, update.get)),
          store(gate(dzAt, 0), dgate.get),
          store(gate(dgatesAt, 0), dgate.get),
          store(gate(dzAt, 2), dstate.get),
          store(here(args.dstate), dstate.get),
        ]),
        r.rowsOf(args.dstate.get, r.rowBytes.get),
        r.multiply({
          rows: r.rows,
          inner: args.units,
          weights: args.weights.get,
          columns: args.padded,
          to: add(args.scratch.get, buffer),
        }),
        columns((load, store, gate, here) => [
          dh.set(load(gate(product, 0))),
          reset.set(load(gate(gatesAt, 1))),
          before.set(load(here(args.h))),
          dgate.set(v128.mul(dh.get, before.get)),
          r.gateGrad(dgate, reset),
          store(
            gate(work, 0),
            v128.add(
              load(gate(work, 0)),
              v128.mul(dh.get, reset.get),
            ),
          ),
          store(gate(dzAt, 1), dgate.get),
          store(gate(dgatesAt, 1), dgate.get),
        ]),
        r.rowsOf(args.dgates.get, mul(r.rowBytes.get, i32(2))),
        r.multiply({
          rows: r.rows,
          inner,
          weights: args.gateWeights.get,
          columns: args.padded,
          to: add(args.scratch.get, mul(buffer, i32(2))),
        }),
        args.gates.add(mul(r.stepBytes.get, i32(-3))),
        args.dz.add(mul(r.stepBytes.get, i32(-3))),
        args.dgates.add(mul(r.stepBytes.get, i32(-2))),
        [args.h, args.dh, args.dstate].map((address) =>
          address.add(mul(r.stepBytes.get, i32(-1)))
        ),
      ),
      // They stand before the first step now: what the initial state gets.
      columns((load, store, gate, here) =>
        store(here(args.dh0), arriving(load, gate, here))
      ),
    ];
  });
}
