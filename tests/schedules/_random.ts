/** Schedules of random options, and what exact rational arithmetic says of them. */

import fc from "fast-check";
import * as schedules from "@clr/clr/schedules";

/** A quotient of whole numbers, exactly. */
export class Rational {
  constructor(readonly n: bigint, readonly d: bigint) {}

  static of(n: number | bigint, d: number | bigint = 1n): Rational {
    return new Rational(BigInt(n), BigInt(d));
  }

  plus({ n, d }: Rational): Rational {
    return new Rational(this.n * d + n * this.d, this.d * d);
  }

  minus({ n, d }: Rational): Rational {
    return new Rational(this.n * d - n * this.d, this.d * d);
  }

  times({ n, d }: Rational): Rational {
    return new Rational(this.n * n, this.d * d);
  }

  /** How many times `other` fits into this. */
  count({ n, d }: Rational): number {
    return Number(this.n * d / (this.d * n));
  }

  lessThan({ n, d }: Rational): boolean {
    return this.n * d < n * this.d;
  }

  /** The whole number that is no less. */
  ceil(): number {
    return Number((this.n + this.d - 1n) / this.d);
  }

  /** The nearest double, but for a rounding. */
  value(): number {
    const shift = BigInt(
      Math.max(0, this.d.toString(2).length - this.n.toString(2).length + 64),
    );
    return Number((this.n << shift) / this.d) / 2 ** Number(shift);
  }
}

/** A size in iterations as a person writes it: whole, a quotient or a decimal. */
export const sizes = fc.oneof(
  fc.integer({ min: 1, max: 3000 }).map((n) => Rational.of(n)),
  fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 48 }))
    .map(([n, d]) => Rational.of(n, d)),
  fc.integer({ min: 20, max: 90_000 }).map((n) => Rational.of(n, 100)),
).filter((size) => size.value() >= 0.5);

/** What each cycle is longer by: whole or a decimal of two places. */
export const factors = fc.oneof(
  fc.integer({ min: 2, max: 4 }).map((n) => Rational.of(n)),
  fc.integer({ min: 101, max: 260 }).map((n) => Rational.of(n, 100)),
);

/** What each cycle is shorter by: a decimal of two places. */
export const shrinkingFactors = fc.integer({ min: 30, max: 99 })
  .map((n) => Rational.of(n, 100));

const rates = fc.double({ min: 1e-6, max: 2, noNaN: true });
const bounds = fc.tuple(rates, rates).map(([a, b]) => ({
  low: Math.min(a, b),
  high: Math.max(a, b),
}));
const size = sizes.map((exact) => exact.value());

