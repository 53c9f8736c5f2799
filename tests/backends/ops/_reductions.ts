/** Sums and the like over axes, and what is built on them. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  type Expected,
  indexOf,
  input,
  type Kind,
  length,
  lengthOrNone,
  offsetOf,
  type Operation,
  shapes,
  sizeOf,
  stridesOf,
  Sum,
  type Values,
} from "./_operation.ts";

interface Over {
  readonly axes: number[];
  readonly keepDims: boolean;
}

const KINDS: Kind[] = ["ordinary", "negative", "positive", "ties", "huge"];
const SIDES: Kind[] = ["ordinary", "negative", "positive", "huge"];

function over(shape: number[]): fc.Arbitrary<Over> {
  return fc.record({
    axes: fc.subarray(shape.map((_, axis) => axis)),
    keepDims: fc.boolean(),
  });
}

function reducedShape(shape: readonly number[], { axes, keepDims }: Over) {
  return shape.map((n, axis) => axes.includes(axis) ? 1 : n)
    .filter((_, axis) => keepDims || !axes.includes(axis));
}

/** Where each value goes in the result. */
function target(shape: readonly number[], { axes }: Over) {
  const kept = stridesOf(shape.map((n, axis) => axes.includes(axis) ? 1 : n))
    .map((stride, axis) => axes.includes(axis) ? 0 : stride);
  return (at: number) => offsetOf(indexOf(at, shape), kept);
}

/** The values that each result is made of, by where they lie. */
function groups(shape: readonly number[], reduced: Over): number[][] {
  const to = target(shape, reduced);
  const made = Array.from(
    { length: sizeOf(reducedShape(shape, reduced)) },
    () => [] as number[],
  );
  for (let i = 0; i < sizeOf(shape); i++) made[to(i)].push(i);
  return made;
}

type Op = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;
const absolute = (xs: number[]) => xs.reduce((sum, x) => sum + Math.abs(x), 0);
const total = (xs: number[]) => xs.reduce((sum, x) => sum + x, 0);

function reduction(
  name: string,
  { op, f, slope, kinds }: {
    readonly op: Op;
    readonly f: (xs: number[]) => number;
    readonly slope?: (xs: number[], i: number, y: number) => number;
    readonly kinds: Kind[];
  },
  {
    bound = absolute,
    least = 0,
    dtype,
    lengths = lengthOrNone,
  }: {
    bound?: (xs: number[]) => number;
    least?: number;
    dtype?: "int32" | "bool";
    lengths?: fc.Arbitrary<number>;
  } = {},
): Operation {
  return {
    name,
    cases: shapes(least, 4, lengths).chain((shape) =>
      fc.tuple(input(shape, kinds, { dtype }), over(shape)).map((
        [x, attrs],
      ): Case => ({ inputs: [x], attrs }))
    ),
    run: ([x], { axes, keepDims }) => op(x, axes, keepDims),
    forward: ([x], attrs): Expected[] => {
      const each = groups(x.shape, attrs).map((group) =>
        group.map((i) => x.values[i])
      );
      return [{
        shape: reducedShape(x.shape, attrs),
        values: Float64Array.from(each, f),
        bound: Float64Array.from(each, bound),
      }];
    },
    backward: slope && (([x], attrs, { dys: [dy], outputs: [y] }) => {
      const dx = new Sum(x.shape);
      groups(x.shape, attrs).forEach((group, to) => {
        const xs = group.map((i) => x.values[i]);
        group.forEach((from, i) => {
          dx.add(from, dy[to] * slope(xs, i, y.values[to]));
          dx.bound[from] += Math.abs(dy[to]);
        });
      });
      return [dx];
    }),
    roundings: 8,
  };
}

const largest = (xs: number[]) => xs.reduce((a, b) => a > b ? a : b, -Infinity);
const smallest = (xs: number[]) => xs.reduce((a, b) => a < b ? a : b, Infinity);
const nan = (f: (xs: number[]) => number) => (xs: number[]) =>
  xs.some(Number.isNaN) ? NaN : f(xs);
const one = (f: (xs: number[]) => number) => (xs: number[]) => Math.abs(f(xs));
const logSumExp = (xs: number[]) => {
  const largest = Math.max(...xs);
  const most = Number.isFinite(largest) ? largest : 0;
  return most + Math.log(total(xs.map((x) => Math.exp(x - most))));
};
/** Of equal values, each has its share. */
const shared = (xs: number[], i: number, y: number) =>
  xs[i] === y ? 1 / xs.filter((x) => x === y).length : 0;
