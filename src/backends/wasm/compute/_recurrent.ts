/**
 * What the kernels of LSTM and GRU layers share, which run over all time steps,
 * forwards and backwards.
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
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { functionsOf } from "./_functions.ts";
import { type Arguments, mulAdd, PANEL, type Target } from "./_kernel.ts";

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
export function recurrence(
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
