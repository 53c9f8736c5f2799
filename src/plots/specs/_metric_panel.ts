import { formatRate } from "../../metrics/format_rate.ts";
import { COUNTED, cycleMarks, metricAxis, RATE, told } from "../look/axes.ts";
import { blowUpCap } from "../series/blow_up.ts";
import { isAccuracy, label } from "../look/format.ts";
import { gapFact, gapsIn, withGaps } from "../series/gaps.ts";
import type {
  Color,
  Layer,
  Limits,
  Panel,
  XPosition,
} from "../look/grammar.ts";
import { LIGHT } from "../look/palette.ts";
import { epochCurve, type RunHistory } from "../series/run.ts";
import {
  dots,
  hover,
  identifier,
  inReach,
  reached,
  rounded,
  short,
  WIDTH,
} from "../look/spec.ts";
import { thin, union } from "../series/thin.ts";
import { trendOf } from "../series/trend.ts";

/** For each part, the value below which that part of the finite ones are. */
function quantiles(
  values: readonly number[],
  parts: readonly number[],
): (number | undefined)[] {
  // Of numbers alone, which sorts a million of them ten times as fast.
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  return parts.map((part) => sorted[Math.floor(part * (sorted.length - 1))]);
}

/** The curves of a panel. */
interface Curves {
  readonly raw: readonly number[];
  readonly smooth: readonly number[];
  readonly epochs: readonly number[];
}

/**
 * Limits that show all of the trend and the epochs, most of the noise, and of
 * what blows up only the start; and whether a line goes beyond them.
 */
function limits(
  metric: string,
  { raw, smooth, epochs }: Curves,
): { readonly domain: Limits; readonly clipped: boolean } {
  const distances = raw.map((y, i) => Math.abs(y - smooth[i]));
  const [noise] = quantiles(distances, [0.5]);
  const caps = [blowUpCap(smooth, noise), blowUpCap(epochs)];
  let low = Infinity, high = -Infinity;
  const include = (value: number | undefined, most = Infinity) => {
    if (value === undefined || !Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, Math.min(value, most));
  };
  for (const value of smooth) include(value, caps[0]);
  for (const value of epochs) include(value, caps[1]);
  for (const value of quantiles(raw, [0.005, 0.995])) include(value, caps[0]);
  if (low > high) return { domain: [0, 1], clipped: false };
  const margin = 0.06 * (high - low) || 0.1;
  [low, high] = [low - margin, high + margin];
  if (isAccuracy(metric)) [low, high] = [Math.max(0, low), Math.min(1, high)];
  return {
    domain: [rounded(low), rounded(high)],
    clipped: [...smooth, ...epochs].some((value) => value > high),
  };
}

/** A panel of a metric over iterations. */
export interface MetricPanel {
  readonly panel: Panel;
  /** The layer that zooming moves. */
  readonly view: string;
  /** What the subtitle says of it. */
  readonly facts: readonly string[];
}

/** The panel of one metric of a run. */
export function metricPanel(
  run: RunHistory,
  metric: string,
  options: {
    readonly x: XPosition;
    readonly height: number;
    /** Where cycles end. */
    readonly ends: readonly number[];
    readonly legend: boolean;
  },
): MetricPanel {
  const { history, epochHistory } = run;
  const { x, height, ends, legend } = options;
  const raw = Array.from(history[metric] ?? []);
  const smooth = trendOf(raw);
  const kept = union(thin(raw, 300), thin(smooth, 100));
  const gaps = gapsIn(raw, raw.length / WIDTH);
  const rows = withGaps(kept, raw, gaps).map((i) => ({
    iteration: history.iterations[i],
    lr: short(history.lr?.[i]),
    raw: short(raw[i]),
    smooth: short(smooth[i]),
  }));
  const { name: ofEpochs, column, values } = epochCurve(run, metric);
  const epochs = Array.from(values);
  const epochRows = epochs.map((value, i) => ({
    iteration: epochHistory!.iterations[i],
    epoch: i + 1,
    validation: short(value),
  })).filter((row) => row.validation !== null);
  const { domain, clipped } = limits(metric, { raw, smooth, epochs });
  const y = (field: string) =>
    metricAxis(metric, reached(field), { domain, ticks: 5 });
  const series = ([
    ["batch", LIGHT.noise, raw.length],
    ["batch, smoothed", LIGHT.ink, raw.length],
    [ofEpochs, LIGHT.orange, epochRows.length],
  ] as const).filter(([, , length]) => length > 0);
  const color = (name: string): Color => ({
    datum: name,
    scale: {
      domain: series.map(([name]) => name),
      range: series.map(([, color]) => color),
    },
    legend: legend ? { symbolType: "stroke" } : null,
  });
  const view = (of: string) => identifier(`${metric}_${of}`);
  const layer: Layer[] = cycleMarks(ends, x);
  if (raw.length > 0) {
    layer.push({
      name: view("raw"),
      mark: {
        type: "line",
        strokeWidth: 1,
        point: dots(raw.length),
        clip: true,
      },
      encoding: { x, y: y("raw"), color: color("batch") },
    }, {
      name: view("smooth"),
      mark: { type: "line", strokeWidth: 2, clip: true },
      encoding: { x, y: y("smooth"), color: color("batch, smoothed") },
    });
  }
  if (epochRows.length > 0) {
    const data = { values: epochRows };
    const transform = inReach(["validation"], domain);
    layer.push({
      name: view("validation"),
      data,
      transform,
      mark: { type: "line", strokeWidth: 2, strokeDash: [6, 3], clip: true },
      encoding: { x, y: y("validation"), color: color(ofEpochs) },
    }, {
      data,
      transform,
      mark: {
        type: "point",
        filled: true,
        opacity: 1,
        size: epochRows.length > 40 ? 14 : 36,
        color: LIGHT.orange,
        clip: true,
      },
      encoding: {
        x,
        y: y("validation"),
        tooltip: [
          COUNTED,
          told("epoch", "epoch"),
          told("validation", `${ofEpochs} ${label(metric)}`),
        ],
      },
    });
  }
  if (raw.length > 0) {
    layer.push(hover(metric, {
      x,
      y: y("smooth"),
      tooltip: [
        COUNTED,
        RATE,
        told("raw", label(metric)),
        told("smooth", `${label(metric)}, smoothed`),
      ],
    }, LIGHT.ink));
  }
  return {
    panel: {
      width: WIDTH,
      height,
      data: { values: rows },
      transform: inReach(["raw", "smooth"], domain),
      layer,
    },
    view: view(raw.length > 0 ? "raw" : "validation"),
    facts: [
      clipped ? `${label(metric)} clipped at ${formatRate(domain[1])}` : "",
      gapFact(label(metric), raw, history.iterations),
      gapFact(label(column), epochs, epochHistory?.iterations ?? []),
    ],
  };
}
