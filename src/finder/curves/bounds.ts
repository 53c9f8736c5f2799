import { finitePoints, type MeasuredCurve, smoothCurve } from "./curve.ts";
import { noiseLevel, resolution, unsure } from "./divergence.ts";
import type { Better } from "../../metrics/direction.ts";

/**
 * What ends the improvement: the reason for the upper bound. Ranges that were
 * read before the rule was changed have `"ragged"` too.
 */
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
 * The bounds follow Smith's rule (2015, section 3.3), that the lower one is where
 * the curve starts to improve and the upper one where it slows, turns ragged or
 * rises. They are read as follows from a loss, and from the negative of a metric
 * that is better when higher. The constants were chosen with curves of
 * the problems of `bench/finder/zoo` in sight, of both halves.
 *
 * 1. *Level and noise.* Where the losses of the same batches at the first weights
 *    are known, they are subtracted: what is left has no start level to guess and
 *    a third of the noise. Else `start` is the median of the first tenth of the
 *    points. What lies above the start by more than half of the improvement is
 *    cut off there, so that a blow-up does not spill over its neighbours. The
 *    curve is smoothed by local linear regression over 0.3 decades on each side;
 *    `best` is its minimum, and `D = start − best` the improvement.
 * 2. *Takes hold.* The point where a third of D is made for good: going back from
 *    the best, the last one before less than that is. The faster the rate grows,
 *    the fewer steps there were by then: the point moves as the 0.8th power of
 *    that, and is brought to twenty steps a decade. This is `baseLr`.
 * 3. *Is undone.* Where half of D is lost again after the best; of a metric, at
 *    the latest where training diverged, which it may not show.
 * 4. *Rises.* `maxLr` lies between these two on a logarithmic scale, two fifths of
 *    the way, of which 2 decades count, and 0.05 decades more. The best
 *    constant rate is known no better from one curve: where a loss takes hold
 *    depends on how far there is to go, where it is undone on what a rate does
 *    within a few steps, and a training of hundreds of steps lies between.
 * 5. *Slows.* Where nothing is lost again: with the first and the second third of
 *    D made at points t1 and t2, the point t2 + 3 (t2 − t1). A curve that levels
 *    off like a logistic curve has made 99 % there.
 *
 * 6. *Stated.* A range has both to two digits, the nearest of twelve preferred
 *    numbers a decade (IEC 60063), within the rates tested: up to 11 % more or less
 *    is well within what one test can tell, and another test of the same network
 *    more often comes to the same.
 *
 * Every step compares differences of values, so the bounds stay the same when a
 * constant is added to the curve and when it is scaled.
 */
export interface CurveEvidence {
  /** The curve: `"loss"`, or the name of a metric such as `"acc"`. */
  readonly curve: string;
  /** Where it is better, as its name tells or the caller said. */
  readonly better: Better;
  /** Level before any improvement. */
  readonly start: number;
  /** The best level of the smoothed curve. */
  readonly best: number;
  /** Standard deviation of single points where the curve improves. */
  readonly noise: number;
  /**
   * The improvement in standard deviations of what it is read from: the start
   * level and the smoothed curve. Below 5, or 4 where the start was measured,
   * there is no telling it from noise.
   */
  readonly clarity: number;
  /**
   * A third of the improvement in standard deviations of what it is read
   * from: the start level and the smoothed curve there.
   */
  readonly baseClarity: number;
  /** Where a third of the improvement is made; absent where none is. */
  readonly base?: BoundEvidence;
  /** The same, where noise hides it: a guess. */
  readonly hidden?: BoundEvidence;
  /** Where half of the improvement is lost again; absent where it is not. */
  readonly lost?: BoundEvidence;
  /** Where the improvement ends; absent where the test ends before. */
  readonly max?: BoundEvidence & {
    /** What ends it. */
    readonly reason: MaxReason;
  };
}

/**
 * Below this clarity there is no improvement to speak of. The lowest point of a
 * smoothed curve is the least of some dozen independent values, so five standard
 * deviations are less than they sound.
 */
const SIGNIFICANT_CLARITY = 5;

/**
 * The same where the start level is measured, and need not be told from noise.
 */
const REFERENCED_CLARITY = 4;

/**
 * What is fainter still is not even worth a short training that would confirm it.
 */
const FAINT_CLARITY = 2;

