/** How the learning rate grows over a range test. */
export type Growth = "exponential" | "linear";

/**
 * The rates of a range test: `count` rates from `startLr` to exactly `endLr`.
 *
 * With `p = i / (count − 1)`, exponential growth gives
 * `startLr · (endLr / startLr)^p` (equal steps on a logarithmic axis), linear
 * growth `startLr + (endLr − startLr) · p` (Smith 2015).
 */
export function learningRateGrid(
  startLr: number,
  endLr: number,
  options: {
    /** How many rates, at least 1. */
    readonly count: number;
    /** How the rate grows. @default {"exponential"} */
    readonly growth?: Growth;
  },
): Float64Array {
  const { count, growth = "exponential" } = options;
  const last = count - 1;
  return Float64Array.from({ length: count }, (_, i) => {
    // Neither formula is exact at its end in floating point.
    if (i === 0) return startLr;
    if (i === last) return endLr;
    return growth === "linear"
      ? startLr + (endLr - startLr) * (i / last)
      : startLr * (endLr / startLr) ** (i / last);
  });
}

/** How rates grow, of which the one in the middle tells. */
export function growthOf(rates: readonly number[]): Growth {
  const last = rates.length - 1;
  const [first, middle, final] = [rates[0], rates[last >> 1], rates[last]];
  const share = (last >> 1) / last;
  const linear = first + (final - first) * share;
  const exponential = first * (final / first) ** share;
  return first === 0 ||
      Math.abs(middle - linear) < Math.abs(middle - exponential)
    ? "linear"
    : "exponential";
}
