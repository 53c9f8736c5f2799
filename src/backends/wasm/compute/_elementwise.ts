/** Functions of one value or of two, over whole tensors. */
import {
  add,
  type Code,
  either,
  equal,
  i32,
  type Local,
  mul,
  smaller,
  sub,
  v128,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { type Functions, functionsOf } from "./_functions.ts";
import { eachBlock, kernelFunction, type Target } from "./_kernel.ts";
import { eachRowOf } from "./_move.ts";
import { keysOf } from "../../../runtime/records.ts";

const { constant, select, zero } = v128;

/** All bits, which is NaN, where x is NaN. */
function isNaN(x: Code): Code {
  return v128.different(x, x);
}

/** 1 where the mask is set, 0 elsewhere, and NaN where x is NaN. */
function oneWhere(mask: Code, x: Code): Code {
  return v128.or(v128.and(mask, constant(1)), isNaN(x));
}

interface Operands {
  readonly x: Local;
  /** One that the function may use. */
  readonly y: Local;
  /** Up to two numbers. */
  readonly first: Code;
  readonly second: Code;
  readonly functions: Functions;
}

/** What sets x to the function's value. */
type Unary = (operands: Operands) => Code;

const unaryCode = {
  relu: ({ x }) => x.set(v128.atLeastOf(x.get, zero)),
  relu6: ({ x }) =>
    x.set(v128.atMostOf(v128.atLeastOf(x.get, zero), constant(6))),
  /** `first` where x ≤ 0. */
  step: ({ x, first }) =>
    x.set(
      v128.or(
        select(constant(1), first, v128.greater(x.get, zero)),
        isNaN(x.get),
      ),
    ),
  leakyRelu: ({ x, first }) =>
    x.set(
      select(x.get, v128.mul(x.get, first), v128.atLeast(x.get, zero)),
    ),
  /** Cut off below `first` and above `second`. */
  clip: ({ x, first, second }) =>
    x.set(v128.atMostOf(v128.atLeastOf(x.get, first), second)),
  square: ({ x }) => x.set(v128.mul(x.get, x.get)),
  sqrt: ({ x }) => x.set(v128.sqrt(x.get)),
  rsqrt: ({ x }) => x.set(v128.div(constant(1), v128.sqrt(x.get))),
  neg: ({ x }) => x.set(v128.neg(x.get)),
  abs: ({ x }) => x.set(v128.abs(x.get)),
  /** x above 0, `first` (eˣ − 1) below, `second` times that. */
  elu: ({ x, y, first, second, functions }) => [
    y.set(x.get),
    x.set(v128.atMostOf(x.get, zero)),
    functions.expMinusOne(x),
    x.set(
      v128.mul(
        select(y.get, v128.mul(x.get, first), v128.atLeast(y.get, zero)),
        second,
      ),
    ),
  ],
  exp: ({ x, functions }) => functions.exp(x),
  log: ({ x, functions }) => functions.log(x),
  log1p: ({ x, functions }) => functions.log1p(x),
  tanh: ({ x, functions }) => functions.tanh(x),
  sigmoid: ({ x, functions }) => functions.sigmoid(x),
  softplus: ({ x, functions }) => functions.softplus(x),
} as const satisfies Record<string, Unary>;

type Binary = (a: Local, b: Local) => Code;

const binaryCode = {
  add: (a, b) => v128.add(a.get, b.get),
  sub: (a, b) => v128.sub(a.get, b.get),
  mul: (a, b) => v128.mul(a.get, b.get),
  div: (a, b) => v128.div(a.get, b.get),
  max: (a, b) => v128.max(a.get, b.get),
  min: (a, b) => v128.min(a.get, b.get),
  squaredDifference: (a, b) =>
    v128.mul(v128.sub(a.get, b.get), v128.sub(a.get, b.get)),
  /** Gradients: a is dy, b what their function gave or was given. */
  reluGrad: (dy, y) =>
    v128.mul(dy.get, oneWhere(v128.greater(y.get, zero), y.get)),
  relu6Grad: (dy, x) =>
    v128.mul(
      dy.get,
      oneWhere(
        v128.and(
          v128.greater(x.get, zero),
          v128.atMost(x.get, constant(6)),
        ),
        x.get,
      ),
    ),
  eluGrad: (dy, y) =>
    select(
      dy.get,
      v128.mul(dy.get, v128.add(y.get, constant(1))),
      v128.atLeast(y.get, zero),
    ),
  sigmoidGrad: (dy, y) =>
    v128.mul(
      dy.get,
      v128.mul(y.get, v128.sub(constant(1), y.get)),
    ),
  tanhGrad: (dy, y) =>
    v128.mul(
      v128.sub(constant(1), v128.mul(y.get, y.get)),
      dy.get,
    ),
} as const satisfies Record<string, Binary>;

/** The name of a function of one value. */
export type UnaryOp = keyof typeof unaryCode;
/** The name of a function of two values. */
export type BinaryOp = keyof typeof binaryCode;

export const unaryOps = keysOf(unaryCode);
export const binaryOps = keysOf(binaryCode);

/** Vectors of a row that are computed before the next look at its length. */
const VECTORS = 4;

/** A function of each value. */
export function unary(target: Target): FunctionBuilder {
  return kernelFunction("unary", (f, args, chunk) => {
    const functions = functionsOf(f, target);
    const [start, count] = f.locals("i32", 2);
    const [x, y, first, second] = f.locals("v128", 4);
    const set = (op: UnaryOp) =>
      unaryCode[op]({
        x,
        y,
        first: first.get,
        second: second.get,
        functions,
      });
    return [
      functions.start,
      start.set(mul(chunk.get, args.chunk.get)),
      count.set(smaller(sub(args.length.get, start.get), args.chunk.get)),
      args.x.add(mul(start.get, i32(4))),
      args.out.add(mul(start.get, i32(4))),
      first.set(v128.splatI32(args.first.get)),
      second.set(v128.splatI32(args.second.get)),
      unaryOps.map((op, number) =>
        when(
          equal(args.op.get, i32(number)),
          eachBlock(
            f,
            { columns: count, most: 1 },
            ({ offset, load, store }) => [
              x.set(load(add(args.x.get, offset.get), 0)),
              set(op),
              store(add(args.out.get, offset.get), 0, x.get),
            ],
          ),
        )
      ),
    ];
  });
}

/** A function of two values each, which may be broadcast. */
export function binary(): FunctionBuilder {
  return kernelFunction("binary", (f, args, chunk) => {
    const [first, rowBytes, count, left] = f.locals("i32", 4);
    const [a, b] = f.locals("v128", 2);
    const dimensions = [
      { size: args.size0, steps: [args.a0, args.b0] },
      { size: args.size1, steps: [args.a1, args.b1] },
      { size: args.size2, steps: [args.a2, args.b2] },
      { size: args.size3, steps: [args.a3, args.b3] },
    ];
    /** A row, of operands that have values of their own or one for all. */
    const row = (op: BinaryOp, own: { a: boolean; b: boolean }) => [
      own.a ? [] : a.set(v128.splat(args.a.get)),
      own.b ? [] : b.set(v128.splat(args.b.get)),
      eachBlock(
        f,
        { columns: count, most: VECTORS },
        ({ offset, vectors, load, store }) =>
          Array.from({ length: vectors }, (_, i) => [
            own.a ? a.set(load(add(args.a.get, offset.get), i)) : [],
            own.b ? b.set(load(add(args.b.get, offset.get), i)) : [],
            store(
              add(args.out.get, offset.get),
              i,
              binaryCode[op](a, b),
            ),
          ]),
      ),
    ];
    return [
      first.set(mul(chunk.get, args.chunkRows.get)),
      rowBytes.set(mul(args.inner.get, i32(4))),
      args.out.add(mul(first.get, rowBytes.get)),
      left.set(sub(args.length.get, mul(first.get, args.inner.get))),
      binaryOps.map((op, number) =>
        when(
          equal(args.op.get, i32(number)),
          eachRowOf(
            f,
            {
              dimensions,
              addresses: [args.a, args.b],
              first: first.get,
              end: smaller(add(first.get, args.chunkRows.get), args.rows.get),
            },
            () => [
              count.set(smaller(args.inner.get, left.get)),
              either(
                args.aStep.get,
                either(
                  args.bStep.get,
                  row(op, { a: true, b: true }),
                  row(op, { a: true, b: false }),
                ),
                row(op, { a: false, b: true }),
              ),
              args.out.add(rowBytes.get),
              left.add(sub(i32(0), args.inner.get)),
            ],
          ),
        )
      ),
    ];
  });
}
