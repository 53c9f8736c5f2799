import { checkKind } from "../../runtime/check_given.ts";
import { formatRate } from "../../metrics/format_rate.ts";
import type { Better, Metric } from "../../metrics/direction.ts";
import { COUNTED, iterationAxis, metricAxis, told } from "../look/axes.ts";
import { blowUpCap } from "../series/blow_up.ts";
import { counted, isAccuracy, label, shown } from "../look/format.ts";
import { gapFact, gapsIn, withGaps } from "../series/gaps.ts";
import {
  CHART_OPTIONS,
  type ChartOptions,
  type Limits,
  type SingleChart,
} from "../look/grammar.ts";
import {
  bestIndex,
  comparisonHeadline,
  type NamedCourse,
} from "../series/headline.ts";
import { curveLooks, markedDots, MOST_COLOURS } from "../look/named_curves.ts";
import { LIGHT } from "../look/palette.ts";
import {
  betterOf,
  isMetric,
  metricsOf,
  nameOf,
  type RunHistory,
  runOf,
} from "../series/run.ts";
import {
  dots,
  frame,
  hover,
  inReach,
  reached,
  rounded,
  short,
  WIDTH,
  zoom,
} from "../look/spec.ts";
import { thin } from "../series/thin.ts";
import { settledTrend } from "../series/trend.ts";
import { checkOptions } from "../../runtime/check_data.ts";
import { isRecord } from "../../runtime/records.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
    origin: 0,
    metric: 0,
  } satisfies Record<keyof ComparisonChartOptions, 0>,
);

/** One run of a comparison. */
export interface NamedRun extends RunHistory {
  /** What tells this run from the others, in a few words. */
  readonly name: string;
}

/** Options of a comparison's chart. */
export interface ComparisonChartOptions extends ChartOptions {
  /**
   * The metric to compare, `val_…` for one of the validation. One whose name
   * does not tell where it is better is told as
   * `{ name: "reward", better: "higher" }`; else no run is called the best.
   *
   * @default {the first of val_acc, val_loss, acc, loss that all runs have}
   */
  readonly metric?: Metric;
}

/** The columns in which a run has the metric, if any. */
function columnsOf(run: RunHistory, metric: string) {
  const columns = metric.startsWith("val_") ? run.epochHistory : run.history;
  return columns?.[metric] === undefined ? undefined : columns;
}

function defaultMetric(runs: readonly NamedRun[]): string | undefined {
  const names = metricsOf(runs[0]);
  const ordered = [...names.filter(isAccuracy), "loss"];
  return [...ordered.map((name) => `val_${name}`), ...ordered]
    .find((metric) => runs.every((run) => columnsOf(run, metric)));
}

function curvesOf(
  runs: readonly NamedRun[],
  metric: string | undefined,
): NamedCourse[] {
  return runs.map((run) => {
    const columns = metric === undefined ? undefined : columnsOf(run, metric);
    if (columns === undefined) {
      throw new RangeError(
        `Cannot draw a comparison as metric must be one that all runs have: current value is ${
          metric ??
            `none: ${
              runs.map((run) =>
                `${run.name} has ${metricsOf(run).join(", ") || "none"}`
              ).join("; ")
            }`
        }`,
      );
    }
    const { iterations } = columns;
    const values = columns[metric!];
    return {
      name: run.name,
      ...(metric!.startsWith("val_")
        ? { iterations, values }
        : settledTrend({ iterations, values })),
    };
  });
}

/** The rows of all curves, and limits that show them up to where they blow up. */
function rowsOf(curves: readonly NamedCourse[]) {
  let low = Infinity, high = -Infinity;
  const rows = curves.flatMap(({ name, iterations, values }) => {
    const gaps = gapsIn(values, values.length / WIDTH);
    const cap = blowUpCap(values) ?? Infinity;
    return withGaps(thin(values, 250), values, gaps).map((i) => {
      if (Number.isFinite(values[i])) {
        low = Math.min(low, values[i]);
        high = Math.max(high, Math.min(values[i], cap));
      }
      return { run: name, iteration: iterations[i], value: short(values[i]) };
    });
  });
  if (low > high) [low, high] = [0, 1];
  const margin = 0.06 * (high - low) || 0.1;
  const domain: Limits = [rounded(low - margin), rounded(high + margin)];
  return { rows, domain };
}

