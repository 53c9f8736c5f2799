/**
 * What the differential test is made of: operations with random cases, and what
 * each must give, computed by plain loops in doubles.
 */

import type * as tf from "@tensorflow/tfjs";
import fc from "fast-check";

/** How the values of an input are drawn. */
export type Kind =
  | "ordinary"
  | "negative"
  | "positive"
  | "unit"
  | "huge"
  | "tiny"
  | "far"
  | "ties"
  | "special"
  | "indices"
  | "labels"
  | "bits"
  | "signs"
  | "fraction"
  | "certain";

/** An input before its values are drawn from its seed. */
export interface InputPlan {
  readonly shape: readonly number[];
  readonly kind: Kind;
  readonly seed: number;
  /** Indices are below it. */
  readonly below?: number;
  readonly dtype?: "float32" | "int32" | "bool";
}

/** One case of an operation, as plain data that can be shrunk and printed. */
export interface Case {
  readonly inputs: readonly InputPlan[];
  // deno-lint-ignore no-explicit-any
  readonly attrs: any;
}

/** Values in doubles with their shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** What is expected, with the size of what rounding acts on for each value. */
export interface Expected extends Values {
  readonly bound: Float64Array;
}

/** An operation under test. */
export interface Operation {
  readonly name: string;
  readonly cases: fc.Arbitrary<Case>;
  /** Runs it on the current backend. */
  // deno-lint-ignore no-explicit-any
  run(inputs: tf.Tensor[], attrs: any): tf.Tensor | tf.Tensor[];
  // deno-lint-ignore no-explicit-any
  forward(inputs: Values[], attrs: any): Expected[];
  /** The gradients of Σ outputs · dys by input; undefined where there is none. */
  backward?(
    inputs: Values[],
    // deno-lint-ignore no-explicit-any
    attrs: any,
    given: { readonly dys: Float64Array[]; readonly outputs: Expected[] },
  ): (Expected | undefined)[];
  /** Whether a NaN may spread to outputs that it does not reach. */
  readonly spreadsNaN?: boolean;
  /** Whether a case is known to be wrong there, as `knownLimits()` says. */
  limitedOn?(backend: string, given: Case): boolean;
  /** How many more roundings than usual the result has. */
  readonly roundings?: number;
}

/** The product of the lengths. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** How far two neighbours lie apart along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) {
    strides[i] = strides[i + 1] * shape[i + 1];
  }
  return strides;
}

/** The index along each axis of the value at `offset`. */
export function indexOf(offset: number, shape: readonly number[]): number[] {
  const index = Array<number>(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = offset % shape[i];
    offset = Math.floor(offset / shape[i]);
  }
  return index;
}

/** Where an index lies. */
export function offsetOf(
  index: readonly number[],
  strides: readonly number[],
): number {
  return index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
}

/** Values that are expected, all bounded by their own size unless told. */
export function expected(
  shape: readonly number[],
  values: Float64Array,
  bound: Float64Array = values.map(Math.abs),
): Expected {
  return { shape, values, bound };
}

/** Zeros to add up in, values and bounds at once. */
export class Sum implements Expected {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  readonly bound: Float64Array;

  constructor(shape: readonly number[]) {
    this.shape = shape;
    this.values = new Float64Array(sizeOf(shape));
    this.bound = new Float64Array(sizeOf(shape));
  }

  add(at: number, value: number): void {
    this.values[at] += value;
    this.bound[at] += Math.abs(value);
  }

  /** The same bound for all: rounding spreads between the values. */
  evened(): Expected {
    const most = this.bound.reduce((a, b) => Math.max(a, b), 0);
    return {
      ...this,
      bound: this.bound.map((b) => Number.isNaN(b) ? b : most),
    };
  }
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed * 0x9e3779b9 | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1e18, -1e18, 1e-30];

const DRAW: Record<Kind, (next: () => number, below: number) => number> = {
  ordinary: (next) => 2 * next() - 1,
  negative: (next) => -3 * next() - 0.01,
  positive: (next) => 3 * next() + 0.01,
  unit: (next) => 1.98 * next() - 0.99,
  huge: (next) => (2 * next() - 1) * 1e12,
  tiny: (next) => (2 * next() - 1) * 1e-6,
  /** Where exponentials vanish, or outgrow everything else. */
  far: (next) => (2 * next() - 1) * 30,
  ties: (next) => Math.floor(5 * next()) - 2,
  special: (next) =>
    next() < 0.3
      ? SPECIAL[Math.floor(next() * SPECIAL.length)]
      : 4 * next() - 2,
  indices: (next, below) => Math.floor(next() * below),
  labels: (next) => Math.floor(next() * 9) - 4,
  bits: (next) => Number(next() < 0.5),
  signs: (next) => next() < 0.5 ? -1 : 1,
  /** Probabilities, and those of which some are 0 or 1. */
  fraction: (next) => 0.02 + 0.96 * next(),
  certain: (next) => {
    const drawn = next();
    return drawn < 0.15 ? 0 : drawn > 0.9 ? 1 : next();
  },
};

/** The values of an input, as float32 holds them. */
export function draw(plan: InputPlan): Values {
  const next = randomFrom(plan.seed);
  const { kind, below = 1 } = plan;
  const values = Float64Array.from(
    { length: sizeOf(plan.shape) },
    () => Math.fround(DRAW[kind](next, below)),
  );
  return { shape: plan.shape, values };
}

const seeds = fc.nat(1 << 20);

/** A plan of an input of a given shape. */
export function input(
  shape: readonly number[],
  kinds: readonly Kind[] = ["ordinary", "negative", "positive", "ties", "huge"],
  more: Partial<InputPlan> = {},
): fc.Arbitrary<InputPlan> {
  return fc.record({ kind: fc.constantFrom(...kinds), seed: seeds })
    .map((drawn) => ({ shape, ...drawn, ...more }));
}

/** A length of an axis: mostly small, now and then none, prime or large. */
export const length = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 2, arbitrary: fc.constantFrom(1, 11, 13, 16, 17, 31, 33) },
);

/** The same, or 0. */
export const lengthOrNone = fc.oneof(
  { weight: 40, arbitrary: length },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** A shape of so many axes. */
export function shapes(
  minLength: number,
  maxLength: number,
  lengths: fc.Arbitrary<number> = lengthOrNone,
): fc.Arbitrary<number[]> {
  return fc.oneof(
    {
      weight: 80,
      arbitrary: fc.array(lengths, { minLength, maxLength }),
    },
    // Larger than a workgroup, and than what a thread takes at a time.
    {
      weight: minLength <= 2 ? 1 : 0,
      arbitrary: fc.integer({ min: 200, max: 40_000 }).map((
        n,
      ) => [...Array(Math.max(0, minLength - 1)).fill(1), n]),
    },
  );
}