/**
 * Below this clarity, and below this one at its foot, the bounds of a curve whose
 * start level is not measured cannot be located: of logistic falls with normal
 * noise in 120 rates, 95 % have their lower bound within 0.25 decades of the one
 * without noise at a clarity of 7 to 8, 0.6 at 5 to 6.
 */
const LOCATING_CLARITY = 7;
const LOCATING_BASE_CLARITY = 2.5;

/**
 * The least number of points that the rule is applied to: the first five give
 * the start, and as many are left for all that comes after.
 */
export const MINIMUM_POINTS = 10;

/**
 * The share of the improvement at which it has started. A smaller one moves the
 * bound to where the curve is flat and noise moves it more; of 0.1, 0.2, 1/3, 0.5
 * and 2/3 this gives the steadiest bounds that train as well as any.
 */
const THIRD = 1 / 3;

/** The share of the improvement that is lost where it is undone. */
const UNDONE = 0.5;

/**
 * How far past its last third, in widths of the middle one, it has ended. From a
 * third to two thirds a logistic curve takes 2 ln 2 widths; 3 times as much
 * later it is at 1 − 1 / (1 + 2⁷), 99 %. Tukey's fences stand as far out.
 */
const FENCE = 3;

/**
 * Where between taking hold and being undone the maximum lies: this share of the
 * way, and so many decades more. Of the zoo's tests at ten rates a decade, shares
 * of 0.3 to 0.5 train as well (mean regret 0.07 to 0.08 without trials), and the
 * least moves least with the order of the batches, as where a loss takes hold is
 * known better than where it is undone. A tenth of a decade more trains as well in
 * the middle, and breaks one network in 64 more.
 */
const CENTER_SHARE = 0.4;
const CENTER = 0.05;

/**
 * The longest way that counts, in decades: farther up, losses of bounded outputs
 * rise slowly and nothing says where. 1.8 to 2.2 are as good, and none is worse.
 */
const LONGEST_SPAN = 2;

/** The way between taking hold and being undone that counts, in decades. */
export function spanOf(takesHold: number, undone: number): number {
  return Math.max(0, Math.min(LONGEST_SPAN, undone - takesHold));
}

/** The decade of the maximum between those of taking hold and being undone. */
export function centerOf(takesHold: number, undone: number): number {
  return takesHold + CENTER_SHARE * spanOf(takesHold, undone) + CENTER;
}

/** The pace of growth that bounds are stated for, in steps a decade. */
const USUAL_PACE = 20;

/**
 * How the rate at which a loss takes hold depends on the steps a decade: of 82
 * tests of the zoo with ten and twenty the median ratio is 1.74, 2 to the 0.8th.
 */
const PACE_POWER = 0.8;

/** The most that the pace may move a bound, in decades. */
const PACE_LIMIT = 0.5;

/** The deviation of a median, in that of a mean (normal noise). */
const MEDIAN_DEVIATION = 1.2533141373155003;

/** a / b, and 0 for 0 / 0. */
function ratio(a: number, b: number): number {
  return a === 0 ? 0 : a / b;
}

/** The decade of the rate at a point, also between two and behind the last. */
function decadeAt(rates: ArrayLike<number>, point: number): number {
  const last = rates.length - 1;
  const before = Math.max(0, Math.min(last - 1, Math.floor(point)));
  const after = Math.min(last, before + 1);
  // A linear test may begin with a rate of 0.
  const [a, b] = [rates[before], rates[after]]
    .map((rate) => Math.log10(Math.max(rate, rates[after] / 10)));
  return a + (point - before) * (b - a);
}

/**
 * Reads the bounds from a curve, as {@linkcode CurveEvidence} describes.
 *
 * @param learningRates The rate of each value.
 */