/** Where a curve has a dot: at its best, or at its end where that is unknown. */
function markedIndex(
  { values }: NamedCourse,
  better: Better | undefined,
): number {
  return better === undefined
    ? Array.from(values).findLastIndex(Number.isFinite)
    : bestIndex(values, better);
}

/** The specification of a comparison's chart; see `comparisonChart`. */
export function comparisonSpec(
  runs: readonly NamedRun[],
  options: ComparisonChartOptions = {},
): SingleChart {
  checkNames("draw a comparison", options, NAMES);
  checkOptions("draw a comparison", options, {
    ...CHART_OPTIONS,
    metric: isMetric,
  });
  checkKind(
    "draw a comparison",
    {
      name: "runs",
      value: runs,
      must: "a list of { name, history }, each with a name",
    },
    Array.isArray(runs) &&
      runs.every((run) => isRecord(run) && typeof run.name === "string"),
  );
  if (runs.length < 1 || runs.length > MOST_COLOURS) {
    throw new RangeError(
      `Cannot draw a comparison as it must have from 1 to ${MOST_COLOURS} runs: current value is ${runs.length}`,
    );
  }
  if (new Set(runs.map((run) => run.name)).size < runs.length) {
    throw new RangeError(
      `Cannot draw a comparison as its runs must have different names: current value is ${
        runs.map((run) => run.name).join(", ")
      }`,
    );
  }
  for (const run of runs) runOf(run);
  const asked = options.metric ?? defaultMetric(runs);
  const curves = curvesOf(runs, asked && nameOf(asked));
  const metric = nameOf(asked!);
  const better = betterOf(asked!);
  const { rows, domain } = rowsOf(curves);
  const last = Math.max(
    1,
    ...curves.map(({ iterations }) => iterations[iterations.length - 1] ?? 0),
  );
  const clipped = rows.some(({ value }) => value !== null && value > domain[1]);
  const x = iterationAxis([0, last]);
  const y = metricAxis(metric, reached("value"), { domain, ticks: 6 });
  const names = curves.map(({ name }) => name);
  const { color, strokeDash } = curveLooks("run", names);
  const marked = curves.flatMap((curve) => {
    const i = markedIndex(curve, better);
    return i < 0 ? [] : [{
      run: curve.name,
      iteration: curve.iterations[i],
      value: short(curve.values[i]),
    }];
  });
  const transform = inReach(["value"], domain);
  const headline = comparisonHeadline(curves, {
    what: label(metric),
    better,
    show: (value) => shown(metric, value),
  });
  return {
    ...frame(options.title ?? headline, [
      `${label(metric)}${metric.startsWith("val_") ? "" : ", smoothed"}`,
      counted(last, "iteration"),
      better === undefined ? "" : "dots mark the best",
      clipped ? `clipped at ${formatRate(domain[1])}` : "",
    ], [
      curves.map(({ name, values, iterations }) =>
        gapFact(name, values, iterations)
      ).filter(Boolean).join(" · "),
      options.origin ?? "",
    ]),
    params: [zoom(["runs"])],
    width: WIDTH,
    height: 340,
    data: { values: rows },
    transform,
    layer: [
      {
        name: "runs",
        mark: {
          type: "line",
          strokeWidth: 2,
          point: dots(Math.max(...curves.map(({ values }) => values.length))),
          clip: true,
        },
        encoding: {
          x,
          y,
          color,
          strokeDash,
        },
      },
      markedDots(marked, transform, { x, y, color }),
      hover("runs", {
        x,
        y,
        tooltip: [
          { field: "run", type: "nominal" },
          COUNTED,
          told("value", label(metric)),
        ],
      }, LIGHT.ink),
    ],
  };
}
