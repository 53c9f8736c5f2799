/**
 * LSTM and GRU layers over all their time steps, forwards and backwards.
 *
 * The rows of a batch know nothing of each other, so that a thread takes a few
 * of them through all steps: a step needs no other thread, and the recurrent
 * weights stay in its cache.
 */
import {
  add,
  atLeast,
  type Code,
  either,
  type FunctionBuilder,
  greater,
  i32,
  less,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
  zeroBytes,
} from "./_assembler.ts";
import { functionsOf } from "./_functions.ts";
import {
  type Arguments,
  eachColumn,
  kernelFunction,
  mulAdd,
  PANEL,
  type Target,
} from "./_kernel.ts";

/** Rows of a batch that go through all steps together. */
export const ROWS = 4;

/** Rows times packed weights. */
interface Product {
  /** Where each row lies. */
  readonly rows: readonly Local[];
  readonly inner: Local;
  readonly weights: Code;
  /** A whole number of panels. */
  readonly columns: Local;
  readonly to: Code;
}

/** What multiplies rows, once for all its uses in a function. */
function rowProducts(
  f: FunctionBuilder,
  target: Target,
): (product: Product) => Code {
  const madd = mulAdd(target);
  const [panel, out, at, k, left, outBytes] = f.locals("i32", 6);
  const reads = f.locals("i32", ROWS);
  const low = f.locals("v128", ROWS);
  const high = f.locals("v128", ROWS);
  const [b0, b1, value] = f.locals("v128", 3);
  const step = (s: number) => [
    b0.set(v128.load(panel.get, 32 * s)),
    b1.set(v128.load(panel.get, 32 * s + 16)),
    reads.map((read, i) => [
      value.set(v128.splat(read.get, 4 * s)),
      low[i].set(madd(value.get, b0.get, low[i].get)),
      high[i].set(madd(value.get, b1.get, high[i].get)),
    ]),
  ];
  const steps = (count: number) => [
    Array.from({ length: count }, (_, s) => step(s)),
    panel.add(32 * count),
    reads.map((read) => read.add(4 * count)),
    k.add(-count),
  ];
  return ({ rows, inner, weights, columns, to }) => [
    panel.set(weights),
    out.set(to),
    outBytes.set(mul(columns.get, i32(4))),
    left.set(columns.get),
    loopUntilNot(
      greater(left.get, i32(0)),
      reads.map((read, i) => read.set(rows[i].get)),
      [...low, ...high].map((sum) => sum.set(v128.zero)),
      k.set(inner.get),
      loopWhile(atLeast(k.get, i32(4)), steps(4)),
      loopWhile(greater(k.get, i32(0)), steps(1)),
      at.set(out.get),
      low.map((sum, i) => [
        v128.store(at.get, sum.get),
        v128.store(at.get, high[i].get, 16),
        at.add(outBytes.get),
      ]),
      out.add(4 * PANEL),
      left.add(-PANEL),
    ),
  ];
}

type RecurrentArguments = Pick<
  Arguments<"lstm">,
  "batch" | "units" | "steps" | "soft"
>;

/** What the four kernels share. */
function recurrence(
  f: FunctionBuilder,
  target: Target,
  { args, chunk }: { readonly args: RecurrentArguments; readonly chunk: Local },
) {
  const functions = functionsOf(f, target);
  const [first, count, rowBytes, stepBytes, row, left] = f.locals("i32", 6);
  const rows = f.locals("i32", ROWS);
  const { constant, mul: times, sub: minus } = v128;
  return {
    functions,
    multiply: rowProducts(f, target),
    /** The first row of the chunk. */
    first,
    /** The bytes of a row of units, and of such rows for all of the batch. */
    rowBytes,
    stepBytes,
    start: [
      functions.start,
      first.set(mul(chunk.get, i32(ROWS))),
      count.set(smaller(sub(args.batch.get, first.get), i32(ROWS))),
      rowBytes.set(mul(args.units.get, i32(4))),
      stepBytes.set(mul(args.batch.get, rowBytes.get)),
    ],
    /** Where each row lies in a matrix; past the last, that one again. */
    rowsOf: (matrix: Code, bytes: Code): Code =>
      rows.map((address, i) =>
        address.set(
          add(
            matrix,
            mul(
              add(
                first.get,
                smaller(i32(i), sub(count.get, i32(1))),
              ),
              bytes,
            ),
          ),
        )
      ),
    rows,
    /** Runs code for each row of the chunk, with its number there. */
    eachRow: (code: (row: Local) => Code): Code => [
      row.set(i32(0)),
      loopWhile(less(row.get, count.get), code(row), row.add(1)),
    ],
    /** Repeats code for each step. */
    eachStep: (...code: Code): Code => [
      left.set(args.steps.get),
      loopWhile(greater(left.get, i32(0)), code, left.add(-1)),
    ],
    /** The activation of gates: a sigmoid or its three lines. */
    gate: (x: Local): Code =>
      either(
        args.soft.get,
        functions.sigmoid(x),
        x.set(
          v128.atMostOf(
            v128.atLeastOf(
              v128.add(times(x.get, constant(0.2)), constant(0.5)),
              v128.zero,
            ),
            constant(1),
          ),
        ),
      ),
    /** Sets x to x times the slope of the gate that gave y. */
    gateGrad: (x: Local, y: Local): Code =>
      either(
        args.soft.get,
        x.set(times(x.get, times(y.get, minus(constant(1), y.get)))),
        x.set(
          times(
            x.get,
            v128.or(
              v128.and(
                v128.and(
                  v128.greater(y.get, v128.zero),
                  v128.less(y.get, constant(1)),
                ),
                constant(0.2),
              ),
              v128.different(y.get, y.get),
            ),
          ),
        ),
      ),
    /** The slope of the hyperbolic tangent that gave y. */
    tanhSlope: (y: Local): Code => minus(constant(1), times(y.get, y.get)),
  };
}

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
