/** Matrix products. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  input,
  type Kind,
  length,
  lengthOrNone,
  type Operation,
  sizeOf,
  Sum,
} from "./_operation.ts";
import { broadcastOffsets } from "./_broadcast.ts";

const KINDS: Kind[] = ["ordinary", "negative", "positive", "ties", "huge"];

interface Product {
  readonly a: number[];
  readonly b: number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const side = fc.oneof(
  { weight: 12, arbitrary: lengthOrNone },
  { weight: 1, arbitrary: fc.integer({ min: 20, max: 120 }) },
);

const products: fc.Arbitrary<Product> = fc.record({
  m: side,
  n: side,
  k: fc.oneof({ weight: 12, arbitrary: length }, {
    weight: 1,
    arbitrary: fc.integer({ min: 20, max: 120 }),
  }),
  batch: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  ones: fc.array(fc.constantFrom("a", "b", "none", "none"), {
    minLength: 2,
    maxLength: 2,
  }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
}).map(({ batch, ones, m, n, k, transposeA, transposeB }) => ({
  m,
  n,
  k,
  transposeA,
  transposeB,
  a: [
    ...batch.map((size, i) => ones[i] === "a" ? 1 : size),
    ...(transposeA ? [k, m] : [m, k]),
  ],
  b: [
    ...batch.map((size, i) => ones[i] === "b" ? 1 : size),
    ...(transposeB ? [n, k] : [k, n]),
  ],
}));

function batchOf({ a, b }: Product): number[] {
  return a.slice(0, -2).map((size, i) => Math.max(size, b[i]));
}

/** Calls back for each product of two values, and where it goes. */
function each(
  p: Product,
  visit: (at: number, bt: number, out: number) => void,
): void {
  const { m, n, k, transposeA, transposeB } = p;
  const batch = batchOf(p);
  const [aOf, bOf] = [p.a, p.b].map((shape) =>
    broadcastOffsets(shape.slice(0, -2), batch)
  );
  for (let i = 0; i < sizeOf(batch); i++) {
    const [a0, b0] = [aOf(i) * m * k, bOf(i) * k * n];
    for (let r = 0; r < m; r++) {
      for (let c = 0; c < n; c++) {
        for (let x = 0; x < k; x++) {
          visit(
            a0 + (transposeA ? x * m + r : r * k + x),
            b0 + (transposeB ? c * k + x : x * n + c),
            (i * m + r) * n + c,
          );
        }
      }
    }
  }
}

function matMul(name: string, kinds: Kind[], special = false): Operation {
  return {
    name,
    cases: products.chain((attrs) =>
      fc.tuple(
        input(attrs.a, kinds),
        input(attrs.b, special ? ["ordinary"] : kinds),
      )
        .map((inputs): Case => ({ inputs, attrs }))
    ),
    run: ([a, b], { transposeA, transposeB }) =>
      tf.matMul(a, b, transposeA, transposeB),
    forward: ([a, b], p) => {
      const y = new Sum([...batchOf(p), p.m, p.n]);
      each(p, (at, bt, out) => y.add(out, a.values[at] * b.values[bt]));
      return [y];
    },
    backward: special ? undefined : ([a, b], p, { dys: [dy] }) => {
      const [da, db] = [new Sum(a.shape), new Sum(b.shape)];
      each(p, (at, bt, out) => {
        da.add(at, dy[out] * b.values[bt]);
        db.add(bt, dy[out] * a.values[at]);
      });
      return [da, db];
    },
    roundings: 4,
  };
}

