import { blowUpCap } from "./_blow_up.ts";
import { cycleEnds } from "./_cycles.ts";
import {
  count,
  isAccuracy,
  isHigherBetter,
  label,
  measure,
  percent,
  rate,
} from "./_format.ts";
import { gapFact, gapsIn, withGaps } from "./_gaps.ts";
import { LIGHT } from "./_palette.ts";
import {
  type Chart,
  type ChartOptions,
  cycleMarks,
  frame,
  hover,
  inReach,
  iterationAxis,
  type Json,
  NUMBER,
  rateScale,
  reached,
  short,
  WIDTH,
  zoom,
} from "./_spec.ts";
import { thin, union } from "./_thin.ts";
import { trendOf } from "./_trend.ts";

/**
 * Columns of equal length: `iterations`, `lr`, and one for each metric, as
 * `clr.history` has them.
 */
export interface HistoryColumns {
  /** The iterations recorded, ascending. */
  readonly iterations: ArrayLike<number>;
  /** The learning rate and the metrics at these iterations, by name. */
  readonly [column: string]: ArrayLike<number>;
}

/** The record of a training run: a `CyclicLR` has it. */
export interface RunHistory {
  /** One row a batch. */
  readonly history: HistoryColumns;
  /**
   * One row an epoch: `iterations` done at its end, and its metrics, those of
   * the validation named `val_…`.
   */
  readonly epochHistory?: HistoryColumns;
}

/** Options of a history's chart. */
export interface HistoryChartOptions extends ChartOptions {
  /**
   * The metrics to draw, without `val_`, in order; each has a panel.
   *
   * @default {["loss", "acc"]} of those recorded
   */
  readonly metrics?: readonly string[];
}

const NOT_METRICS = ["iterations", "lr", "epochs", "batch", "size", "momentum"];

/** The run's parts, whether it comes whole or as its per-batch history alone. */
export function runOf(run: RunHistory | HistoryColumns): RunHistory {
  return "iterations" in run
    ? { history: run as HistoryColumns }
    : run as RunHistory;
}

/** The names of the metrics that a run recorded, without `val_`. */
export function metricsOf({ history, epochHistory }: RunHistory): string[] {
  const names = [...Object.keys(history), ...Object.keys(epochHistory ?? {})]
    .filter((name) => !NOT_METRICS.includes(name))
    .map((name) => name.replace(/^val_/, ""));
  return [...new Set(names)];
}

/** The index of the best value, by the metric's own direction. */
export function bestIndex(metric: string, values: ArrayLike<number>): number {
  const sign = isHigherBetter(metric) ? -1 : 1;
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    if (best < 0 || sign * values[i] < sign * values[best]) best = i;
  }
  return best;
}

/** The value as a title has it. */
export function shown(metric: string, value: number): string {
  return isAccuracy(metric) ? percent(value) : measure(value);
}

/** What the epochs tell of a metric, under the column's name. */
interface EpochCurve {
  readonly name: "validation" | "epoch";
  readonly column: string;
  readonly values: ArrayLike<number>;
}

/** The validation of a metric, or the epochs' own where no batch recorded it. */
function epochCurve(
  { history, epochHistory }: RunHistory,
  metric: string,
): EpochCurve {
  const column = `val_${metric}`;
  const own = epochHistory?.[metric];
  return epochHistory?.[column] === undefined && history[metric] === undefined
    ? { name: "epoch", column: metric, values: own ?? [] }
    : {
      name: "validation",
      column,
      values: epochHistory?.[column] ?? [],
    };
}

function title(run: RunHistory, metrics: readonly string[]): string {
  const { history, epochHistory } = run;
  const metric = metrics.find(isAccuracy) ?? metrics[0];
  if (metric === undefined) {
    return `The learning rate over ${
      count(history.iterations.length)
    } iterations`;
  }
  const verb = isHigherBetter(metric) ? "reaches" : "falls to";
  const { name, values: epochs } = epochCurve(run, metric);
  const bestEpoch = bestIndex(metric, epochs);
  if (bestEpoch >= 0) {
    return `${name === "epoch" ? "Epoch" : "Validation"} ${
      label(metric)
    } ${verb} ${shown(metric, epochs[bestEpoch])} at iteration ${
      count(epochHistory!.iterations[bestEpoch])
    }`;
  }
  const values = trendOf(history[metric] ?? []);
  const best = bestIndex(metric, values);
  if (best < 0) return `No finite ${label(metric)} was recorded`;
  const ended = gapsIn(values).at(-1)?.end === values.length;
  return `Training ${label(metric)} ${verb} ${
    shown(metric, values[best])
  } at ` +
    `iteration ${count(history.iterations[best])}` +
    (ended ? ", then is not finite" : "");
}