const anyOf = (xs: number[]) => Number(xs.some((x) => x !== 0));
const allOf = (xs: number[]) => Number(xs.every((x) => x !== 0));

const reductions: Operation[] = [
  reduction("sum", {
    op: (x, a, k) => tf.sum(x, a, k),
    f: total,
    slope: () => 1,
    kinds: KINDS,
  }),
  reduction("sum of int32", {
    op: (x, a, k) => tf.sum(x, a, k),
    f: total,
    kinds: [
      "labels",
    ],
  }, { dtype: "int32" }),
  reduction(
    "mean",
    {
      op: (x, a, k) => tf.mean(x, a, k),
      f: (xs) => total(xs) / xs.length,
      slope: (xs) => 1 / xs.length,
      kinds: KINDS,
    },
    { bound: (xs) => absolute(xs) / xs.length, lengths: length },
  ),
  reduction(
    "max",
    {
      op: (x, a, k) => tf.max(x, a, k),
      f: largest,
      slope: shared,
      kinds: KINDS,
    },
    { bound: one(largest), lengths: length },
  ),
  reduction(
    "min",
    {
      op: (x, a, k) => tf.min(x, a, k),
      f: smallest,
      slope: shared,
      kinds: KINDS,
    },
    { bound: one(smallest), lengths: length },
  ),
  reduction(
    "max of NaN",
    { op: (x, a, k) => tf.max(x, a, k), f: nan(largest), kinds: ["special"] },
    { bound: one(largest), lengths: length },
  ),
  reduction(
    "min of NaN",
    { op: (x, a, k) => tf.min(x, a, k), f: nan(smallest), kinds: ["special"] },
    { bound: one(smallest), lengths: length },
  ),
  reduction(
    "prod",
    {
      op: (x, a, k) => tf.prod(x, a, k),
      f: (xs) => xs.reduce((p, x) => p * x, 1),
      slope: (xs, i) => xs.reduce((p, x, k) => k === i ? p : p * x, 1),
      kinds: ["ordinary", "ties"],
    },
    { bound: one((xs) => xs.reduce((p, x) => p * x, 1)) },
  ),
  reduction(
    "logSumExp",
    {
      op: (x, a, k) => tf.logSumExp(x, a, k),
      f: logSumExp,
      slope: (xs, i, y) => Math.exp(xs[i] - y),
      kinds: ["ordinary", "negative", "positive"],
    },
    { bound: (xs) => 1 + Math.max(...xs.map(Math.abs)), lengths: length },
  ),
  reduction(
    "logSumExp of NaN",
    {
      op: (x, a, k) => tf.logSumExp(x, a, k),
      f: nan(logSumExp),
      kinds: ["special"],
    },
    { bound: (xs) => 1 + Math.max(...xs.map(Math.abs)), lengths: length },
  ),
  reduction("any", {
    op: (x, a, k) => tf.any(x, a, k),
    f: anyOf,
    kinds: ["bits"],
  }, {
    dtype: "bool",
  }),
  reduction("all", {
    op: (x, a, k) => tf.all(x, a, k),
    f: allOf,
    kinds: ["bits"],
  }, {
    dtype: "bool",
  }),
];

function extreme(name: "argMax" | "argMin"): Operation {
  const better = (a: number, b: number) => name === "argMax" ? a > b : a < b;
  return {
    name,
    cases: shapes(1, 4, length).chain((shape) =>
      fc.tuple(input(shape, [...SIDES, "ties"]), fc.nat(shape.length - 1)).map((
        [x, axis],
      ): Case => ({ inputs: [x], attrs: { axes: [axis], keepDims: false } }))
    ),
    run: ([x], { axes }) => tf[name](x, axes[0]),
    forward: ([x], attrs) => {
      const values = Float64Array.from(
        groups(x.shape, attrs),
        (group) =>
          group.reduce(
            (best, at, i) =>
              better(x.values[at], x.values[group[best]]) ? i : best,
            0,
          ),
      );
      return [{
        shape: reducedShape(x.shape, attrs),
        values,
        bound: new Float64Array(values.length),
      }];
    },
  };
}

