import { extremes } from "../../metrics/extremes.ts";
import { checkKind } from "../../runtime/check_given.ts";
import type { RangeTestResult } from "../../finder/result/range_data.ts";
import { metricAxis, RATE, rateAxis, told } from "../look/axes.ts";
import { label } from "../look/format.ts";
import {
  CHART_OPTIONS,
  type ChartOptions,
  type Limits,
  type SingleChart,
} from "../look/grammar.ts";
import { curveLooks, markedDots } from "../look/named_curves.ts";
import { LIGHT } from "../look/palette.ts";
import { limits } from "./range_panel.ts";
import {
  frame,
  hover,
  inReach,
  reached,
  short,
  WIDTH,
  zoom,
} from "../look/spec.ts";
import { thin } from "../series/thin.ts";
import { checkOptions } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
    origin: 0,
  } satisfies Record<keyof ChartOptions, 0>,
);

/** What a chart of a grid draws: a range with a `grid` has it, and its JSON. */
export type GridData = Pick<RangeTestResult, "settings" | "grid">;

/** The name of the layer of curves. */
const VIEW = "curves";

/** A curve's values, of which JSON has null where there is none. */
function numbers(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NaN);
}

/**
 * Limits that show every curve up to where it is worse, by half of the largest
 * improvement, than where it began.
 */
function limitsOf(
  curves: readonly (readonly number[])[],
  sign: number,
): Limits {
  const finite = curves.map((curve) => curve.filter(Number.isFinite))
    .filter((curve) => curve.length > 0);
  const [best] = extremes(
    finite.flatMap((curve) => curve.map((value) => sign * value)),
  );
  const [, start] = extremes(finite.map(([first]) => sign * first));
  const limit = start + 0.5 * (start - best || Math.abs(start) * 0.1 || 0.1);
  const values = finite.flat().map((value) =>
    sign * Math.min(sign * value, limit)
  );
  return limits({ name: "", values });
}

/** The specification of a grid's chart; see `gridChart`. */
export function gridSpec(
  range: GridData,
  options: ChartOptions = {},
): SingleChart {
  checkKind(
    "draw a grid",
    { name: "range", value: range, must: "what findLearningRate gives" },
    typeof range === "object" && range !== null,
  );
  const { grid, settings } = range;
  checkNames("draw a grid", options, NAMES);
  checkOptions("draw a grid", options, CHART_OPTIONS);
  if (grid === undefined || grid.points.length === 0) {
    throw new TypeError(
      "Cannot draw a grid as the range must have one, of findLearningRate's option grid: current value has none",
    );
  }
  const { points, curve, better, best } = grid;
  const sign = better === "higher" ? -1 : 1;
  const trends = points.map(({ trend }) => numbers(trend));
  const domain = limitsOf(trends, sign);
  const names = points.map(({ label }) => label);
  const rows = points.flatMap(({ label, learningRates }, k) =>
    thin(trends[k], 250).map((i) => ({
      point: label,
      lr: short(learningRates[i]),
      value: short(trends[k][i]),
    }))
  );
  const rates = points.flatMap(({ learningRates }) => learningRates);
  const extent: Limits = [
    rates.reduce((a, b) => Math.min(a, b), Infinity),
    rates.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const x = rateAxis(extent, { growth: settings.growth, shown: true });
  const y = metricAxis(curve, reached("value"), { domain, ticks: 6 });
  const { color, strokeDash } = curveLooks("point", names);
  const marked = points.flatMap(({ label, bestLr, learningRates }, k) => {
    const i = learningRates.indexOf(bestLr);
    return i < 0 ? [] : [{
      point: label,
      lr: short(bestLr),
      value: short(trends[k][i]),
    }];
  });
  const transform = inReach(["value"], domain);
  const name = settings.validated ? `validation ${label(curve)}` : label(curve);
  return {
    ...frame(options.title ?? grid.advice.replace(/\.$/, ""), [
      `${name}, smoothed, over the same rates and batches from the same weights`,
      "dots mark the best",
    ], [options.origin ?? ""]),
    params: [zoom([VIEW])],
    width: WIDTH,
    height: 340,
    data: { values: rows },
    transform,
    layer: [
      {
        name: VIEW,
        mark: { type: "line", clip: true },
        encoding: {
          x,
          y,
          color,
          strokeDash,
          strokeWidth: {
            condition: {
              test: `datum.point === ${
                JSON.stringify(names[best ?? -1] ?? "")
              }`,
              value: 3,
            },
            value: 1.5,
          },
        },
      },
      markedDots(marked, transform, { x, y, color }),
      hover(VIEW, {
        x,
        y,
        tooltip: [
          { field: "point", type: "nominal", title: "hyperparameters" },
          RATE,
          told("value", `${label(curve)}, smoothed`),
        ],
      }, LIGHT.ink),
    ],
  };
}
