import { finitePoints, type MeasuredCurve, smoothCurve } from "./curve.ts";
import { median } from "../metrics/median.ts";
import { noiseLevel, resolution } from "./divergence.ts";
import type { Better } from "../metrics/direction.ts";

/** What ends the improvement: the reason for the upper bound. */
export type MaxReason = "rises" | "slows" | "ragged";

/** A point of the curve that a bound was read from. */
export interface BoundEvidence {
  /** Index of the point among the tested rates. */
  readonly index: number;
  /** The rate there: the bound. */
  readonly learningRate: number;
  /** The smoothed curve there. */
  readonly value: number;
  /** Its slope there, per decade of the rate; negative for a loss that falls. */
  readonly slope: number;
}

/**
 * From what the bounds were read, and how clearly it shows.
 *
 * The bounds follow Smith's rule (2015, section 3.3): the lower one is where the
 * curve starts to improve, the upper one where it slows, turns ragged or rises.
 * It is read as follows from a loss, and from the negative of a metric that is
 * better when higher.
 *
 * 1. *Level and noise.* Values above the level of the first tenth of the points
 *    by more than half of the improvement are cut off there, so that a blow-up
 *    does not spill over its neighbours. The curve is smoothed by local linear
 *    regression over a tenth of the points on each side; `best` is its minimum.
 *    `start` is the median of the points before the improvement, at least of the
 *    first tenth, and `D = start − best` the improvement.
 * 2. *Starts to improve.* `baseLr` is where a third of D is made for good: going
 *    back from the best, the last point before less than that is. At a third
 *    the curve is steep, so noise moves the point little; at the very foot it
 *    would move it by decades.
 * 3. *Rises.* Where the curve after its best loses a third of D again, or three
 *    standard deviations of the smoothed curve if that is more. A rise is not
 *    located better than to half of the smoothing's reach, so the point that
 *    much before is taken.
 * 4. *Slows.* With the first and the second third of D made at points t1 and t2:
 *    the point t2 + 3 (t2 − t1). A curve that fell on at its pace would there
 *    have made a whole D more; one that levels off like a logistic curve has
 *    made 99 %.
 * 5. *Ragged.* The first point after t2 where the noise around it is three times
 *    what it was halfway between t1 and t2, and as large as D.
 * 6. `maxLr` is the first of these three.
 *
 * Every step compares differences of values, so the bounds stay the same when a
 * constant is added to the curve and when it is scaled.
 */
export interface CurveEvidence {
  /** The curve: `"loss"`, or the name of a metric such as `"acc"`. */
  readonly curve: string;
  /** Where it is better, as its name tells or the caller said. */
  readonly better: Better;
  /** Level before any improvement: the median of the points until then. */
  readonly start: number;
  /** The best level of the smoothed curve. */
  readonly best: number;
  /** Standard deviation of single points where the curve improves. */
  readonly noise: number;
  /**
   * The improvement in standard deviations of what it is read from: the start
   * level and the smoothed curve. Below 5 there is no telling it from noise;
   * below 7 its bounds cannot be located.
   */
  readonly clarity: number;
  /**
   * A third of the improvement in standard deviations of what it is read
   * from: the start level and the smoothed curve there. Below 2.5 the lower
   * bound cannot be located.
   */
  readonly baseClarity: number;
  /** Where a third of the improvement is made; absent where none is. */
  readonly base?: BoundEvidence;
  /** Where the improvement ends; absent where the test ends before. */
  readonly max?: BoundEvidence & {
    /** What ends it. */
    readonly reason: MaxReason;
  };
}

/**
 * Below this clarity there is no improvement to speak of. The lowest point of a
 * smoothed curve is the least of some ten independent values, so five standard
 * deviations are less than they sound: of 2,000 tests of nothing but normal
 * noise 2.4 % come to 5 at 120 rates (2.2 % at 40, 3.0 % at 400), 6.3 % to 4 and
 * 1.1 % to 6. A higher one calls more of the faint improvements flat.
 */
export const SIGNIFICANT_CLARITY = 5;

/**
 * Below this clarity the bounds cannot be located. Of logistic falls with normal
 * noise in 120 rates, 95 % have their lower bound within 0.25 decades of the one
 * without noise at a clarity of 7 to 8, 0.35 at 6 to 7, 0.6 at 5 to 6; the upper
 * one is within 0.15, 0.15 and 0.3.
 */
export const LOCATING_CLARITY = 7;

/**
 * Below this clarity at its foot the lower bound cannot be located: of the same
 * falls 95 % have it within 0.25 decades at 2.5 to 3, 0.35 at 2 to 2.5 and 0.65
 * at 1.5 to 2.
 */
export const LOCATING_BASE_CLARITY = 2.5;

/**
 * The least number of points that the rule is applied to: the first five give
 * the start, and as many are left for all that comes after.
 */
export const MINIMUM_POINTS = 10;

/**
 * The share of the improvement at which it has started, and is lost again. A
 * smaller one moves both bounds outwards, to where the curve is flat and noise
 * moves them more.
 */
const THIRD = 1 / 3;

/** How many standard deviations of the smoothed curve make a rise: the usual. */
const SIGNIFICANT_RISE = 3;

/**
 * How far past its last third, in widths of the middle one, it has ended. From a
 * third to two thirds a logistic curve takes 2 ln 2 widths; 3 times as much
 * later it is at 1 − 1 / (1 + 2⁷), 99 %. Tukey's fences stand as far out.
 */
