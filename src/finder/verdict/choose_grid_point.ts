import { noiseLevel } from "../curves/divergence.ts";
import {
  type Hyperparameters,
  namesIn,
} from "../options/hyperparameter_grid.ts";
import type { GridPoint, GridReason } from "../result/grid_data.ts";
import type { Better } from "../../metrics/direction.ts";
import { extremes } from "../../metrics/extremes.ts";

/** What is less than this share of the improvement is no difference. */
const TIE = 0.01;

/**
 * Points that the best of a smoothed curve is the mean of, about: its noise is
 * that of single points over the root of it.
 */
const SMOOTHED = 6;

/** Rates that differ by less than this factor are the same: a step of the grid. */
const STEP = 10 ** (1 / 10) * 1.001;

/** Some of the values around where a point is at its best. */
function around(values: readonly number[], point: GridPoint): number[] {
  const at = point.learningRates.indexOf(point.bestLr);
  return values.slice(Math.max(0, at - SMOOTHED), at + SMOOTHED)
    .filter(Number.isFinite);
}

/**
 * The noise in which the best of a curve is told from that of the best curve: of
 * that one where it is at its best, or of the difference of both there. In this
 * one how hard a batch is cancels out, which makes most of the noise of either.
 */
function noiseBetween(best: GridPoint, other: GridPoint): number {
  const differences = other.values.map((value, i) => value - best.values[i]);
  return Math.min(
    noiseLevel(around(best.values, best)),
    noiseLevel(around(differences, best)),
  );
}

/** The best point and why; the points are as they were tested. */
export function chooseGridPoint(
  points: readonly GridPoint[],
  { better, start }: { readonly better: Better; readonly start: number },
): { readonly best: number; readonly reason: GridReason } {
  const sign = better === "higher" ? -1 : 1;
  const level = (point: GridPoint) =>
    Number.isFinite(point.best) ? sign * point.best : Infinity;
  const indices = points.map((_, i) => i);
  const lowest = indices.reduce((a, b) =>
    level(points[b]) < level(points[a]) ? b : a
  );
  if (points.length === 1) return { best: 0, reason: "only-value" };
  const least = TIE * Math.max(0, sign * start - level(points[lowest]));
  const asGood = indices.filter((i) => {
    const noise = noiseBetween(points[lowest], points[i]) / Math.sqrt(SMOOTHED);
    return level(points[i]) - level(points[lowest]) <= Math.max(least, noise);
  });
  if (asGood.length === 1) return { best: lowest, reason: "best-loss" };
  const [, highest] = extremes(asGood.map((i) => points[i].highestLr ?? 0));
  const holding = asGood.filter((i) =>
    (points[i].highestLr ?? 0) * STEP >= highest
  );
  const best = holding.reduce((a, b) => isLarger(points[b], points[a]) ? b : a);
  return {
    best,
    reason: holding.length === 1 ? "highest-rate" : "largest-value",
  };
}

function isLarger(a: Hyperparameters, b: Hyperparameters): boolean {
  for (const name of namesIn(a)) {
    if (a[name] !== b[name]) return a[name]! > b[name]!;
  }
  return false;
}