const single: fc.Arbitrary<schedules.Schedule> = fc.oneof(
  rates.map((lr) => schedules.constant(lr)),
  fc.record({ startLr: rates, endLr: rates, iterations: size })
    .map(schedules.linear),
  fc.record({ startLr: rates, endLr: rates, iterations: size })
    .map(schedules.cosine),
  fc.record({
    startLr: rates,
    endLr: rates,
    iterations: size,
    power: fc.constantFrom(0.5, 1, 2, 3.7),
    cycle: fc.boolean(),
  }).map(schedules.polynomial),
  fc.record({
    startLr: rates,
    stepSize: size,
    factor: fc.constantFrom(0.1, 0.5, 0.97, 1),
  }).map(schedules.step),
  fc.record({
    startLr: rates,
    factor: fc.constantFrom(0.1, 0.9, 0.999, 1),
    iterations: size,
    staircase: fc.boolean(),
  }).map(schedules.exponential),
  fc.record({
    bounds,
    factor: fc.constantFrom(1.0001, 1.05, 2, 10),
    iterations: size,
    staircase: fc.boolean(),
  }).map(({ bounds: { low, high }, ...options }) =>
    schedules.exponential({ startLr: low, endLr: high, ...options })
  ),
  fc.record({
    startLr: rates,
    decayRate: fc.constantFrom(0, 0.01, 0.5, 4),
    iterations: size,
    power: fc.constantFrom(0.5, 0.75, 1, 2, 120),
    staircase: fc.boolean(),
  }).map(schedules.inverseTime),
  fc.record({
    bounds,
    stepSize: size,
    stepSizeDown: size,
    mode: fc.constantFrom("triangular", "triangular2", "exp_range"),
    gamma: fc.constantFrom(0.9, 0.9994, 1),
    waveform: fc.constantFrom("triangular", "welch", "hann"),
  }).map(({ bounds: { low, high }, ...options }) =>
    schedules.cyclic({ baseLr: low, maxLr: high, ...options })
  ),
  fc.record({
    bounds,
    stepSize: size,
    stepSizeDown: size,
    cycleFactor: fc.oneof(factors, shrinkingFactors)
      .map((factor) => factor.value()),
    cycles: fc.integer({ min: 1, max: 7 }),
    mode: fc.constantFrom("triangular", "triangular2", "exp_range"),
    waveform: fc.constantFrom("triangular", "welch", "hann"),
  }).filter(({ stepSize, stepSizeDown, cycleFactor, cycles }) =>
    (stepSize + stepSizeDown) * cycleFactor ** (cycles - 1) >= 1
  ).map(({ bounds: { low, high }, ...options }) =>
    schedules.cyclic({ baseLr: low, maxLr: high, ...options })
  ),
  fc.record({
    bounds,
    cycleSize: size,
    cycleFactor: shrinkingFactors.map((factor) => factor.value()),
    cycles: fc.integer({ min: 1, max: 7 }),
    warmupIterations: fc.constantFrom(0, 0.5, 0.9),
  }).filter(({ cycleSize, cycleFactor, cycles }) =>
    cycleSize * cycleFactor ** (cycles - 1) >= 1
  ).map(({ bounds: { low, high }, ...options }) =>
    schedules.cosineRestarts({ minLr: low, maxLr: high, ...options })
  ),
  fc.record({
    maxLr: rates,
    iterations: size,
    pctStart: fc.constantFrom(0, 0.3, 0.75),
  }).map(schedules.flatCosine),
  fc.record({
    maxLr: rates,
    iterations: fc.integer({ min: 2, max: 9000 }),
    pctStart: fc.constantFrom(0, 0.1, 0.3, 1 / 3, 0.5),
    anneal: fc.constantFrom("cosine", "linear"),
    threePhase: fc.boolean(),
  }).map(schedules.oneCycle),
  fc.record({
    bounds,
    cycleSize: size,
    cycleFactor: fc.oneof(
      fc.constant(1),
      factors.map((factor) => factor.value()),
    ),
    amplitudeFactor: fc.constantFrom(0.5, 0.9, 1),
    cycles: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
  }).map(({ bounds: { low, high }, ...options }) =>
    schedules.cosineRestarts({ minLr: low, maxLr: high, ...options })
  ),
  fc.record({
    maxLr: rates,
    startLr: rates,
    endLr: rates,
    warmupIterations: size,
    stableIterations: size,
    decayIterations: size,
    decay: fc.constantFrom("linear", "cosine", "sqrt"),
  }).map(schedules.warmupStableDecay),
  fc.record({
    gaps: fc.array(size, { minLength: 1, maxLength: 5 }),
    lrs: fc.array(rates, { minLength: 6, maxLength: 6 }),
    interpolation: fc.constantFrom("constant", "linear", "cosine"),
  }).map(({ gaps, lrs, interpolation }) => {
    let iteration = 0;
    const points = [0, ...gaps].map((gap, i) => ({
      iteration: iteration += gap,
      lr: lrs[i],
    }));
    return schedules.piecewise(points, { interpolation });
  }),
);

/** A schedule of any kind, within one another as far as two deep. */
export const anySchedule: fc.Arbitrary<schedules.Schedule> = fc.oneof(
  { weight: 5, arbitrary: single },
  fc.tuple(
    fc.array(fc.tuple(single, size), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
  ).map(([stages, open]) =>
    schedules.sequence(stages.map(([schedule, iterations], i) => ({
      schedule,
      ...(open && i === stages.length - 1 ? {} : { iterations }),
    })))
  ),
  fc.tuple(single, size, rates).map(([inner, iterations, startLr]) =>
    schedules.warmup(inner, { iterations, startLr })
  ),
  fc.tuple(single, single).map(([inner, factor]) =>
    schedules.scale(inner, factor)
  ),
  fc.tuple(single, bounds).map(([inner, { low, high }]) =>
    schedules.clamp(inner, { min: low, max: high })
  ),
);
