import { blowUpCap } from "./_blow_up.ts";
import { count, isAccuracy, isHigherBetter, label, rate } from "./_format.ts";
import { gapFact, gapsIn, withGaps } from "./_gaps.ts";
import {
  bestIndex,
  type HistoryColumns,
  metricsOf,
  type RunHistory,
  shown,
} from "./_history_spec.ts";
import { LIGHT } from "./_palette.ts";
import {
  type Chart,
  type ChartOptions,
  frame,
  hover,
  inReach,
  iterationAxis,
  NUMBER,
  reached,
  short,
  WIDTH,
  zoom,
} from "./_spec.ts";
import { thin } from "./_thin.ts";
import { trendOf } from "./_trend.ts";

/** One run of a comparison. */
export interface NamedRun extends RunHistory {
  /** What tells this run from the others, in a few words. */
  readonly name: string;
}

/** Options of a comparison's chart. */
export interface ComparisonChartOptions extends ChartOptions {
  /**
   * The metric to compare, `val_…` for one of the validation.
   *
   * @default {the first of val_acc, val_loss, acc, loss that all runs have}
   */
  readonly metric?: string;
}

interface Curve {
  readonly name: string;
  readonly iterations: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly best: number;
}

const COLOURS = [
  LIGHT.blue,
  LIGHT.orange,
  LIGHT.green,
  LIGHT.purple,
  LIGHT.yellow,
  LIGHT.sky,
  LIGHT.muted,
];
const DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4], [1, 3]];

function has(run: RunHistory, metric: string): boolean {
  return metric.startsWith("val_")
    ? run.epochHistory?.[metric] !== undefined
    : run.history[metric] !== undefined;
}

function defaultMetric(runs: readonly NamedRun[]): string | undefined {
  const names = metricsOf(runs[0]);
  const ordered = [...names.filter(isAccuracy), "loss"];
  return [...ordered.map((name) => `val_${name}`), ...ordered]
    .find((metric) => runs.every((run) => has(run, metric)));
}

function curve(run: NamedRun, metric: string): Curve {
  const validation = metric.startsWith("val_");
  const columns: HistoryColumns = validation ? run.epochHistory! : run.history;
  const values = validation ? columns[metric] : trendOf(columns[metric]);
  return {
    name: run.name,
    iterations: columns.iterations,
    values,
    best: bestIndex(metric, values),
  };
}

/** The first iteration at which the curve is at least as good as `goal`. */
function reaches(curve: Curve, metric: string, goal: number): number {
  const sign = isHigherBetter(metric) ? 1 : -1;
  for (let i = 0; i < curve.values.length; i++) {
    if (sign * curve.values[i] >= sign * goal) return curve.iterations[i];
  }
  return Infinity;
}

function title(curves: readonly Curve[], metric: string): string {
  const sign = isHigherBetter(metric) ? -1 : 1;
  const ranked = curves.filter((curve) => curve.best >= 0)
    .sort((a, b) => sign * (a.values[a.best] - b.values[b.best]));
  if (ranked.length === 0) return `No run has a finite ${label(metric)}`;
  const [first, second] = ranked;
  const best = `${first.name} reaches the best ${label(metric)}, ${
    shown(metric, first.values[first.best])
  }`;
  if (!second) return best;
  const goal = second.values[second.best];
  const early = reaches(first, metric, goal);
  const late = second.iterations[second.best];
  return early < late
    ? `${best}, and ${second.name}'s best of ${shown(metric, goal)} ` +
      `in ${count(early)} instead of ${count(late)} iterations`
    : `${best}; ${second.name} follows with ${shown(metric, goal)}`;
}

/** The specification of a comparison's chart; see `comparisonChart`. */
export function comparisonSpec(
  runs: readonly NamedRun[],
  options: ComparisonChartOptions = {},
): Chart {
  if (runs.length < 1 || runs.length > COLOURS.length) {
    throw new RangeError(
      `Cannot draw a comparison as it must have from 1 to ${COLOURS.length} runs: current value is ${runs.length}`,
    );
  }
  if (new Set(runs.map((run) => run.name)).size < runs.length) {
    throw new RangeError(
      `Cannot draw a comparison as its runs must have different names: current value is ${
        runs.map((run) => run.name).join(", ")
      }`,
    );
  }
  const metric = options.metric ?? defaultMetric(runs);
  if (metric === undefined || !runs.every((run) => has(run, metric))) {
    throw new RangeError(
      `Cannot draw a comparison as metric must be one that all runs have: current value is ${
        metric ?? "missing"
      }`,
    );
  }
  const curves = runs.map((run) => curve(run, metric));
  let last = 1, low = Infinity, high = -Infinity;
  const values = curves.flatMap(({ name, iterations, values }) => {
    const gaps = gapsIn(values, values.length / WIDTH);
    const cap = blowUpCap(values) ?? Infinity;
    last = Math.max(last, iterations[iterations.length - 1] ?? 0);
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
  const top = high + margin;
  const clipped = values.some(({ value }) => value !== null && value > top);
  const x = iterationAxis(0, last);
  const domain = curves.map(({ name }) => name);
  const range = [short(low - margin)!, short(top)!] as const;
  const y = {
    field: reached("value"),
    type: "quantitative",
    scale: { domain: range, nice: false, zero: false },
    axis: {
      title: label(metric),
      tickCount: 6,
      format: isAccuracy(metric) ? ".0%" : NUMBER,
    },
  };
  const color = {
    field: "run",
    type: "nominal",
    scale: { domain, range: COLOURS.slice(0, domain.length) },
    legend: { symbolType: "stroke", columns: domain.length > 4 ? 3 : 4 },
  };
  const strokeDash = {
    field: "run",
    type: "nominal",
    scale: { domain, range: DASHES.slice(0, domain.length) },
  };
  return {
    ...frame(options.title ?? title(curves, metric), [
      `${label(metric)}${metric.startsWith("val_") ? "" : ", smoothed"}`,
      `${count(last)} iterations`,
      clipped ? `clipped at ${rate(top)}` : "",
    ], [
      curves.map(({ name, values, iterations }) =>
        gapFact(name, values, iterations)
      ).filter(Boolean).join(" · "),
      options.origin ?? "",
    ]),
    params: [zoom(["runs"])],
    width: WIDTH,
    height: 340,
    data: { values },
    transform: inReach(["value"], range),
    layer: [
      {
        name: "runs",
        mark: { type: "line", strokeWidth: 2, clip: true },
        encoding: { x, y, color, strokeDash },
      },
      {
        data: {
          values: curves.filter(({ best }) => best >= 0).map((
            { name, iterations, values, best },
          ) => ({
            run: name,
            iteration: iterations[best],
            value: short(values[best]),
          })),
        },
        transform: inReach(["value"], range),
        mark: {
          type: "point",
          filled: true,
          opacity: 1,
          size: 70,
          stroke: LIGHT.background,
          strokeWidth: 1.5,
        },
        encoding: { x, y, color },
      },
      hover("runs", {
        x,
        y,
        tooltip: [
          { field: "run", type: "nominal" },
          { field: "iteration", type: "quantitative", format: ",d" },
          { field: "value", type: "quantitative", title: label(metric) },
        ],
      }, LIGHT.ink),
    ],
  };
}