/** The part of `values` below which that part of the finite ones are. */
function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))];
}

/** Limits of a panel's y axis. */
interface Limits {
  readonly domain: readonly [number, number];
  /** Whether the trend or the validation goes beyond. */
  readonly clipped: boolean;
}

/**
 * All of the trend and the validation, most of the noise, and of what blows up
 * only the start.
 */
function limits(
  metric: string,
  raw: readonly number[],
  smooth: readonly number[],
  validation: readonly number[],
): Limits {
  const noise = quantile(raw.map((y, i) => Math.abs(y - smooth[i])), 0.5);
  const caps = [blowUpCap(smooth, noise), blowUpCap(validation)];
  let low = Infinity, high = -Infinity;
  const include = (value: number | undefined, most = Infinity) => {
    if (value === undefined || !Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, Math.min(value, most));
  };
  for (const value of smooth) include(value, caps[0]);
  for (const value of validation) include(value, caps[1]);
  include(quantile(raw, 0.005), caps[0]);
  include(quantile(raw, 0.995), caps[0]);
  if (low > high) return { domain: [0, 1], clipped: false };
  const margin = 0.06 * (high - low) || 0.1;
  [low, high] = [low - margin, high + margin];
  if (isAccuracy(metric)) [low, high] = [Math.max(0, low), Math.min(1, high)];
  return {
    domain: [short(low)!, short(high)!],
    clipped: [...smooth, ...validation].some((value) => value > high),
  };
}

const COUNTED = {
  field: "iteration",
  type: "quantitative",
  title: "iteration",
  format: ",d",
};
const RATE = { field: "lr", type: "quantitative", title: "learning rate" };

function metricPanel(
  run: RunHistory,
  metric: string,
  options: {
    x: Json;
    height: number;
    ends: readonly number[];
    legend: boolean;
  },
): { panel: Json; facts: string[] } {
  const { history, epochHistory } = run;
  const { x } = options;
  const raw = Array.from(history[metric] ?? []);
  const smooth = trendOf(raw);
  const kept = union(thin(raw, 300), thin(smooth, 100));
  const gaps = gapsIn(raw, raw.length / WIDTH);
  const rows = withGaps(kept, raw, gaps).map((i) => ({
    iteration: history.iterations[i],
    lr: short(history.lr?.[i] ?? NaN),
    raw: short(raw[i]),
    smooth: short(smooth[i]),
  }));
  const { name: ofEpochs, column, values } = epochCurve(run, metric);
  const validation = Array.from(values);
  const epochs = validation.map((value, i) => ({
    iteration: epochHistory!.iterations[i],
    epoch: i + 1,
    validation: short(value),
  })).filter((row) => row.validation !== null);
  const { domain, clipped } = limits(metric, raw, smooth, validation);
  const y = (field: string): Json => ({
    field: reached(field),
    type: "quantitative",
    scale: { domain, nice: false, zero: false },
    axis: {
      title: label(metric),
      tickCount: 5,
      format: isAccuracy(metric) ? ".0%" : NUMBER,
    },
  });
  const series = ([
    ["batch", LIGHT.noise, raw.length],
    ["batch, smoothed", LIGHT.ink, raw.length],
    [ofEpochs, LIGHT.orange, epochs.length],
  ] as const).filter(([, , length]) => length > 0);
  const color = (name: string): Json => ({
    datum: name,
    scale: {
      domain: series.map(([name]) => name),
      range: series.map(([, color]) => color),
    },
    legend: options.legend ? { symbolType: "stroke" } : null,
  });
  const layer: Json[] = [...cycleMarks(options.ends, x)];
  if (raw.length) {
    layer.push({
      name: `${metric}_raw`,
      mark: { type: "line", strokeWidth: 1, clip: true },
      encoding: { x, y: y("raw"), color: color("batch") },
    }, {
      name: `${metric}_smooth`,
      mark: { type: "line", strokeWidth: 2, clip: true },
      encoding: { x, y: y("smooth"), color: color("batch, smoothed") },
    });
  }
  if (epochs.length) {
    layer.push({
      name: `${metric}_validation`,
      data: { values: epochs },
      transform: inReach(["validation"], domain),
      mark: {
        type: "line",
        strokeWidth: 2,
        strokeDash: [6, 3],
        clip: true,
      },
      encoding: { x, y: y("validation"), color: color(ofEpochs) },
    }, {
      data: { values: epochs },
      transform: inReach(["validation"], domain),
      mark: {
        type: "point",
        filled: true,
        opacity: 1,
        size: epochs.length > 40 ? 14 : 36,
        color: LIGHT.orange,
        clip: true,
      },
      encoding: {
        x,
        y: y("validation"),
        tooltip: [COUNTED, {
          field: "epoch",
          type: "quantitative",
        }, {
          field: "validation",
          type: "quantitative",
          title: `${ofEpochs} ${label(metric)}`,
        }],
      },
    });
  }
  if (raw.length) {
    layer.push(hover(metric, {
      x,
      y: y("smooth"),
      tooltip: [COUNTED, RATE, {
        field: "raw",
        type: "quantitative",
        title: label(metric),
      }, {
        field: "smooth",
        type: "quantitative",
        title: `${label(metric)}, smoothed`,
      }],
    }, LIGHT.ink));
  }
  return {
    panel: {
      width: WIDTH,
      height: options.height,
      data: { values: rows },
      transform: inReach(["raw", "smooth"], domain),
      layer,
    },
    facts: [
      clipped ? `${label(metric)} clipped at ${rate(domain[1])}` : "",
      gapFact(label(metric), raw, history.iterations),
      gapFact(
        label(column),
        validation,
        epochHistory?.iterations ?? [],
      ),
    ],
  };
}