const moments: Operation = {
  name: "moments",
  cases: shapes(1, 4, length).chain((shape) =>
    fc.tuple(input(shape, ["ordinary", "positive", "ties"]), over(shape)).map((
      [x, attrs],
    ): Case => ({ inputs: [x], attrs }))
  ),
  run: ([x], { axes, keepDims }) => {
    const { mean, variance } = tf.moments(x, axes, keepDims);
    return [mean, variance];
  },
  forward: ([x], attrs) => {
    const shape = reducedShape(x.shape, attrs);
    const each = groups(x.shape, attrs).map((group) =>
      group.map((i) => x.values[i])
    );
    const mean = Float64Array.from(each, (xs) => total(xs) / xs.length);
    const square = (xs: number[], k: number) =>
      total(xs.map((v) => (v - mean[k]) ** 2)) / xs.length;
    return [
      { shape, values: mean, bound: mean.map(() => 3) },
      {
        shape,
        values: Float64Array.from(each, square),
        bound: mean.map(() => 9),
      },
    ];
  },
  backward: ([x], attrs, { dys: [dm, dv], outputs: [mean] }) => {
    const dx = new Sum(x.shape);
    groups(x.shape, attrs).forEach((group, k) =>
      group.forEach((i) => {
        dx.add(i, dm[k] / group.length);
        dx.add(i, dv[k] * 2 * (x.values[i] - mean.values[k]) / group.length);
        dx.bound[i] += (Math.abs(dv[k]) + Math.abs(dm[k])) * 6;
      })
    );
    return [dx];
  },
  roundings: 8,
};

const cumsum: Operation = {
  name: "cumsum",
  cases: fc.array(length, { minLength: 1, maxLength: 3 }).chain((shape) =>
    fc.record({
      x: input(shape, KINDS),
      axis: fc.nat(shape.length - 1),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    }).map(({ x, ...attrs }): Case => ({ inputs: [x], attrs }))
  ),
  run: ([x], { axis, exclusive, reverse }) =>
    tf.cumsum(x, axis, exclusive, reverse),
  forward: ([x], attrs) => [cumulated(x, attrs)],
  backward: ([x], attrs, { dys: [dy] }) => [
    cumulated({ shape: x.shape, values: dy }, {
      ...attrs,
      reverse: !attrs.reverse,
    }),
  ],
  roundings: 4,
};

function cumulated(
  x: Values,
  { axis, exclusive, reverse }: {
    axis: number;
    exclusive: boolean;
    reverse: boolean;
  },
): Expected {
  const y = new Sum(x.shape);
  const step = stridesOf(x.shape)[axis];
  for (let i = 0; i < x.values.length; i++) {
    const place = Math.floor(i / step) % x.shape[axis];
    for (let k = 0; k < x.shape[axis]; k++) {
      const before = reverse ? k > place : k < place;
      if (before || (k === place && !exclusive)) {
        y.add(i, x.values[i + (k - place) * step]);
      }
    }
  }
  return y;
}

const cumprod: Operation = {
  name: "cumprod",
  cases: fc.array(length, { minLength: 1, maxLength: 3 }).chain((shape) =>
    fc.record({
      x: input(shape, ["ordinary", "ties"]),
      axis: fc.nat(shape.length - 1),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    }).map(({ x, ...attrs }): Case => ({ inputs: [x], attrs }))
  ),
  run: ([x], { axis, exclusive, reverse }) =>
    tf.cumprod(x, axis, exclusive, reverse),
  forward: ([x], attrs) => {
    const values = Float64Array.from(
      x.values,
      (_, at) => factorsOf(x, at, attrs).reduce((p, i) => p * x.values[i], 1),
    );
    return [{ shape: x.shape, values, bound: values.map(Math.abs) }];
  },
  backward: ([x], attrs, { dys: [dy] }) => {
    const dx = new Sum(x.shape);
    x.values.forEach((_, at) => {
      const factors = factorsOf(x, at, attrs);
      for (const i of factors) {
        dx.add(
          i,
          factors.reduce((p, k) => k === i ? p : p * x.values[k], dy[at]),
        );
      }
    });
    return [dx];
  },
  roundings: 16,
};

/** Where the factors of a cumulative product are. */
function factorsOf(
  x: Values,
  at: number,
  { axis, exclusive, reverse }: {
    axis: number;
    exclusive: boolean;
    reverse: boolean;
  },
): number[] {
  const step = stridesOf(x.shape)[axis];
  const place = Math.floor(at / step) % x.shape[axis];
  return Array.from({ length: x.shape[axis] }, (_, k) => k)
    .filter((k) =>
      (reverse ? k > place : k < place) || (k === place && !exclusive)
    ).map((k) => at + (k - place) * step);
}

