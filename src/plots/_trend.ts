/**
 * Exponential mean over about `span` values, corrected at the start, so that a
 * constant gives that constant. Where a value is not finite there is no trend,
 * and that value has no part in what follows.
 */
export function trend(values: ArrayLike<number>, span: number): number[] {
  const beta = 1 - 1 / Math.max(1, span);
  let mean = 0;
  let weight = 0;
  return Array.from(values, (value) => {
    if (!Number.isFinite(value)) return NaN;
    mean = beta * mean + (1 - beta) * value;
    weight = beta * weight + (1 - beta);
    return mean / weight;
  });
}

/** The trend of a metric over a fiftieth of the run, and no less than 5 values. */
export function trendOf(values: ArrayLike<number>): number[] {
  return trend(values, Math.max(5, values.length / 50));
}
