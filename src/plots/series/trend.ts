import { ExponentialSmoothing } from "../../metrics/smoothing.ts";

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

/**
 * The trend from where it is one: its first values are single batches, however
 * noisy. Where there are too few for that, all of it.
 */
export function settledTrend(
  { iterations, values }: {
    readonly iterations: ArrayLike<number>;
    readonly values: ArrayLike<number>;
  },
): { iterations: number[]; values: number[] } {
  const span = Math.round(spanOf(values.length));
  const smooth = trendOf(values);
  const finite = smooth.flatMap((value, i) =>
    Number.isFinite(value) ? [i] : []
  );
  const from = finite.length < 2 * span ? 0 : finite[span - 1];
  return {
    iterations: Array.from(iterations).slice(from),
    values: smooth.slice(from),
  };
}
