/**
 * Bias-corrected exponential smoothing: with `a ← βa + (1 − β)x` from 0, the
 * n-th value is `a / (1 − βⁿ)`. A constant series gives that constant.
 *
 * Smoothing differences from the first value, as done here, is the same in
 * exact arithmetic; in floating point it makes the constant exact.
 */
export class ExponentialSmoothing {
  readonly #beta: number;
  #first: number | undefined;
  #average = 0;
  #weight = 1;

  /** @param beta The share of the past in each value, in [0, 1). */
  constructor(beta: number) {
    this.#beta = beta;
  }

  /** Takes the next value and returns the smoothed series' next value. */
  next(value: number): number {
    this.#first ??= value;
    this.#weight *= this.#beta;
    this.#average = this.#beta * this.#average +
      (1 - this.#beta) * (value - this.#first);
    return this.#first + this.#average / (1 - this.#weight);
  }
}

/** The whole of `values` through {@linkcode ExponentialSmoothing}. */
export function smooth(values: ArrayLike<number>, beta: number): Float64Array {
  const smoothing = new ExponentialSmoothing(beta);
  return Float64Array.from(
    { length: values.length },
    (_, i) => smoothing.next(values[i]),
  );
}

/** What was done to a curve for its trend, in the words of text and charts. */
export function smoothingOf(curve: { readonly balanced?: boolean }): string {
  return curve.balanced ? "smoothed, batches made equally hard" : "smoothed";
}