export function findBounds(
  learningRates: ArrayLike<number>,
  curve: MeasuredCurve,
  options: {
    /** Batches trained on at each rate. @default {1} */
    readonly batchesPerRate?: number;
  } = {},
): CurveEvidence {
  const { name, better, references, blewUp, isCut } = curve;
  const { batchesPerRate = 1 } = options;
  const kept = finitePoints(curve.values);
  const rates = kept.map((i) => learningRates[i]);
  const smooth = smoothCurve({
    better,
    values: kept.map((i) => curve.values[i]),
    ...(references && { references: kept.map((i) => references[i]) }),
    ...(blewUp === undefined ? {} : { blewUp }),
  }, rates);
  const { sign, raw, cut, head, start, values, slopes, gains } = smooth;
  const n = raw.length;
  let lowest = 0;
  for (let i = 1; i < n; i++) if (values[i] < values[lowest]) lowest = i;
  const best = Math.min(start, values[lowest]);
  const improvement = start - best;

  /** Between which points the trend last passes a level, before the best. */
  const made = (share: number) => {
    const level = start - share * improvement;
    let i = lowest;
    while (i > 0 && values[i] <= level) i--;
    if (i === lowest || values[i] <= level) return i;
    return i + (values[i] - level) / (values[i] - values[i + 1]);
  };
  const lostAt = () => {
    const level = best + UNDONE * improvement;
    let i = lowest;
    while (i < values.length && values[i] < level) i++;
    if (i >= values.length && isCut) return n - 1;
    if (i === lowest || i >= values.length) return undefined;
    return i - (values[i] - level) / (values[i] - values[i - 1]);
  };
  const [t1, t2] = [made(THIRD), made(1 - THIRD)];

  // The plateau and the descent differ in their noise, often by orders of
  // magnitude; both blur the improvement.
  const plateau = raw.subarray(0, Math.max(head, Math.floor(t1) - 1));
  const startNoise = head === 0 ? 0 : MEDIAN_DEVIATION * noiseLevel(plateau) *
    unsure(plateau.length) / Math.sqrt(plateau.length);
  const rounding = resolution(cut);
  const noise = noiseLevel(
    cut.slice(Math.max(0, Math.floor(t1) - 2), Math.max(lowest, t2) + 2),
  );
  const gain = gains[lowest] ?? 1;
  const evidence = {
    curve: name,
    better,
    start: sign * start,
    best: sign * best,
    noise,
    clarity: ratio(improvement, Math.hypot(gain * noise, startNoise, rounding)),
    baseClarity: ratio(
      THIRD * improvement,
      Math.hypot(
        gain * noiseLevel(cut.slice(Math.max(0, t1 - 5), t1 + 6)),
        startNoise,
        rounding,
      ),
    ),
  };
  const least = references ? FAINT_CLARITY : SIGNIFICANT_CLARITY;
  if (n < MINIMUM_POINTS || !(evidence.clarity >= least)) return evidence;
  // What is best at the first rates, below the level read from them, only rises.
  if (head > 0 && t1 === 0) return evidence;

  const bound = (point: number, decade: number): BoundEvidence => {
    const index = Math.min(n - 1, Math.round(point));
    const [before, after] = [
      Math.max(0, index - 1),
      Math.min(n - 1, index + 1),
    ];
    return {
      index: kept[index],
      learningRate: 10 ** decade,
      value: sign * values[index],
      slope: sign * slopes[index] * (after - before) /
        (decadeAt(rates, after) - decadeAt(rates, before)),
    };
  };
  /** The decade of a point, were there twenty steps a decade. */
  const paced = (point: number) => {
    const decade = decadeAt(rates, point);
    const width = decadeAt(rates, point + 0.5) - decadeAt(rates, point - 0.5);
    const shift = PACE_POWER * Math.log10(batchesPerRate / width / USUAL_PACE);
    return decade + Math.max(-PACE_LIMIT, Math.min(PACE_LIMIT, shift));
  };
  const base = bound(t1, Math.min(paced(t1), decadeAt(rates, n - 1)));
  const isHidden = references
    ? evidence.clarity < REFERENCED_CLARITY
    : evidence.clarity < LOCATING_CLARITY ||
      evidence.baseClarity < LOCATING_BASE_CLARITY;
  if (isHidden) return { ...evidence, hidden: base };
  const undone = lostAt();
  if (undone !== undefined) {
    const lost = bound(undone, decadeAt(rates, undone));
    const decade = centerOf(
      Math.log10(base.learningRate),
      Math.log10(lost.learningRate),
    );
    const away = (point: number) => Math.abs(decadeAt(rates, point) - decade);
    let middle = Math.min(n - 1, Math.round(t1));
    while (middle < n - 1 && away(middle + 1) < away(middle)) middle++;
    const max = { ...bound(middle, decade), reason: "rises" as const };
    return { ...evidence, base, lost, max };
  }
  const fence = t2 + FENCE * (t2 - t1);
  if (fence > n - 1) return { ...evidence, base };
  const max = { ...bound(fence, paced(fence)), reason: "slows" as const };
  return { ...evidence, base, max };
}
