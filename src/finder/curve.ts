import { fitLocally } from "./_local_fit.ts";
import { median } from "../metrics/median.ts";
import type { DirectedMetric } from "../metrics/direction.ts";

/** A curve that a test recorded: the loss, or a metric. */
export interface MeasuredCurve extends DirectedMetric {
  /** Its value at each rate; NaN where there is none. */
  readonly values: readonly number[];
}

/** The curve that bounds were read from, as it was read. */
export interface RangeCurve extends MeasuredCurve {
  /** The smoothed curve at each rate; NaN where there is no value. */
  readonly trend: readonly number[];
  /**
   * Values worse than this were cut off here before smoothing, so that a
   * blow-up does not spill over its neighbours.
   */
  readonly limit: number;
  /** Standard deviation of single points where the curve improves. */
  readonly noise: number;
}

/** Points at the start that give the level before any improvement. */
const START_SHARE = 0.1;
const START_MINIMUM = 5;

/**
 * Half-width of the smoothing, as a share of the points: at the default 120
 * rates over six decades 12 points, or 0.6 decades on each side. A fall that is
 * narrower is widened to that; with less, the trend follows the noise.
 */
const HALF_WIDTH_SHARE = 0.1;

/**
 * How far above the start a loss is cut, in improvements. A rise is told at a
 * third of the improvement below the start, so a cut above it hides none; the
 * lower the cut, the less a single spike moves the trend.
 */
const CUT = 0.5;

/** Losses in the running median that gives a first idea of the best. */
const MEDIAN_WINDOW = 5;

/** A curve, turned so that it falls when training improves, and its trend. */
export interface SmoothCurve {
  /** −1 for a metric that is better when higher, which is negated. */
  readonly sign: 1 | -1;
  /** The values. */
  readonly raw: Float64Array;
  /** How many of the first points are taken to come before any improvement. */
  readonly head: number;
  /** Their median. */
  readonly rough: number;
  /** Where blow-ups are cut off. */
  readonly limit: number;
  /** What the trend is read from: `raw`, cut off at `limit`. */
  readonly cut: Float64Array;
  /** How many points on each side the trend is read from. */
  readonly halfWidth: number;
  /** The trend. */
  readonly values: Float64Array;
  /** Its slopes, per point. */
  readonly slopes: Float64Array;
  /** Standard deviation of the trend where the points have 1. */
  readonly gain: number;
}

/** Where a curve has numbers: precision is NaN for some batches. */
export function finitePoints(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, i) => i).filter((i) =>
    Number.isFinite(values[i])
  );
}

/** The trend of values that are all finite. */
export function smoothCurve(
  curve: Pick<MeasuredCurve, "better" | "values">,
): SmoothCurve {
  const sign = curve.better === "higher" ? -1 : 1;
  const raw = Float64Array.from(curve.values, (value) => sign * value);
  const n = raw.length;
  const head = Math.max(START_MINIMUM, Math.round(START_SHARE * n));
  const rough = median(raw.slice(0, head));
  let roughBest = rough;
  for (let i = MEDIAN_WINDOW; i <= n; i++) {
    roughBest = Math.min(roughBest, median(raw.slice(i - MEDIAN_WINDOW, i)));
  }
  const limit = rough + CUT * (rough - roughBest);
  const cut = raw.map((value) => Math.min(value, limit));
  const halfWidth = Math.max(2, Math.round(HALF_WIDTH_SHARE * n));
  return {
    sign,
    raw,
    head,
    rough,
    limit,
    cut,
    halfWidth,
    ...fitLocally(cut, halfWidth),
  };
}

/** The curve with its trend, as everything that shows it draws it. */
export function drawnCurve(curve: MeasuredCurve, noise: number): RangeCurve {
  const { name, better, values } = curve;
  const kept = finitePoints(values);
  const smooth = smoothCurve({ better, values: kept.map((i) => values[i]) });
  const trend = new Array<number>(values.length).fill(NaN);
  kept.forEach((i, k) => trend[i] = smooth.sign * smooth.values[k]);
  return {
    name,
    better,
    values,
    trend,
    limit: smooth.sign * smooth.limit,
    noise,
  };
}
