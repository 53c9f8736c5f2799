/** Multiples of a size that may not be whole, such as 100 / 3, without drift. */

/** What a few roundings of a double may add up to, relative to it. */
const ROUNDING = 2 ** -50;
const MOST_PARTS = 2 ** 16;

/** `value`, or the whole number that it misses by rounding alone. */
export function snap(value: number, roundings = 1): number {
  const whole = Math.round(value);
  const error = Math.abs(value) * ROUNDING * roundings;
  return Math.abs(value - whole) <= Math.min(error, 1 / 8) ? whole : value;
}

/** A quotient of whole numbers. */
export interface Fraction {
  /** The whole number that is divided. */
  readonly numerator: number;
  /** What it is divided by, >= 1. */
  readonly denominator: number;
}

/**
 * The simplest fraction that `value` is but for rounding: 100 / 3 for
 * 33.333333333333336. Undefined where there is none of a small denominator.
 */
export function fractionOf(value: number): Fraction | undefined {
  // The convergents of the continued fraction, which are the best ones.
  let [numerator, before] = [1, 0];
  let [denominator, below] = [0, 1];
  let rest = value;
  while (true) {
    const whole = Math.floor(rest);
    [numerator, before] = [whole * numerator + before, numerator];
    [denominator, below] = [whole * denominator + below, denominator];
    if (
      !(denominator <= MOST_PARTS &&
        numerator * denominator <= Number.MAX_SAFE_INTEGER)
    ) return undefined;
    const error = Math.abs(numerator / denominator - value);
    if (numerator > 0 && error <= value * ROUNDING) {
      return { numerator, denominator };
    }
    rest = 1 / (rest - whole);
  }
}

/** Where the iterations lie between the multiples of a size. */
export interface Multiples {
  /** How many times the size fits into `iteration`. */
  readonly count: (iteration: number) => number;
  /** What is left of `iteration` then, in [0, size). */
  readonly rest: (iteration: number) => number;
  /** The whole iterations from `iteration` to the next multiple, rounded up. */
  readonly left: (iteration: number) => number;
}

/**
 * The multiples of `size`, taken for the fraction that it stands for. In doubles,
 * 3 · (100 / 3) is more than 100 and iteration 100 would belong to the third
 * cycle of three.
 */
export function multiples(size: number): Multiples {
  const fraction = fractionOf(size);
  if (fraction === undefined) {
    const rest = (iteration: number) => iteration % size;
    return {
      // Rounded as the quotient alone can round up shortly before a multiple.
      count: (iteration) => Math.round((iteration - iteration % size) / size),
      rest,
      left: (iteration) => Math.ceil(snap(size - rest(iteration))),
    };
  }
  const { numerator, denominator } = fraction;
  if (denominator === 1) {
    const rest = (iteration: number) => iteration % numerator;
    return {
      count: (iteration) => Math.round((iteration - rest(iteration)) / size),
      rest,
      left: (iteration) => Math.ceil(numerator - rest(iteration)),
    };
  }
  // In parts of an iteration, of which `denominator` make one.
  const parts = (iteration: number) =>
    snap(iteration % numerator * denominator);
  const rest = (iteration: number) => parts(iteration) % numerator;
  return {
    count: (iteration) =>
      Math.round((iteration - iteration % numerator) / numerator) *
        denominator + Math.floor(parts(iteration) / numerator),
    rest: (iteration) => rest(iteration) / denominator,
    left: (iteration) => Math.ceil((numerator - rest(iteration)) / denominator),
  };
}

/**
 * The iterations since `start`, which may not be whole: as exact as a double can
 * hold them, where a difference has the rounding of a late start.
 */
export function since(start: number): (iteration: number) => number {
  const { numerator, denominator } = fractionOf(start) ??
    { numerator: 0, denominator: 1 };
  if (denominator === 1) return (iteration) => iteration - start;
  return (iteration) => (iteration * denominator - numerator) / denominator;
}
