/** The farthest that a range is extended downwards and upwards. */
export const LOWEST = 1e-11;
export const HIGHEST = 1e3;

/** How the learning rate grows over a range test. */
export type Growth = "exponential" | "linear";

/** Options of {@linkcode learningRateGrid}. */
export interface LearningRateGridOptions {
  /** How many rates, at least 1. */
  readonly count: number;
  /** How the rate grows. @default {"exponential"} */
  readonly growth?: Growth;
}

/**
 * The rates of a range test, each when it is asked for: `count` from `startLr` to
 * exactly `endLr`.
 *
 * With `p = i / (count − 1)`, exponential growth gives
 * `startLr · (endLr / startLr)^p` (equal steps on a logarithmic axis), linear
 * growth `startLr + (endLr − startLr) · p` (Smith 2015).
 */
export function* learningRates(
  startLr: number,
  endLr: number,
  { count, growth = "exponential" }: LearningRateGridOptions,
): Generator<number, void> {
  const last = count - 1;
  // Neither formula is exact at its end in floating point.
  yield startLr;
  for (let i = 1; i < last; i++) {
    yield growth === "linear"
      ? startLr + (endLr - startLr) * (i / last)
      : startLr * (endLr / startLr) ** (i / last);
  }
  if (last > 0) yield endLr;
}

/**
 * The first rates of a range test.
 *
 * @param options.first How many of them. @default {all}
 */
export function learningRateGrid(
  startLr: number,
  endLr: number,
  options: LearningRateGridOptions & { readonly first?: number },
): Float64Array {
  const { first = Infinity } = options;
  return Float64Array.from(learningRates(startLr, endLr, options).take(first));
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
