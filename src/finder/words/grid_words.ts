import { extremes } from "../../metrics/extremes.ts";
import type { GridPoint, GridReason, GridResult } from "../result/grid_data.ts";
import {
  type HyperparameterName,
  type Hyperparameters,
  namesIn,
} from "../options/hyperparameter_grid.ts";
import { shortRate } from "./range_words.ts";
import { formatRate } from "../../metrics/format_rate.ts";

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
