import type { Metric } from "../../metrics/direction.ts";
import {
  COUNTED,
  cycleMarks,
  iterationAxis,
  RATE,
  rateHeight,
} from "../look/axes.ts";
import { cycleEnds } from "../series/cycles.ts";
import { counted, isAccuracy, label, shown } from "../look/format.ts";
import {
  CHART_OPTIONS,
  type ChartOptions,
  type Limits,
  type Panel,
  type StackedChart,
} from "../look/grammar.ts";
import { courseHeadline } from "../series/headline.ts";
import { metricPanel } from "./_metric_panel.ts";
import { LIGHT } from "../look/palette.ts";
import {
  betterOf,
  epochCurve,
  type HistoryColumns,
  isMetric,
  metricsOf,
  nameOf,
  type RunHistory,
  runOf,
} from "../series/run.ts";
import { dots, frame, hover, short, WIDTH, zoom } from "../look/spec.ts";
import { thin } from "../series/thin.ts";
import { settledTrend, spanOf } from "../series/trend.ts";
import { checkOptions, listOf } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    title: 0,
    origin: 0,
    metrics: 0,
  } satisfies Record<keyof HistoryChartOptions, 0>,
);

/** Options of a history's chart. */
export interface HistoryChartOptions extends ChartOptions {
  /**
   * The metrics to draw, without `val_`, in order; each has a panel. One whose
   * name does not tell where it is better is told as
   * `{ name: "reward", better: "higher" }`; else the chart says how it went, and
   * nothing of better or worse.
   *
   * @default {["loss", "acc"]} of those recorded, or all where neither is
   */
  readonly metrics?: readonly Metric[];
}

/** How many iterations the rows are of: one each, or all up to the last. */
function trained(iterations: ArrayLike<number>): number {
  const rows = iterations.length;
  const last = iterations[rows - 1];
  return last - iterations[0] + 1 === rows ? rows : last;
}

/** More than anybody looks at, and far fewer than fill the renderer's stack. */
const MOST_PANELS = 100;

function headline(run: RunHistory, metrics: readonly Metric[]): string {
  const { history, epochHistory } = run;
  const metric = metrics.find((metric) => isAccuracy(nameOf(metric))) ??
    metrics[0];
  if (metric === undefined) {
    return `The learning rate over ${
      counted(trained(history.iterations), "iteration")
    }`;
  }
  const name = nameOf(metric);
  const spoken = {
    better: betterOf(metric),
    show: (value: number) => shown(name, value),
  };
  const { name: ofEpochs, values } = epochCurve(run, name);
  return Array.from(values).some(Number.isFinite)
    ? courseHeadline({ iterations: epochHistory!.iterations, values }, {
      ...spoken,
      what: `${ofEpochs} ${label(name)}`,
    })
    : courseHeadline(
      settledTrend({
        iterations: history.iterations,
        values: history[name] ?? [],
      }),
      { ...spoken, what: `training ${label(name)}` },
    );
}

function ratePanel(
  { iterations, lr }: HistoryColumns,
  options: {
    readonly domain: Limits;
    readonly ends: readonly number[];
    readonly alone: boolean;
  },
): Panel {
  const x = iterationAxis(options.domain, options.alone);
  const y = rateHeight(lr);
  return {
    width: WIDTH,
    height: 130,
    data: {
      values: thin(lr).map((i) => ({
        iteration: iterations[i],
        lr: short(lr[i]),
      })),
    },
    layer: [
      ...cycleMarks(options.ends, x, true),
      {
        name: "lr_line",
        mark: {
          type: "line",
          color: LIGHT.blue,
          strokeWidth: 2,
          point: dots(lr.length),
          clip: true,
        },
        encoding: { x, y },
      },
      hover("lr", { x, y, tooltip: [COUNTED, RATE] }, LIGHT.blue),
    ],
  };
}

function defaultMetrics(recorded: readonly string[]): readonly string[] {
  const usual = [
    ...recorded.filter((name) => name === "loss"),
    ...recorded.filter(isAccuracy),
  ];
  return usual.length > 0 ? usual : recorded;
}

/** The specification of a history's chart; see `historyChart`. */
export function historySpec(
  source: RunHistory | HistoryColumns,
  options: HistoryChartOptions = {},
): StackedChart {
  checkNames("draw a history", options, NAMES);
  checkOptions("draw a history", options, {
    ...CHART_OPTIONS,
    metrics: listOf(isMetric),
  });
  const run = runOf(source);
  const { history, epochHistory } = run;
  const { iterations, lr: rates } = history;
  if (iterations.length < 1) {
    throw new RangeError(
      "Cannot draw a history as it must have at least 1 iteration: current value is 0",
    );
  }
  const recorded = metricsOf(run);
  for (const metric of options.metrics ?? []) {
    if (!recorded.includes(nameOf(metric))) {
      throw new RangeError(
        `Cannot draw a history as metrics must be among ${
          recorded.join(", ")
        }: current value is ${nameOf(metric)}`,
      );
    }
  }
  const metrics = options.metrics ?? defaultMetrics(recorded);
  if (metrics.length > MOST_PANELS) {
    throw new RangeError(
      `Cannot draw a history as it must have at most ${MOST_PANELS} metrics: current value is ${metrics.length}; say which by options.metrics`,
    );
  }
  const first = iterations[0];
  const last = iterations[iterations.length - 1];
  // A single point stands in the middle, where no edge cuts it.
  const domain: Limits = last > first ? [first, last] : [first - 1, first + 1];
  const ends = rates ? cycleEnds(rates).map((i) => iterations[i]) : [];
  const drawn = metrics.map((metric, i) =>
    metricPanel(run, nameOf(metric), {
      x: iterationAxis(domain, i === metrics.length - 1),
      height: 170,
      ends,
      legend: i === 0,
    })
  );
  const panels = drawn.map(({ panel }) => panel);
  const views = drawn.map(({ view }) => view);
  if (rates) {
    const alone = metrics.length === 0;
    panels.unshift(ratePanel(history, { domain, ends, alone }));
    views.unshift("lr_line");
  }
  const epochs = epochHistory?.iterations.length ?? 0;
  const total = trained(iterations);
  const span = Math.round(
    spanOf(iterations.length) * total / iterations.length,
  );
  return {
    ...frame(options.title ?? headline(run, metrics), [
      counted(total, "iteration"),
      epochs ? counted(epochs, "epoch") : "",
      ends.length ? `${counted(ends.length, "cycle end")} (dotted)` : "",
      metrics.length > 0 && span > 1
        ? `batches smoothed over about ${counted(span, "iteration")}`
        : "",
    ], [
      run.penalized && metrics.some((metric) => nameOf(metric) === "loss") &&
        epochHistory?.val_loss
        ? "loss of batches with the penalties of regularizers, of the validation without"
        : "",
      drawn.flatMap(({ facts }) => facts).filter(Boolean).join(" · "),
      options.origin ?? "",
    ]),
    params: [zoom(views)],
    spacing: 12,
    resolve: { scale: { x: "shared", color: "independent" } },
    vconcat: panels,
  };
}
