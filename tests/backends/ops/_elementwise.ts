/** Functions of single values and of pairs that broadcast. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Expected,
  input,
  type Kind,
  length,
  lengthOrNone,
  type Operation,
  shapes,
  sizeOf,
  Sum,
  type Values,
} from "./_operation.ts";
import { broadcastOffsets } from "./_broadcast.ts";

type F1 = (x: number) => number;
type F2 = (a: number, b: number) => number;

const STEP = 1e-6;

/** How far the result may be off where the input is off by a rounding. */
function conditioned(f: F1, x: number, y: number): number {
  const near = Math.abs(f(x * (1 + STEP)) - y) / STEP;
  return Math.abs(y) + (Number.isFinite(near) ? near : 0);
}

function erf(x: number): number {
  // The power series, or the continued fraction of the complement.
  const a = Math.abs(x);
  if (a < 3) {
    let [term, sum] = [a, a];
    for (let n = 1; n < 80; n++) {
      term *= -a * a / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  if (Number.isNaN(x)) return x;
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) *
    (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
}

const WIDE: Kind[] = ["ordinary", "negative", "positive", "ties", "special"];
const TRIG: Kind[] = ["ordinary", "negative", "positive", "ties", "tiny"];
const FAR: Kind[] = [...TRIG, "far"];
const ALPHA = 1.6732632423543772, SCALE = 1.0507009873554805;

/** What is as exact as its range is wide, rather than as its value is large. */
const ABSOLUTE: Record<string, number> = {
  ...{ sin: 1, cos: 1, asin: 1, acos: 1 },
  // Logarithms are taken of these, and gradients divided by them.
  ...{ exp: 0, expm1: 0, log1p: 0, sigmoid: 0, softplus: 0, logSigmoid: 0 },
  ...{ tanh: 0, sinh: 0, asinh: 0, atanh: 0, atan: 0, tan: 0 },
  ...{ elu: 0, selu: 0 },
};

const UNARY: Record<
  string,
  [(x: tf.Tensor) => tf.Tensor, F1, F1 | undefined, Kind[]]
> = {
  abs: [tf.abs, Math.abs, Math.sign, TRIG],
  "abs of NaN": [tf.abs, Math.abs, undefined, WIDE],
  neg: [tf.neg, (x) => -x, () => -1, TRIG],
  "neg of NaN": [tf.neg, (x) => -x, undefined, WIDE],
  square: [tf.square, (x) => x * x, (x) => 2 * x, TRIG],
  "square of NaN": [tf.square, (x) => x * x, undefined, WIDE],
  sqrt: [tf.sqrt, Math.sqrt, (x) => 0.5 / Math.sqrt(x), ["positive"]],
  rsqrt: [
    tf.rsqrt,
    (x) => 1 / Math.sqrt(x),
    (x) => -0.5 / (x * Math.sqrt(x)),
    ["positive"],
  ],
  exp: [tf.exp, Math.exp, Math.exp, FAR],
  expm1: [tf.expm1, Math.expm1, Math.exp, FAR],
  log: [tf.log, Math.log, (x) => 1 / x, ["positive"]],
  "log of NaN": [tf.log, Math.log, undefined, WIDE],
  log1p: [
    tf.log1p,
    Math.log1p,
    (x) => 1 / (1 + x),
    ["positive", "unit", "tiny"],
  ],
  sin: [tf.sin, Math.sin, Math.cos, TRIG],
  cos: [tf.cos, Math.cos, (x) => -Math.sin(x), TRIG],
  tan: [tf.tan, Math.tan, (x) => 1 / Math.cos(x) ** 2, ["unit", "tiny"]],
  asin: [tf.asin, Math.asin, (x) => 1 / Math.sqrt(1 - x * x), ["unit", "tiny"]],
  acos: [tf.acos, Math.acos, (x) => -1 / Math.sqrt(1 - x * x), [
    "unit",
    "tiny",
  ]],
  atan: [tf.atan, Math.atan, (x) => 1 / (1 + x * x), FAR],
  sinh: [tf.sinh, Math.sinh, Math.cosh, FAR],
  cosh: [tf.cosh, Math.cosh, Math.sinh, FAR],
  tanh: [tf.tanh, Math.tanh, (x) => 1 - Math.tanh(x) ** 2, FAR],
  asinh: [tf.asinh, Math.asinh, (x) => 1 / Math.sqrt(1 + x * x), FAR],
  atanh: [tf.atanh, Math.atanh, (x) => 1 / (1 - x * x), ["unit", "tiny"]],
  sigmoid: [
    tf.sigmoid,
    (x) => 1 / (1 + Math.exp(-x)),
    (x) => 1 / (2 + Math.exp(x) + Math.exp(-x)),
    FAR,
  ],
  softplus: [
    tf.softplus,
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (x) => 1 / (1 + Math.exp(-x)),
    FAR,
  ],
  relu: [
    tf.relu,
    (x) => x > 0 ? x : x <= 0 ? 0 : x,
    (x) => x > 0 ? 1 : x <= 0 ? 0 : x,
    WIDE,
  ],
  relu6: [
    tf.relu6,
    (x) => Number.isNaN(x) ? x : Math.min(6, Math.max(0, x)),
    (x) => x > 0 && x < 6 ? 1 : 0,
    ["ordinary", "negative", "positive"],
  ],
  "relu6 of NaN": [
    tf.relu6,
    (x) => Number.isNaN(x) ? x : Math.min(6, Math.max(0, x)),
    undefined,
    WIDE,
  ],
  elu: [
    tf.elu,
    (x) => x >= 0 ? x : Math.expm1(x),
    (x) => x >= 0 ? 1 : Math.exp(x),
    ["ordinary", "negative", "positive", "tiny"],
  ],
  "elu of NaN": [
    tf.elu,
    (x) => x >= 0 ? x : Math.expm1(x),
    undefined,
    WIDE,
  ],
  "selu of NaN": [
    tf.selu,
    (x) => SCALE * (x >= 0 ? x : ALPHA * Math.expm1(x)),
    undefined,
    WIDE,
  ],
  selu: [
    tf.selu,
    (x) => SCALE * (x >= 0 ? x : ALPHA * Math.expm1(x)),
    (x) => SCALE * (x > 0 ? 1 : ALPHA * Math.exp(x)),
    ["ordinary", "negative", "positive", "tiny"],
  ],
  leakyRelu: [
    (x) => tf.leakyRelu(x, 0.3),
    (x) => x > 0 ? x : 0.3 * x,
    (x) => x > 0 ? 1 : 0.3,
    ["ordinary", "negative", "positive"],
  ],
  clipByValue: [
    (x) => tf.clipByValue(x, -0.5, 0.7),
    (x) => x < Math.fround(-0.5) ? -0.5 : x > Math.fround(0.7) ? 0.7 : x,
    (x) => x >= -0.5 && x <= 0.7 ? 1 : 0,
    ["ordinary", "negative", "positive"],
  ],
  "clipByValue of NaN": [
    (x) => tf.clipByValue(x, -0.5, 0.7),
    (x) => x < -0.5 ? -0.5 : x > 0.7 ? 0.7 : x,
    undefined,
    WIDE,
  ],
  ceil: [tf.ceil, Math.ceil, () => 0, WIDE],
  floor: [tf.floor, Math.floor, () => 0, WIDE],
  round: [
    tf.round,
    (x) => {
      const low = Math.floor(x);
      if (x - low < 0.5) return low;
      if (x - low > 0.5) return low + 1;
      return low % 2 === 0 ? low : low + 1;
    },
    () => 0,
    TRIG,
  ],
  sign: [tf.sign, Math.sign, () => 0, TRIG],
  step: [(x) => tf.step(x), (x) => x > 0 ? 1 : 0, () => 0, TRIG],
  reciprocal: [
    tf.reciprocal,
    (x) => 1 / x,
    (x) => -1 / (x * x),
    ["positive", "negative"],
  ],
  erf: [
    tf.erf,
    erf,
    (x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x),
    TRIG,
  ],
  isNaN: [tf.isNaN, (x) => Number(Number.isNaN(x)), undefined, WIDE],
  isFinite: [tf.isFinite, (x) => Number(Number.isFinite(x)), undefined, WIDE],
  logSigmoid: [
    tf.logSigmoid,
    (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
    (x) => 1 / (1 + Math.exp(x)),
    FAR,
  ],
};

const unary = Object.entries(UNARY).map(([name, [op, f, df, kinds]]) => ({
  name,
  cases: shapes(0, 4).chain((shape) =>
    input(shape, kinds).map((x) => ({ inputs: [x], attrs: {} }))
  ),
  run: ([x]: tf.Tensor[]) => op(x),
  forward: ([x]: Values[]): Expected[] => {
    const values = x.values.map(f);
    return [{
      shape: x.shape,
      values,
      // The results of erf and the like are as exact as their range is wide.
      bound: values.map((y, i) =>
        conditioned(f, x.values[i], y) +
        (Number.isFinite(y) ? ABSOLUTE[name] ?? 0.01 : 0)
      ),
    }];
  },
  backward: df &&
    (([x]: Values[], _: unknown, { dys: [dy] }: { dys: Float64Array[] }) => {
      const slopes = x.values.map(df);
      return [{
        shape: x.shape,
        values: slopes.map((slope, i) => slope * dy[i]),
        bound: slopes.map((slope, i) =>
          Math.abs(dy[i]) * (conditioned(df, x.values[i], slope) + 0.1)
        ),
      }];
    }),
  roundings: name === "erf" ? 40 : 8,
}));

const bool = (test: (a: number, b: number) => boolean): F2 => (a, b) =>
  Number(test(a, b));
const TWO: Kind[] = ["ordinary", "negative", "positive", "ties", "huge"];
const propagate = (choose: F2): F2 => (a, b) =>
  Number.isNaN(a) || Number.isNaN(b) ? NaN : choose(a, b);

const BINARY: Record<
  string,
  [
    (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
    F2,
    [F2, F2] | undefined,
    Kind[],
    Kind[],
  ]
> = {
  add: [tf.add, (a, b) => a + b, [() => 1, () => 1], TWO, TWO],
  sub: [tf.sub, (a, b) => a - b, [() => 1, () => -1], TWO, TWO],
  mul: [tf.mul, (a, b) => a * b, [(_, b) => b, (a) => a], TWO, TWO],
  "add of NaN": [tf.add, (a, b) => a + b, undefined, WIDE, WIDE],
  "mul of NaN": [tf.mul, (a, b) => a * b, undefined, WIDE, TWO],
  div: [
    tf.div,
    (a, b) => a / b,
    [(_, b) => 1 / b, (a, b) => -a / (b * b)],
    TWO,
    ["negative", "positive", "huge"],
  ],
  maximum: [
    tf.maximum,
    propagate(Math.max),
    [(a, b) => Number(a >= b), (a, b) => Number(a < b)],
    ["ordinary", "negative", "positive"],
    ["ordinary", "negative", "positive"],
  ],
  minimum: [
    tf.minimum,
    propagate(Math.min),
    [(a, b) => Number(a <= b), (a, b) => Number(a > b)],
    ["ordinary", "negative", "positive"],
    ["ordinary", "negative", "positive"],
  ],
  "maximum of NaN": [tf.maximum, propagate(Math.max), undefined, WIDE, WIDE],
  "minimum of NaN": [tf.minimum, propagate(Math.min), undefined, WIDE, WIDE],
  squaredDifference: [
    tf.squaredDifference,
    (a, b) => (a - b) ** 2,
    [(a, b) => 2 * (a - b), (a, b) => 2 * (b - a)],
    TWO,
    TWO,
  ],
  pow: [
    tf.pow,
    (a, b) => a ** b,
    [(a, b) => b * a ** (b - 1), (a, b) => a ** b * Math.log(a)],
    ["positive"],
    ["ordinary", "positive", "negative"],
  ],
  "pow of whole exponents": [
    tf.pow,
    (a, b) => a ** b,
    undefined,
    ["negative", "positive"],
    ["labels"],
  ],
  atan2: [
    tf.atan2,
    Math.atan2,
    [(a, b) => b / (a * a + b * b), (a, b) => -a / (a * a + b * b)],
    ["ordinary", "negative", "positive"],
    ["negative", "positive"],
  ],
  mod: [
    tf.mod,
    (a, b) => a - Math.floor(a / b) * b,
    undefined,
    ["positive", "negative"],
    ["positive"],
  ],
  prelu: [
    tf.prelu,
    (x, alpha) => x >= 0 ? x : alpha * x,
    [(x, alpha) => x > 0 ? 1 : alpha, (x) => x > 0 ? 0 : x],
    ["ordinary", "negative", "positive"],
    ["ordinary", "positive"],
  ],
  equal: [tf.equal, bool((a, b) => a === b), undefined, ["ties"], ["ties"]],
  notEqual: [tf.notEqual, bool((a, b) => a !== b), undefined, ["ties"], [
    "ties",
  ]],
  greater: [tf.greater, bool((a, b) => a > b), undefined, WIDE, ["ties"]],
  greaterEqual: [tf.greaterEqual, bool((a, b) => a >= b), undefined, WIDE, [
    "ties",
  ]],
  less: [tf.less, bool((a, b) => a < b), undefined, WIDE, ["ties"]],
  lessEqual: [tf.lessEqual, bool((a, b) => a <= b), undefined, WIDE, ["ties"]],
};

/** Two shapes that broadcast to one another, and what they broadcast to. */
const pairs = fc.boolean().chain((plain) =>
  // tfjs takes an axis of no length for one that is not broadcast.
  shapes(0, 4, plain ? lengthOrNone : length).map((shape) => ({ shape, plain }))
).chain(({ shape, plain }) =>
  fc.record({
    rank: fc.integer({ min: 0, max: shape.length }),
    ones: fc.array(fc.boolean(), {
      minLength: shape.length,
      maxLength: shape.length,
    }),
    swapped: fc.boolean(),
    mixed: fc.boolean(),
  }).map(({ rank, ones, swapped, mixed }) => {
    const other = plain
      ? [...shape]
      : shape.slice(shape.length - rank).map((n, i) => ones[i] ? 1 : n);
    // Now and then both have lengths of 1 that the other has not.
    const own = mixed && !plain
      ? shape.map((n, i) =>
        (other[i - shape.length + other.length] ?? 1) !== 1 &&
          ones[ones.length - 1 - i]
          ? 1
          : n
      )
      : shape;
    return { a: swapped ? other : own, b: swapped ? own : other, shape };
  })
);

function both(a: Values, b: Values, shape: readonly number[]) {
  const [at, bt] = [a, b].map((x) => broadcastOffsets(x.shape, shape));
  return { at, bt, size: sizeOf(shape) };
}

function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [
      a[i - rank + a.length] ?? 1,
      b[i - rank + b.length] ?? 1,
    ];
    return m === 1 ? n : m;
  });
}

const binary: Operation[] = Object.entries(BINARY).map((
  [name, [op, f, slopes, left, right]],
) => ({
  name,
  cases:
    (name === "prelu"
      ? pairs.filter(({ a, shape }) =>
        a.length === shape.length && a.every((n, i) => n === shape[i])
      )
      : pairs).chain(({ a, b }) =>
        fc.tuple(input(a, left), input(b, right)).map((inputs) => ({
          inputs,
          attrs: {},
        }))
      ),
  run: ([a, b]) => op(a, b),
  forward: ([a, b]) => {
    const shape = broadcastShape(a.shape, b.shape);
    const { at, bt, size } = both(a, b, shape);
    const values = new Float64Array(size);
    const bound = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const [p, q] = [a.values[at(i)], b.values[bt(i)]];
      values[i] = f(p, q);
      // Comparisons are exact.
      bound[i] = slopes || name.startsWith("pow") || name === "mod"
        ? conditioned((x) => f(x, q), p, values[i]) +
          conditioned((x) => f(p, x), q, values[i])
        : Math.abs(values[i]);
    }
    return [{ shape, values, bound }];
  },
  backward: slopes && (([a, b], _, { dys: [dy], outputs: [y] }) => {
    const { at, bt, size } = both(a, b, y.shape);
    const [da, db] = [new Sum(a.shape), new Sum(b.shape)];
    for (let i = 0; i < size; i++) {
      const [p, q] = [a.values[at(i)], b.values[bt(i)]];
      [[da, at, slopes[0]], [db, bt, slopes[1]]].forEach((part) => {
        const [sum, offset, slope] = part as [Sum, F1, F2];
        const s = slope(p, q);
        sum.add(offset(i), dy[i] * s);
        sum.bound[offset(i)] += Math.abs(dy[i]) *
          (conditioned((x) => slope(x, q), p, s) +
            conditioned((x) => slope(p, x), q, s));
      });
    }
    return [da, db];
  }),
  roundings: 8,
}));

