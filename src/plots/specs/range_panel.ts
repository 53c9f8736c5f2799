import { extremes } from "../../metrics/extremes.ts";
import type { RangeTestResult } from "../../finder/result/range_data.ts";
import { metricAxis, RATE, rateAxis, told } from "../look/axes.ts";
import { label } from "../look/format.ts";
import type { Encoding, Layer, Limits, Panel } from "../look/grammar.ts";
import { LIGHT } from "../look/palette.ts";
import {
  hover,
  identifier,
  inReach,
  reached,
  rounded,
  short,
  WIDTH,
} from "../look/spec.ts";
import { thin, union } from "../series/thin.ts";

/**
 * What a range chart draws of a range test: a `LearningRateRange` has it, and
 * so has its JSON.
 */
export type RangeData = Pick<
  RangeTestResult,
  | "settings"
  | "baseLr"
  | "maxLr"
  | "learningRates"
  | "losses"
  | "smoothedLosses"
  | "metrics"
  | "suggestions"
  | "verdict"
  | "headline"
  | "remedies"
  | "nextStep"
  | "ending"
  | "curve"
>;

/** The rates from the first to the last, or to a maximum that lies above it. */
export function reachOf({ learningRates, maxLr = 0 }: RangeData): Limits {
  return [learningRates[0], Math.max(learningRates.at(-1)!, maxLr)];
}

/** A curve of the test as a panel draws it. */
export interface DrawnCurve {
  readonly name: string;
  readonly values: readonly number[];
  /** Its trend, where there is one. */
  readonly trend?: readonly number[];
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
}

/** Limits that show all of the trend, and most of the noise about it. */
export function limits({ values, trend = values }: DrawnCurve): Limits {
  const finite = trend.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [least, greatest] = extremes(finite);
  const low = Math.min(least, quantile(values, 0.02));
  const high = Math.max(greatest, quantile(values, 0.98));
  const margin = 0.08 * (high - low) || Math.abs(high) * 0.1 || 0.1;
  return [rounded(low - margin), rounded(high + margin)];
}

/** A panel of a curve, and what marks on it need to know. */
export interface DrawnPanel {
  readonly panel: Panel;
  /** The layer that zooming moves. */
  readonly view: string;
  readonly curve: DrawnCurve;
  readonly domain: Limits;
  /** The encoding of marks on the curve, in the fields `lr` and `value`. */
  readonly onCurve: Encoding;
}

export function drawPanel(
  range: RangeData,
  curve: DrawnCurve,
  options: {
    readonly height: number;
    readonly shown: boolean;
    readonly domain: Limits;
  },
): DrawnPanel {
  const { learningRates: rates, settings, baseLr, maxLr } = range;
  const { name, values, trend } = curve;
  const { domain, shown, height } = options;
  const kept = trend ? union(thin(values), thin(trend)) : thin(values);
  const rows = kept.map((i) => ({
    lr: short(rates[i]),
    step: i,
    raw: short(values[i]),
    ...(trend ? { smooth: short(trend[i]) } : {}),
  })).filter(({ raw }) => raw !== null);
  const x = rateAxis(reachOf(range), {
    growth: settings.growth,
    shown,
  });
  const y = (field: string) =>
    metricAxis(name, field, { domain, ticks: height > 200 ? 6 : 3 });
  const layer: Layer[] = [];
  if (baseLr !== undefined && maxLr !== undefined) {
    layer.push({
      data: { values: [{ lr: short(baseLr), end: short(maxLr) }] },
      mark: { type: "rect", color: LIGHT.blue, opacity: 0.1, clip: true },
      encoding: { x, x2: { field: "end" } },
    });
  }
  layer.push({
    name: identifier(`${name}_raw`),
    mark: {
      type: "line",
      color: trend ? LIGHT.noise : LIGHT.muted,
      strokeWidth: 1,
      clip: true,
    },
    encoding: { x, y: y(reached("raw")) },
  });
  if (trend) {
    layer.push({
      name: identifier(`${name}_smooth`),
      mark: { type: "line", color: LIGHT.ink, strokeWidth: 2, clip: true },
      encoding: { x, y: y(reached("smooth")) },
    });
  }
  const bounds = [baseLr, maxLr].filter((lr) => lr !== undefined);
  layer.push(
    {
      data: { values: bounds.map((lr) => ({ lr: short(lr) })) },
      mark: { type: "rule", color: LIGHT.blue, strokeDash: [3, 3], clip: true },
      encoding: { x },
    },
    hover(name, {
      x,
      y: y(reached(trend ? "smooth" : "raw")),
      tooltip: [
        RATE,
        told("step", "step"),
        told("raw", label(name)),
        ...(trend ? [told("smooth", `${label(name)}, smoothed`)] : []),
      ],
    }, LIGHT.ink),
  );
  return {
    panel: {
      width: WIDTH,
      height,
      data: { values: rows },
      transform: inReach(trend ? ["raw", "smooth"] : ["raw"], domain),
      layer,
    },
    view: viewOf(curve),
    curve,
    domain,
    onCurve: { x, y: y("value") },
  };
}

function viewOf({ name, trend }: DrawnCurve): string {
  return identifier(`${name}_${trend ? "smooth" : "raw"}`);
}