const rows = (x: Values) => {
  const columns = x.shape[x.shape.length - 1];
  return Array.from(
    { length: x.values.length / columns },
    (_, row) => [...x.values.subarray(row * columns, (row + 1) * columns)],
  );
};

function softmaxOf(xs: number[]): number[] {
  const sum = logSumExp(xs);
  return xs.map((x) => Math.exp(x - sum));
}

const softmax: Operation = {
  name: "softmax",
  cases: shapes(1, 4, length).chain((shape) =>
    input(shape, ["ordinary", "negative", "positive", "ties"]).map((
      x,
    ): Case => ({ inputs: [x], attrs: {} }))
  ),
  run: ([x]) => tf.softmax(x),
  forward: ([x]) => {
    const values = Float64Array.from(rows(x).flatMap(softmaxOf));
    return [{ shape: x.shape, values, bound: values.map((y) => 6 * y) }];
  },
  backward: ([x], _, { dys: [dy] }) => {
    const ds = rows({ shape: x.shape, values: dy });
    const values = rows(x).flatMap((xs, r) => {
      const s = softmaxOf(xs);
      const mean = total(s.map((p, i) => p * ds[r][i]));
      return s.map((p, i) => p * (ds[r][i] - mean));
    });
    return [{
      shape: x.shape,
      values: Float64Array.from(values),
      bound: Float64Array.from(values, () => 2),
    }];
  },
  roundings: 8,
};

const logSoftmax: Operation = {
  name: "logSoftmax",
  cases: softmax.cases,
  run: ([x]) => tf.logSoftmax(x),
  forward: ([x]) => {
    const values = Float64Array.from(
      rows(x).flatMap((xs) => {
        const sum = logSumExp(xs);
        return xs.map((v) => v - sum);
      }),
    );
    return [{
      shape: x.shape,
      values,
      bound: values.map((y) => 10 + Math.abs(y)),
    }];
  },
  backward: ([x], _, { dys: [dy] }) => {
    const ds = rows({ shape: x.shape, values: dy });
    const sums = ds.map(absolute);
    const values = rows(x).flatMap((xs, r) => {
      const sum = total(ds[r]);
      return softmaxOf(xs).map((p, i) => ds[r][i] - p * sum);
    });
    const columns = x.shape[x.shape.length - 1];
    return [{
      shape: x.shape,
      values: Float64Array.from(values),
      bound: Float64Array.from(
        values,
        (_, i) => 1 + sums[Math.floor(i / columns)],
      ),
    }];
  },
  roundings: 8,
};

/** Where the largest lie: NaN first, and of equal values the first. */
function placesOf(xs: readonly number[], k: number): number[] {
  const left = xs.map((x, i) => ({ x, i }));
  return Array.from({ length: k }, () => {
    const nan = left.findIndex(({ x }) => Number.isNaN(x));
    const most = largest(left.map(({ x }) => x));
    const at = nan >= 0 ? nan : left.findIndex(({ x }) => x === most);
    return left.splice(at, 1)[0].i;
  });
}

const topk: Operation = {
  name: "topk",
  cases: shapes(1, 3, length).chain((shape) =>
    fc.record({
      x: input(shape, ["ordinary", "negative", "ties", "special"]),
      k: fc.integer({ min: 1, max: shape[shape.length - 1] }),
    }).map(({ x, k }): Case => ({ inputs: [x], attrs: { k } }))
  ),
  run: ([x], { k }) => tf.topk(x, k).values,
  forward: ([x], { k }) => {
    const values = Float64Array.from(
      rows(x).flatMap((xs) => placesOf(xs, k).map((i) => xs[i])),
    );
    return [{
      shape: [...x.shape.slice(0, -1), k],
      values,
      bound: values.map(Math.abs),
    }];
  },
  backward: ([x], { k }, { dys: [dy] }) => {
    const dx = new Sum(x.shape);
    const columns = x.shape[x.shape.length - 1];
    rows(x).forEach((xs, r) =>
      placesOf(xs, k).forEach((i, place) =>
        dx.add(r * columns + i, dy[r * k + place])
      )
    );
    return [dx];
  },
};

export const reducing: Operation[] = [
  ...reductions,
  extreme("argMax"),
  extreme("argMin"),
  moments,
  cumsum,
  cumprod,
  softmax,
  logSoftmax,
  topk,
];