const where: Operation = {
  name: "where",
  cases: pairs.chain(({ a, b, shape }) =>
    fc.tuple(
      input(shape, ["bits"], { dtype: "bool" }),
      input(a, TWO),
      input(b, TWO),
    ).map((inputs) => ({ inputs, attrs: {} }))
  ),
  run: ([condition, a, b]) => tf.where(condition as tf.Tensor<tf.Rank>, a, b),
  forward: ([condition, a, b]) => {
    const { at, bt, size } = both(a, b, condition.shape);
    const values = Float64Array.from(
      { length: size },
      (_, i) => condition.values[i] ? a.values[at(i)] : b.values[bt(i)],
    );
    return [{ shape: condition.shape, values, bound: values.map(Math.abs) }];
  },
};

const logical: Operation[] = ([
  ["logicalAnd", tf.logicalAnd, (a, b) => a & b],
  ["logicalOr", tf.logicalOr, (a, b) => a | b],
  ["logicalXor", tf.logicalXor, (a, b) => a ^ b],
] as [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, F2][]).map((
  [name, op, f],
) => ({
  name,
  cases: pairs.chain(({ a, b }) =>
    fc.tuple(
      input(a, ["bits"], { dtype: "bool" }),
      input(b, ["bits"], { dtype: "bool" }),
    ).map((inputs) => ({ inputs, attrs: {} }))
  ),
  run: ([a, b]) => op(a, b),
  forward: ([a, b]) => {
    const shape = broadcastShape(a.shape, b.shape);
    const { at, bt, size } = both(a, b, shape);
    const values = Float64Array.from(
      { length: size },
      (_, i) => f(a.values[at(i)], b.values[bt(i)]),
    );
    return [{ shape, values, bound: values }];
  },
}));

