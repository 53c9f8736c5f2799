import { extremes } from "../metrics/extremes.ts";
import { noiseLevel } from "./divergence.ts";
import type { GridPoint, GridReason, GridResult } from "./grid_data.ts";
import {
  type HyperparameterName,
  type Hyperparameters,
  namesIn,
} from "./hyperparameter_grid.ts";
import { shortRate } from "./range_words.ts";
import { formatRate } from "../metrics/format_rate.ts";
import type { Better } from "../metrics/direction.ts";

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
export function chooseBest(
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

const WORDS: { readonly [Name in HyperparameterName]: string } = {
  weightDecay: "weight decay",
  momentum: "momentum",
};

/** `weight decay 0.0001, momentum 0.9`. */
export function wordPoint(point: Hyperparameters): string {
  return namesIn(point).map((name) => `${WORDS[name]} ${point[name]}`)
    .join(", ");
}

const REASONS: {
  readonly [Reason in GridReason]: (
    best: GridPoint,
    grid: Pick<GridResult, "curve" | "better"> & {
      readonly others: readonly GridPoint[];
    },
  ) => string;
} = {
  "best-loss": (best, { curve, better, others }) => {
    const [least, greatest] = extremes(others.map((other) => other.best));
    const next = better === "lower" ? least : greatest;
    const more = better === "lower" ? " or more" : " or less";
    return `its ${curve} comes to ${formatRate(best.best)}, the others' to ${
      formatRate(next)
    }${others.length > 1 ? more : ""}`;
  },
  "highest-rate": (best, { curve }) =>
    `no ${curve} comes clearly farther, and training holds up to ${
      shortRate(best.highestLr!)
    }, higher than with any other that does as well`,
  "largest-value": (_, { curve }) =>
    `it is the largest of those that do as well: no ${curve} comes clearly farther, and no other holds higher rates`,
  "only-value": (best, { curve }) =>
    `the only one tested; its ${curve} comes to ${formatRate(best.best)}`,
};

/** Why a point is the best, in a sentence. */
export function wordGrid(
  { points, best, reason, curve, better }: Omit<GridResult, "advice">,
): string {
  if (best === undefined || reason === undefined) {
    return "The test was stopped before every point of the grid was tested.";
  }
  const words = points[best].label;
  const why = REASONS[reason](points[best], {
    curve,
    better,
    others: points.filter((point, i) =>
      i !== best && Number.isFinite(point.best)
    ),
  });
  return `${words[0].toUpperCase()}${words.slice(1)} is best: ${why}.`;
}

/** A line for each point, as columns. */
export function gridTable({ points, best, curve }: GridResult): string[] {
  const rows = [
    ["", `best ${curve}`, "at rate", "holds to"],
    ...points.map((point, i) => [
      `${i === best ? "•" : " "} ${point.label}`,
      Number.isFinite(point.best) ? formatRate(point.best) : "–",
      Number.isFinite(point.bestLr) ? shortRate(point.bestLr) : "–",
      point.highestLr === undefined ? "–" : shortRate(point.highestLr),
    ]),
  ];
  const widths = rows[0].map((_, k) =>
    extremes(rows.map((row) => row[k].length))[1]
  );
  return rows.map((row) =>
    row.map((cell, k) =>
      k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k])
    ).join("  ").trimEnd()
  );
}
