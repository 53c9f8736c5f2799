/** LSTM layers over all their time steps, forwards and backwards. */

import {
  add,
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

/** All steps of an LSTM. */
export function lstm(target: Target): FunctionBuilder {
  return kernelFunction("lstm", (f, args, chunk) => {
    const r = recurrence(f, target, { args, chunk });
    const [z, product, c, h, paddedBytes] = f.locals("i32", 5);
    const [i, forget, g, o, state] = f.locals("v128", 5);
    const gates = [i, forget, g, o];
    return [
      r.start,
      paddedBytes.set(mul(args.padded.get, i32(4))),
      args.scratch.add(mul(chunk.get, mul(paddedBytes.get, i32(ROWS)))),
      r.eachStep(
        r.rowsOf(args.h.get, r.rowBytes.get),
        r.multiply({
          rows: r.rows,
          inner: args.units,
          weights: args.weights.get,
          columns: args.padded,
          to: args.scratch.get,
        }),
        r.eachRow((row) => [
          c.set(
            add(args.c.get, mul(add(r.first.get, row.get), r.rowBytes.get)),
          ),
          h.set(
            add(args.h.get, mul(add(r.first.get, row.get), r.rowBytes.get)),
          ),
          z.set(
            add(
              args.z.get,
              mul(
                mul(add(r.first.get, row.get), r.rowBytes.get),
                i32(4),
              ),
            ),
          ),
          product.set(
            add(args.scratch.get, mul(row.get, paddedBytes.get)),
          ),
          eachColumn(f, args.units, (offset, load, store) => {
            const at = (row: Local, gate: number) =>
              add(
                add(row.get, offset.get),
                mul(r.rowBytes.get, i32(gate)),
              );
            const next = (row: Local) =>
              add(add(row.get, offset.get), r.stepBytes.get);
            return [
              gates.map((gate, k) =>
                gate.set(v128.add(load(at(z, k)), load(at(product, k))))
              ),
              [i, forget, o].map(r.gate),
              r.functions.tanh(g),
              gates.map((gate, k) => store(at(z, k), gate.get)),
              state.set(
                v128.add(
                  v128.mul(forget.get, load(at(c, 0))),
                  v128.mul(i.get, g.get),
                ),
              ),
              store(next(c), state.get),
              r.functions.tanh(state),
              store(next(h), v128.mul(o.get, state.get)),
            ];
          }),
        ]),
        args.z.add(mul(r.stepBytes.get, i32(4))),
        args.h.add(r.stepBytes.get),
        args.c.add(r.stepBytes.get),
      ),
    ];
  });
}

/** The gradient of an LSTM, from its last step to its first. */
export function lstmGrad(target: Target): FunctionBuilder {
  return kernelFunction("lstmGrad", (f, args, chunk) => {
    const r = recurrence(f, target, { args, chunk });
    const [gatesAt, dzAt, at, work, carried, paddedBytes, inner] = f.locals(
      "i32",
      7,
    );
    const [i, forget, g, o, state, dh, dc] = f.locals("v128", 7);
    const [di, df, dg, dout] = f.locals("v128", 4);
    const gates = [i, forget, g, o];
    const skip = sub(args.steps.get, i32(1));
    const place = (row: Local) => [
      at.set(mul(add(r.first.get, row.get), r.rowBytes.get)),
      work.set(add(args.scratch.get, mul(row.get, paddedBytes.get))),
      carried.set(
        add(work.get, mul(paddedBytes.get, i32(ROWS))),
      ),
    ];
    return [
      r.start,
      paddedBytes.set(mul(args.padded.get, i32(4))),
      inner.set(mul(args.units.get, i32(4))),
      args.scratch.add(
        mul(chunk.get, mul(paddedBytes.get, i32(2 * ROWS))),
      ),
      zeroBytes(args.scratch.get, mul(paddedBytes.get, i32(2 * ROWS))),
      args.gates.add(mul(skip, mul(r.stepBytes.get, i32(4)))),
      args.dz.add(mul(skip, mul(r.stepBytes.get, i32(4)))),
      [args.c, args.dh, args.dc].map((address) =>
        address.add(mul(skip, r.stepBytes.get))
      ),
      r.eachStep(
        r.eachRow((row) => [
          place(row),
          gatesAt.set(add(args.gates.get, mul(at.get, i32(4)))),
          dzAt.set(add(args.dz.get, mul(at.get, i32(4)))),
          eachColumn(f, args.units, (offset, load, store) => {
            const gate = (row: Local, k: number) =>
              add(
                add(row.get, offset.get),
                mul(r.rowBytes.get, i32(k)),
              );
            const here = (address: Local) =>
              add(add(address.get, at.get), offset.get);
            const next = (address: Local) =>
              add(here(address), r.stepBytes.get);
            return [
              gates.map((local, k) => local.set(load(gate(gatesAt, k)))),
              dh.set(
                v128.add(load(gate(work, 0)), load(next(args.dh))),
              ),
              dc.set(
                v128.add(load(gate(carried, 0)), load(next(args.dc))),
              ),
              state.set(load(next(args.c))),
              r.functions.tanh(state),
              dout.set(v128.mul(dh.get, state.get)),
              r.gateGrad(dout, o),
              dc.set(
                v128.add(
                  dc.get,
                  v128.mul(
                    v128.mul(dh.get, o.get),
                    r.tanhSlope(state),
                  ),
                ),
              ),
              di.set(v128.mul(dc.get, g.get)),
              r.gateGrad(di, i),
              df.set(v128.mul(dc.get, load(here(args.c)))),
              r.gateGrad(df, forget),
              dg.set(
                v128.mul(v128.mul(dc.get, i.get), r.tanhSlope(g)),
              ),
              [di, df, dg, dout].map((local, k) =>
                store(gate(dzAt, k), local.get)
              ),
              store(gate(carried, 0), v128.mul(dc.get, forget.get)),
            ];
          }),
        ]),
        r.rowsOf(args.dz.get, mul(r.rowBytes.get, i32(4))),
        r.multiply({
          rows: r.rows,
          inner,
          weights: args.weights.get,
          columns: args.padded,
          to: args.scratch.get,
        }),
        [args.gates, args.dz].map((address) =>
          address.add(mul(r.stepBytes.get, i32(-4)))
        ),
        [args.c, args.dh, args.dc].map((address) =>
          address.add(mul(r.stepBytes.get, i32(-1)))
        ),
      ),
      // They stand before the first step now: what the initial states get.
      r.eachRow((row) => [
        place(row),
        eachColumn(f, args.units, (offset, load, store) => {
          const here = (address: Local) =>
            add(add(address.get, at.get), offset.get);
          const next = (address: Local) => add(here(address), r.stepBytes.get);
          const own = (address: Local) => add(address.get, offset.get);
          return [
            store(
              here(args.dh0),
              v128.add(load(own(work)), load(next(args.dh))),
            ),
            store(
              here(args.dc0),
              v128.add(load(own(carried)), load(next(args.dc))),
            ),
          ];
        }),
      ]),
    ];
  });
}