const WHOLE = { dtype: "int32" } as const;
const whole: Operation[] = ([
  ["add of int32", tf.add, (a, b) => a + b],
  ["sub of int32", tf.sub, (a, b) => a - b],
  ["mul of int32", tf.mul, (a, b) => a * b],
  ["maximum of int32", tf.maximum, Math.max],
  ["minimum of int32", tf.minimum, Math.min],
  ["equal of int32", tf.equal, (a, b) => Number(a === b)],
  ["greater of int32", tf.greater, (a, b) => Number(a > b)],
] as [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, F2][]).map((
  [name, op, f],
) => ({
  name,
  cases: pairs.chain(({ a, b }) =>
    fc.tuple(input(a, ["labels"], WHOLE), input(b, ["labels"], WHOLE)).map((
      inputs,
    ) => ({ inputs, attrs: {} }))
  ),
  run: ([a, b]) => op(a, b),
  forward: ([a, b]) => {
    const shape = broadcastShape(a.shape, b.shape);
    const { at, bt, size } = both(a, b, shape);
    const values = Float64Array.from(
      { length: size },
      (_, i) => f(a.values[at(i)], b.values[bt(i)]),
    );
    return [{ shape, values, bound: values.map(Math.abs) }];
  },
}));

const addN: Operation = {
  name: "addN",
  cases: shapes(0, 3, lengthOrNone).chain((shape) =>
    fc.array(input(shape, TWO), { minLength: 1, maxLength: 12 }).map((
      inputs,
    ) => ({ inputs, attrs: {} }))
  ),
  run: (inputs) => tf.addN(inputs),
  forward: (inputs) => {
    const sum = new Sum(inputs[0].shape);
    for (const { values } of inputs) values.forEach((x, i) => sum.add(i, x));
    return [sum];
  },
  backward: (inputs, _, { dys: [dy] }) =>
    inputs.map(({ shape }) => ({
      shape,
      values: dy,
      bound: dy.map(Math.abs),
    })),
};

export const elementwise: Operation[] = [
  ...unary,
  ...binary,
  where,
  ...logical,
  ...whole,
  addN,
];