const plain = matMul("", ["ordinary"]);
const ACTIVATIONS: Record<string, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  elu: (x) => x >= 0 ? x : Math.expm1(x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

const fused: Operation = {
  name: "fused.matMul",
  cases: fc.record({
    // tfjs refuses to differentiate one of several matrices and a single one.
    product: products.filter(({ a, b }) =>
      a.slice(0, -2).join() === b.slice(0, -2).join()
    ),
    activation: fc.constantFrom(...Object.keys(ACTIVATIONS)),
    withBias: fc.boolean(),
  }).chain(({ product, activation, withBias }) =>
    fc.tuple(
      input(product.a, ["ordinary"]),
      input(product.b, ["ordinary"]),
      ...(withBias ? [input([product.n], ["ordinary"])] : []),
    ).map((inputs): Case => ({ inputs, attrs: { ...product, activation } }))
  ),
  run: ([a, b, bias], { transposeA, transposeB, activation }) =>
    tf.fused.matMul({ a, b, bias, transposeA, transposeB, activation }),
  forward: ([a, b, bias], p) => {
    const [y] = plain.forward([a, b], p);
    const act = ACTIVATIONS[p.activation];
    return [{
      shape: y.shape,
      values: y.values.map((v, i) => act(v + (bias?.values[i % p.n] ?? 0))),
      bound: y.bound.map((x) => x + 2),
    }];
  },
  backward: ([a, b, bias], p, { dys: [dy] }) => {
    // tfjs refuses the gradients of other fused activations.
    if (!["linear", "relu"].includes(p.activation)) return [];
    const [y] = plain.forward([a, b], p);
    const before = y.values.map((v, i) => v + (bias?.values[i % p.n] ?? 0));
    const relu = p.activation === "relu";
    // Where rounding decides on which side of the kink it is, nothing is known.
    if (relu && before.some((v) => Math.abs(v) < 1e-4)) return [];
    const scaled = dy.map((d, i) => relu && before[i] <= 0 ? 0 : d);
    const [da, db] = plain.backward!([a, b], p, {
      dys: [scaled],
      outputs: [],
    });
    if (!bias) return [da, db];
    const sum = new Sum([p.n]);
    scaled.forEach((d, i) => sum.add(i % p.n, d));
    return [da, db, sum];
  },
  roundings: 4,
};

const EQUATIONS = [
  "ij,jk->ik",
  "bij,bjk->bik",
  "bij,bkj->bik",
  "bhqd,bhkd->bhqk",
  "bhqk,bhkd->bhqd",
  "bij,jk->bik",
  "i,i->",
  "i,j->ij",
  "bij,bj->bi",
];

const einsum: Operation = {
  name: "einsum",
  cases: fc.record({
    equation: fc.constantFrom(...EQUATIONS),
    lengths: fc.array(fc.integer({ min: 1, max: 7 }), {
      minLength: 8,
      maxLength: 8,
    }),
  }).chain(({ equation, lengths }) => {
    const letters = [...new Set(equation.replace(/[^a-z]/g, ""))];
    const sizes = Object.fromEntries(letters.map((l, i) => [l, lengths[i]]));
    const [left, right] = equation.split("->")[0].split(",");
    const shape = (term: string) => [...term].map((l) => sizes[l]);
    return fc.tuple(
      input(shape(left), ["ordinary", "huge", "ties"]),
      input(shape(right), ["ordinary", "huge", "ties"]),
    ).map((inputs): Case => ({ inputs, attrs: { equation, sizes } }));
  }),
  run: ([a, b], { equation }) => tf.einsum(equation, a, b),
  forward: ([a, b], attrs) => {
    const { terms, shape, visit } = contraction(attrs);
    const y = new Sum(shape(terms[2]));
    visit((at, bt, out) => y.add(out, a.values[at] * b.values[bt]));
    return [y];
  },
  backward: ([a, b], attrs, { dys: [dy] }) => {
    const { visit } = contraction(attrs);
    const [da, db] = [new Sum(a.shape), new Sum(b.shape)];
    visit((at, bt, out) => {
      da.add(at, dy[out] * b.values[bt]);
      db.add(bt, dy[out] * a.values[at]);
    });
    return [da, db];
  },
  roundings: 4,
};

function contraction(
  { equation, sizes }: { equation: string; sizes: Record<string, number> },
) {
  const terms = equation.split(/->|,/);
  const letters = Object.keys(sizes);
  const shape = (term: string) => [...term].map((l) => sizes[l]);
  const visit = (to: (at: number, bt: number, out: number) => void) => {
    const count = sizeOf(Object.values(sizes));
    for (let i = 0; i < count; i++) {
      let rest = i;
      const at: Record<string, number> = {};
      for (const l of letters) {
        at[l] = rest % sizes[l];
        rest = Math.floor(rest / sizes[l]);
      }
      const offset = (term: string) =>
        [...term].reduce((sum, l) => sum * sizes[l] + at[l], 0);
      to(offset(terms[0]), offset(terms[1]), offset(terms[2]));
    }
  };
  return { terms, shape, visit };
}

export const multiplied: Operation[] = [
  matMul("matMul", KINDS),
  matMul("matMul of NaN", ["special"], true),
  fused,
  einsum,
];
