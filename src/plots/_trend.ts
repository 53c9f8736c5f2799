import { ExponentialSmoothing } from "../metrics/smoothing.ts";

/**
 * The exponential mean over about `span` values; 1 leaves them as they are.
 * Where a value is not finite there is no trend, and that value has no part in
 * what follows.
 */
export function trend(values: ArrayLike<number>, span: number): number[] {
  const smoothing = new ExponentialSmoothing(1 - 1 / span);
  return Array.from(
    values,
    (value) => Number.isFinite(value) ? smoothing.next(value) : NaN,
  );
}

/**
 * Over how many values a curve of that many is smoothed: a fiftieth of it, and 5
 * at least; of fewer than 50 a tenth, so that of ten each stands for itself.
 */
export function spanOf(count: number): number {
  return Math.max(1, Math.min(5, count / 10), count / 50);
}

/** The trend of a metric over the part of the run that a person looks at. */
export function trendOf(values: ArrayLike<number>): number[] {
  return trend(values, spanOf(values.length));
}
