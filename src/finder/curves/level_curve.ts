import { drawnCurve, type MeasuredCurve } from "./curve.ts";

/** Points on each side among which a trend's best must have a value as good. */
const NEAR = 2;

/** A curve as it is compared with others of the same batches. */
export interface LevelCurve {
  /** The smoothed curve at each rate; NaN where there is no value. */
  readonly trend: readonly number[];
  /** Its best; NaN where there is no value. */
  readonly best: number;
  /** Where that is; −1 where there is no value. */
  readonly index: number;
}

/**
 * Each loss without how hard its batch was at the first weights: divided by the
 * loss there, times the usual one. A loss that has fallen to nothing is nothing
 * for a hard batch too, which a difference would not know. Of losses that may be
 * negative, it is the difference.
 */
function withoutHardness(
  values: readonly number[],
  references: readonly number[],
  usual: number,
): number[] {
  const isRatio = references.every((value) => value > 0) &&
    values.every((value) => value >= 0);
  return values.map((value, i) =>
    isRatio ? value / references[i] * usual : value - references[i] + usual
  );
}

/**
 * The trend of a curve and its best level.
 *
 * @param usual The mean of the losses at the first weights, the same for all of
 * the curves that are compared.
 */
export function levelCurve(
  { references, ...curve }: MeasuredCurve,
  options: {
    readonly rates: readonly number[];
    readonly noise: number;
    readonly usual: number;
  },
): LevelCurve {
  const values = references
    ? withoutHardness(curve.values, references, options.usual)
    : curve.values;
  const { trend } = drawnCurve({ ...curve, values }, options);
  const sign = curve.better === "higher" ? -1 : 1;
  const index = trend.reduce(
    (best, value, i) =>
      Number.isFinite(value) && (best < 0 || sign * value < sign * trend[best])
        ? i
        : best,
    -1,
  );
  if (index < 0) return { trend, best: NaN, index };
  // A line through noise goes on beyond what there is.
  const near = values.slice(Math.max(0, index - NEAR), index + NEAR + 1)
    .filter(Number.isFinite).map((value) => sign * value);
  const best = sign * Math.max(sign * trend[index], Math.min(...near));
  return { trend, best, index };
}