const FENCE = 3;

/**
 * By how much the scatter must grow to be called ragged: beyond what the scatter
 * of some 25 points, which is known to a fifth, shows by chance.
 */
const RAGGED_SCATTER = 3;

/**
 * The share of the improvement that the scatter must be, to be called so. With
 * less, the noise that always grows with the rate would end every range.
 */
const RAGGED_SHARE = 1;

/**
 * A few points underestimate their noise as easily as not, and the level they
 * give would be taken for surer than it is: by 1 + 4 / n.
 */
const UNSURE = 4;

/** The deviation of a median, in that of a mean (normal noise). */
const MEDIAN_DEVIATION = 1.2533141373155003;

/** a / b, and 0 for 0 / 0. */
function ratio(a: number, b: number): number {
  return a === 0 ? 0 : a / b;
}

/** The first index in `from..to` for which `test` holds, or undefined. */
function firstIndex(
  from: number,
  to: number,
  test: (index: number) => boolean,
): number | undefined {
  for (let i = from; i <= to; i++) if (test(i)) return i;
}

/** Reads the bounds from a curve, as {@linkcode CurveEvidence} describes. */
export function findBounds(
  learningRates: ArrayLike<number>,
  curve: MeasuredCurve,
): CurveEvidence {
  const { name, better } = curve;
  const kept = finitePoints(curve.values);
  const smooth = smoothCurve({
    better,
    values: kept.map((i) => curve.values[i]),
  });
  const { sign, raw, cut, head, rough, halfWidth, values, slopes, gain } =
    smooth;
  const n = raw.length;
  let lowest = 0;
  for (let i = 1; i < n; i++) if (values[i] < values[lowest]) lowest = i;

  /** Where the share of the fall from a level to the best is made for good. */
  const made = (share: number, level: number) => {
    let i = lowest;
    const reached = level - share * (level - values[lowest]);
    while (i > 0 && values[i] <= reached) i--;
    return i;
  };
  // What is known of the start from its first points says how long it lasts.
  const plateau = raw.subarray(
    0,
    Math.max(head, made(THIRD, rough) - halfWidth),
  );
  const start = median(plateau);
  const best = Math.min(start, values[lowest]);
  const improvement = start - best;
  const t1 = made(THIRD, start);
  const t2 = made(1 - THIRD, start);
  // The plateau and the descent differ in their noise, often by orders of
  // magnitude; both blur the improvement.
  const startNoise = MEDIAN_DEVIATION * noiseLevel(plateau) *
    (1 + UNSURE / plateau.length) / Math.sqrt(plateau.length);
  const least = resolution(cut);
  const noise = noiseLevel(
    raw.slice(Math.max(0, Math.min(t1, t2 - head)), t2 + 1),
  );
  const baseNoise = gain *
    noiseLevel(raw.slice(Math.max(0, t1 - halfWidth), t1 + halfWidth));
  const evidence = {
    curve: name,
    better,
    start: sign * start,
    best: sign * best,
    noise,
    clarity: ratio(improvement, Math.hypot(gain * noise, startNoise, least)),
    baseClarity: ratio(
      THIRD * improvement,
      Math.hypot(baseNoise, startNoise, least),
    ),
  };
  if (n < MINIMUM_POINTS || !(evidence.clarity >= SIGNIFICANT_CLARITY)) {
    return evidence;
  }

  const bound = (index: number): BoundEvidence => {
    const [before, after] = [
      Math.max(0, index - 1),
      Math.min(n - 1, index + 1),
    ];
    const decades = Math.log10(learningRates[kept[after]]) -
      Math.log10(learningRates[kept[before]]);
    return {
      index: kept[index],
      learningRate: learningRates[kept[index]],
      value: sign * values[index],
      slope: sign * slopes[index] * (after - before) / decades,
    };
  };
  const base = bound(t1);

  const bottomNoise = gain * noiseLevel(
    raw.slice(t2, Math.min(n, lowest + halfWidth + 1)),
  );
  const rise = Math.max(THIRD * improvement, SIGNIFICANT_RISE * bottomNoise);
  const lost = firstIndex(lowest, n - 1, (i) => values[i] > best + rise);
  const fence = Math.round(t2 + FENCE * (t2 - t1));
  const scatter = (center: number) =>
    noiseLevel(
      raw.subarray(Math.max(0, center - halfWidth), center + halfWidth + 1),
    );
  const usual = scatter(Math.round((t1 + t2) / 2));
  const much = Math.max(RAGGED_SCATTER * usual, RAGGED_SHARE * improvement);
  const ragged = firstIndex(
    t2 + 1,
    (lost ?? n) - 1 - halfWidth,
    (i) => scatter(i) > much,
  );
  const ends: [MaxReason, number][] = [];
  if (lost !== undefined) {
    const turn = Math.max(t2, lost - Math.ceil(halfWidth / 2));
    ends.push(["rises", turn]);
  }
  if (fence < n) ends.push(["slows", fence]);
  if (ragged !== undefined) ends.push(["ragged", ragged]);
  if (ends.length === 0) return { ...evidence, base };
  const [reason, index] = ends.reduce((a, b) => b[1] < a[1] ? b : a);
  return { ...evidence, base, max: { ...bound(index), reason } };
}