/** The specification of a history's chart; see `historyChart`. */
export function historySpec(
  source: RunHistory | HistoryColumns,
  options: HistoryChartOptions = {},
): Chart {
  const run = runOf(source);
  const { history, epochHistory } = run;
  const { iterations } = history;
  if (iterations.length < 1) {
    throw new RangeError(
      "Cannot draw a history as it must have at least 1 iteration: current value is 0",
    );
  }
  const recorded = metricsOf(run);
  for (const metric of options.metrics ?? []) {
    if (!recorded.includes(metric)) {
      throw new RangeError(
        `Cannot draw a history as metrics must be among ${
          recorded.join(", ")
        }: current value is ${metric}`,
      );
    }
  }
  const metrics = options.metrics ?? [
    ...recorded.filter((name) => name === "loss"),
    ...recorded.filter(isAccuracy),
  ];
  const first = iterations[0];
  const last = Math.max(first + 1, iterations[iterations.length - 1]);
  const rates = history.lr;
  const ends = rates ? cycleEnds(rates).map((i) => iterations[i]) : [];
  const panels: Json[] = [];
  if (rates) {
    const x = iterationAxis(first, last, metrics.length === 0);
    const y = rateScale(rates);
    panels.push({
      width: WIDTH,
      height: 130,
      data: {
        values: thin(rates).map((i) => ({
          iteration: iterations[i],
          lr: short(rates[i]),
        })),
      },
      layer: [
        ...cycleMarks(ends, x, true),
        {
          name: "lr_line",
          mark: { type: "line", color: LIGHT.blue, strokeWidth: 2, clip: true },
          encoding: { x, y },
        },
        hover("lr", { x, y, tooltip: [COUNTED, RATE] }, LIGHT.blue),
      ],
    });
  }
  const failures: string[] = [];
  metrics.forEach((metric, i) => {
    const x = iterationAxis(first, last, i === metrics.length - 1);
    const { panel, facts } = metricPanel(run, metric, {
      x,
      height: 170,
      ends,
      legend: i === 0,
    });
    panels.push(panel);
    failures.push(...facts);
  });
  const epochs = epochHistory?.iterations.length ?? 0;
  return {
    ...frame(options.title ?? title(run, metrics), [
      `${count(iterations.length)} iterations`,
      epochs ? `${count(epochs)} epoch${epochs === 1 ? "" : "s"}` : "",
      ends.length
        ? `${count(ends.length)} cycle end${
          ends.length === 1 ? "" : "s"
        } (dotted)`
        : "",
    ], [failures.filter(Boolean).join(" · "), options.origin ?? ""]),
    params: [
      zoom(
        panels.map((panel) =>
          panel.layer.find((layer: Json) =>
            layer.name && !layer.name.startsWith("hover")
          ).name
        ),
      ),
    ],
    spacing: 12,
    resolve: {
      scale: { x: "shared", color: "independent" },
    },
    vconcat: panels,
  };
}
