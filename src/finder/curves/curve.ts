import { fitLocally } from "./_local_fit.ts";
import { median } from "../../metrics/median.ts";
import type { DirectedMetric } from "../../metrics/direction.ts";

/** A curve that a test recorded: the loss, or a metric. */
export interface MeasuredCurve extends DirectedMetric {
  /** Its value at each rate; NaN where there is none. */
  readonly values: readonly number[];
  /**
   * What the same batches gave at the weights that the test began with, where
   * that was measured. How hard a batch is shows in both, and cancels out of
   * their difference.
   */
  readonly references?: readonly number[];
  /** Whether the values blew up after the last one. */
  readonly blewUp?: boolean;
  /** Whether they end there as training diverged, which they may not show. */
  readonly isCut?: boolean;
}

/** The curve that bounds were read from, as it was read. */
export interface RangeCurve extends DirectedMetric {
  /** Its value at each rate; NaN where there is none. */
  readonly values: readonly number[];
  /** The smoothed curve at each rate; NaN where there is no value. */
  readonly trend: readonly number[];
  /**
   * Whether the trend is that of batches made equally hard: what a batch differs
   * from the others by at the first weights is taken from its value. Such a trend
   * may pass below 0 where no value does.
   */
  readonly balanced?: boolean;
  /**
   * Values worse than this were cut off here before smoothing, so that a
   * blow-up does not spill over its neighbours.
   */
  readonly limit: number;
  /** Standard deviation of single points where the curve improves. */
  readonly noise: number;
}

/**
 * The reach of the smoothing on each side, in decades: short of the fall of a
 * loss that takes hold at once, which is half a decade wide, and long enough
 * for three points at ten a decade.
 */
const REACH = 0.3;

/** Points on each side that a line needs at least, to be smoother than they. */
const LEAST_HALF_WIDTH = 2;

/** Points at the start that give the level before any improvement. */
const START_SHARE = 0.1;
const START_MINIMUM = 5;

/**
 * How far above the start a loss is cut, in improvements. The bounds are told
 * from losses below the start, so a cut above it hides nothing; the lower the
 * cut, the less a single spike moves the trend.
 */
const CUT = 0.5;

/** Losses in the running median that gives a first idea of the best. */
const MEDIAN_WINDOW = 5;

/** A curve, turned so that it falls when training improves, and its trend. */
export interface SmoothCurve {
  /** −1 for a metric that is better when higher, which is negated. */
  readonly sign: 1 | -1;
  /** The values, less what made their batches hard. */
  readonly raw: Float64Array;
  /** The level before any improvement. */
  readonly start: number;
  /** How many of the first points that was told from; 0 where it was measured. */
  readonly head: number;
  /** Where blow-ups are cut off. */
  readonly limit: number;
  /** What the trend is read from: `raw`, cut off at `limit`. */
  readonly cut: Float64Array;
  /**
   * The trend, and behind the last value, where the curve blew up then, some
   * points at the limit.
   */
  readonly values: Float64Array;
  /** Its slopes, per point. */
  readonly slopes: Float64Array;
  /** Standard deviations of the trend where the points have 1. */
  readonly gains: Float64Array;
}

/** Where a curve has numbers: precision is NaN for some batches. */
export function finitePoints(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, i) => i).filter((i) =>
    Number.isFinite(values[i])
  );
}

/**
 * How many points on each side of each lie within the smoothing's reach of rates
 * that increase: both ends of the reach move on with the point.
 */
function halfWidthsOf(rates: ArrayLike<number>, length: number): Int32Array {
  const known = rates.length;
  const decades = Float64Array.from(
    rates,
    (rate) => Math.log10(Math.max(rate, 1e-300)),
  );
  const widths = new Int32Array(length);
  let [from, to] = [0, 0];
  for (let i = 0; i < Math.min(known, length); i++) {
    while (decades[i] - decades[from] > REACH) from++;
    while (to + 1 < known && decades[to + 1] - decades[i] <= REACH) to++;
    widths[i] = Math.max(LEAST_HALF_WIDTH, i - from, to - i);
  }
  return known < length ? widths.fill(widths[known - 1], known) : widths;
}

/** The trend of values that are all finite. */
export function smoothCurve(
  curve: Pick<MeasuredCurve, "better" | "values" | "references" | "blewUp">,
  rates: ArrayLike<number>,
): SmoothCurve {
  const sign = curve.better === "higher" ? -1 : 1;
  const { references } = curve;
  const n = curve.values.length;
  const usual = references && n > 0
    ? references.slice(0, n).reduce((sum, value) => sum + value, 0) / n
    : 0;
  const raw = Float64Array.from(
    curve.values,
    (value, i) => sign * (references ? value - references[i] + usual : value),
  );
  const head = references
    ? 0
    : Math.max(START_MINIMUM, Math.round(START_SHARE * n));
  const start = references ? sign * usual : median(raw.slice(0, head));
  let best = start;
  for (let i = MEDIAN_WINDOW; i <= n; i++) {
    best = Math.min(best, median(raw.slice(i - MEDIAN_WINDOW, i)));
  }
  const limit = start + CUT * (start - best);
  const cut = raw.map((value) => Math.min(value, limit));
  const widths = halfWidthsOf(rates, n);
  const beyond = curve.blewUp && n > 0 ? widths[n - 1] : 0;
  const padded = new Float64Array(n + beyond).fill(limit);
  padded.set(cut);
  return {
    sign,
    raw,
    head,
    start,
    limit,
    cut,
    ...fitLocally(padded, halfWidthsOf(rates, n + beyond)),
  };
}

/** The curve with its trend, as everything that shows it draws it. */
export function drawnCurve(
  curve: MeasuredCurve,
  options: {
    readonly rates: readonly number[];
    readonly noise: number;
  },
): RangeCurve {
  const { name, better, values, references, blewUp } = curve;
  const { rates, noise } = options;
  const kept = finitePoints(values);
  const smooth = smoothCurve({
    better,
    values: kept.map((i) => values[i]),
    ...(references && { references: kept.map((i) => references[i]) }),
    ...(blewUp === undefined ? {} : { blewUp }),
  }, kept.map((i) => rates[i]));
  const trend = new Array<number>(values.length).fill(NaN);
  kept.forEach((i, k) => trend[i] = smooth.sign * smooth.values[k]);
  return {
    name,
    better,
    values,
    trend,
    ...(references && { balanced: true }),
    limit: smooth.sign * smooth.limit,
    noise,
  };
}
