/**
 * What a few paired runs say of a difference: its mean, and an interval that
 * holds the true mean in 95 of 100 experiments if differences are normal.
 *
 * @module
 */

/** The 97.5 % point of Student's t by degrees of freedom, from 1 on. */
const T_975 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086],
];

/** A mean with the ends of its interval. */
export interface Interval {
  readonly mean: number;
  /** −∞ where one value says nothing of the spread. */
  readonly low: number;
  /** ∞ where one value says nothing of the spread. */
  readonly high: number;
}

/**
 * The mean of `values` and its 95 % interval by Student's t:
 * mean ± t · s / √n with n − 1 degrees of freedom. Of paired runs, `values` are
 * the differences.
 *
 * @throws {RangeError} If there are no values, or more than 21.
 */
export function interval(values: readonly number[]): Interval {
  const n = values.length;
  if (n < 1 || n > T_975.length + 1) {
    throw new RangeError(
      `Cannot give an interval as values must be from 1 to ${
        T_975.length + 1
      }: current value is ${n}`,
    );
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { mean, low: -Infinity, high: Infinity };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    (n - 1);
  const half = T_975[n - 2] * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}

/** What an interval of a difference says of its sign. */
export function signOf({ low, high }: Interval): "above" | "below" | "open" {
  if (low > 0) return "above";
  return high < 0 ? "below" : "open";
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? "−" : "+"}${text}`;
}

/** A difference with its interval: "+0.4 (−0.1 to +0.9)". */
export function showDifference(
  { mean, low, high }: Interval,
  digits = 1,
): string {
  const shown = signed(mean, digits);
  return Number.isFinite(low)
    ? `${shown} (${signed(low, digits)} to ${signed(high, digits)})`
    : `${shown} (one seed)`;
}
