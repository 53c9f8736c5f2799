import { formatRate } from "../metrics/format_rate.ts";
import type { RangeTestResult } from "../finder/range_data.ts";
import { metricAxis, RATE, rateAxis, told } from "./_axes.ts";
import { isAccuracy, label } from "./_format.ts";
import type {
  ChartOptions,
  Encoding,
  Layer,
  Limits,
  Panel,
  StackedChart,
  XPosition,
} from "./_grammar.ts";
import { LIGHT } from "./_palette.ts";
import {
  frame,
  hover,
  identifier,
  inReach,
  reached,
  rounded,
  short,
  WIDTH,
  zoom,
} from "./_spec.ts";
import { thin, union } from "./_thin.ts";

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
  | "nextStep"
  | "ending"
  | "curve"
>;

/** A curve of the test as a panel draws it. */
interface DrawnCurve {
  readonly name: string;
  readonly values: readonly number[];
  /** Its trend, where there is one. */
  readonly trend?: readonly number[];
}

const DOT = 90;
const RULES = ["valley", "steepest", "slide", "minimum"] as const;

/** How many significant digits a rate of the test has in words. */
const DIGITS = 2;

function quantile(values: readonly number[], part: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
}

/** Limits that show all of the trend, and most of the noise about it. */
function limits({ values, trend = values }: DrawnCurve): Limits {
  const finite = trend.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = Math.min(...finite, quantile(values, 0.02));
  const high = Math.max(...finite, quantile(values, 0.98));
  const margin = 0.08 * (high - low) || Math.abs(high) * 0.1 || 0.1;
  return [rounded(low - margin), rounded(high + margin)];
}

/** The value of the curve at `lr`, on the segment it lies in. */
function valueAt(
  lr: number,
  rates: readonly number[],
  curve: DrawnCurve,
): number {
  const line = curve.trend ?? curve.values;
  const kept = rates.map((_, i) => i).filter((i) => Number.isFinite(line[i]));
  const right = kept.find((i) => rates[i] >= lr) ?? kept[kept.length - 1];
  const left = kept.findLast((i) => rates[i] <= lr) ?? kept[0];
  if (left === right) return line[left];
  const part = rates[left] > 0
    ? Math.log(lr / rates[left]) / Math.log(rates[right] / rates[left])
    : (lr - rates[left]) / (rates[right] - rates[left]);
  return line[left] + part * (line[right] - line[left]);
}

/** As seen in a panel: what is out of view is at its edge. */
function within(value: number, [low, high]: Limits): number | null {
  return short(Math.min(high, Math.max(low, value)));
}

/** A panel of a curve, and what marks on it need to know. */
interface DrawnPanel {
  readonly panel: Panel;
  readonly curve: DrawnCurve;
  readonly x: XPosition;
  readonly domain: Limits;
  /** The encoding of marks on the curve, in the fields `lr` and `value`. */
  readonly onCurve: Encoding;
}

function drawPanel(
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
  const x = rateAxis([rates[0], rates[rates.length - 1]], {
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
    curve,
    x,
    domain,
    onCurve: { x, y: y("value") },
  };
}

/**
 * Dots where the curve has the two bounds, and their rates where the curve
 * leaves room. Where it falls that is above it to the right of the lower bound,
 * and below it to the left of the upper one; where it rises, the other way up.
 */
function boundMarks(range: RangeData, drawn: DrawnPanel): Layer[] {
  const { learningRates: rates, settings, curve } = range;
  const { domain: [low, high], onCurve } = drawn;
  const [first, last] = [rates[0], rates[rates.length - 1]];
  const along = (lr: number) =>
    settings.growth === "linear"
      ? (lr - first) / (last - first)
      : Math.log(lr / first) / Math.log(last / first);
  const bounds = ([["base", range.baseLr], ["max", range.maxLr]] as const)
    .flatMap(([kind, lr]) =>
      lr === undefined ? [] : [{
        kind,
        lr,
        value: within(valueAt(lr, rates, drawn.curve), drawn.domain)!,
      }]
    );
  const halo = {
    stroke: LIGHT.background,
    strokeWidth: 4,
    strokeOpacity: 0.85,
    strokeJoin: "round",
  } as const;
  const texts = bounds.flatMap(({ kind, lr, value }): Layer[] => {
    const isBase = kind === "base";
    const toRight = along(lr) < (isBase ? 0.8 : 0.2);
    const part = (value - low) / (high - low);
    // At the edge of the panel there is room on its inner side alone.
    const above = isBase === (curve.better === "lower")
      ? part < 0.95
      : part < 0.05;
    return [halo, {}].map((look) => ({
      data: { values: [{ lr: short(lr), value }] },
      mark: {
        type: "text",
        text: `${kind} ${formatRate(lr, DIGITS)}`,
        fontSize: 13,
        fontWeight: 600,
        color: LIGHT.blue,
        align: toRight ? "left" : "right",
        dx: toRight ? 9 : -9,
        dy: above ? -12 : 14,
        ...look,
      },
      encoding: onCurve,
    }));
  });
  return [{
    name: "bounds",
    data: {
      values: bounds.map(({ kind, lr, value }) => ({
        kind,
        lr: short(lr),
        value,
      })),
    },
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      color: LIGHT.blue,
      stroke: LIGHT.background,
      strokeWidth: 1.5,
      size: DOT,
    },
    encoding: onCurve,
  }, ...texts];
}

/** The rules' picks as small marks on the loss, told apart by shape. */
function suggestionMarks(range: RangeData, drawn: DrawnPanel): Layer[] {
  const { learningRates: rates } = range;
  const picks = RULES.flatMap((rule) => {
    const lr = range.suggestions[rule];
    return lr == null || lr < rates[0] || lr > rates[rates.length - 1] ? [] : [{
      rule: `${rule} ${formatRate(lr, DIGITS)}`,
      lr: short(lr),
      value: within(valueAt(lr, rates, drawn.curve), drawn.domain),
    }];
  });
  if (picks.length === 0) return [];
  return [{
    name: "suggestions",
    data: { values: picks },
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      size: 110,
      color: LIGHT.orange,
      stroke: LIGHT.background,
      strokeWidth: 1,
      clip: true,
    },
    encoding: {
      ...drawn.onCurve,
      shape: {
        field: "rule",
        type: "nominal",
        scale: {
          domain: picks.map(({ rule }) => rule),
          range: ["diamond", "triangle-down", "square", "triangle-up"],
        },
        legend: { symbolFillColor: LIGHT.orange, symbolStrokeWidth: 0 },
      },
      tooltip: [{ field: "rule", type: "nominal", title: "suggestion" }],
    },
  }];
}

/**
 * The curve below the one that was read, for comparison: the loss with the
 * smoothing that the suggestions were picked from, or the accuracy.
 */
function besides(range: RangeData): DrawnCurve | undefined {
  if (range.curve.name !== "loss") {
    const { losses: values, smoothedLosses: trend } = range;
    return { name: "loss", values, trend };
  }
  const name = Object.keys(range.metrics).find(isAccuracy);
  return name === undefined ? undefined : { name, values: range.metrics[name] };
}

/** Values of which JSON has null where there is none. */
function withNaN(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NaN);
}

/** The curve that was read, as far as it was. */
function upToLimit(curve: RangeData["curve"]): DrawnCurve {
  const { name, limit, better } = curve;
  const [values, trend] = [withNaN(curve.values), withNaN(curve.trend)];
  const beyond = values.map((value) =>
    better === "higher" ? value < limit : value > limit
  );
  return {
    name,
    values,
    // Among values that were cut off the trend is the limit, and says nothing.
    trend: trend.map((value, i) =>
      beyond[i] && (beyond[i - 1] ?? true) && (beyond[i + 1] ?? true)
        ? NaN
        : value
    ),
  };
}

/** Limits that show the curve up to where values were cut off. */
function limitsOf(
  { limit, better }: RangeData["curve"],
  { name, values, trend }: DrawnCurve,
): Limits {
  const cut = better === "higher" ? Math.max : Math.min;
  return limits({
    name,
    values: values.map((value) => cut(value, limit)),
    trend,
  });
}

/** A loss that blows up is shown up to half of its fall above where it began. */
function lossLimits({ values, trend = values }: DrawnCurve): Limits {
  const low = Math.min(...trend);
  const before = Math.max(...trend.slice(0, trend.indexOf(low) + 1));
  const limit = before + 0.5 * (before - low || Math.abs(before) * 0.1);
  const cut = (values: readonly number[]) =>
    values.map((value) => Math.min(value, limit));
  return limits({ name: "loss", values: cut(values), trend: cut(trend) });
}

/** The specification of a range chart; see `rangeChart`. */
export function rangeSpec(
  range: RangeData,
  options: ChartOptions = {},
): StackedChart {
  const { learningRates: rates, curve, settings } = range;
  if (rates.length < 2) {
    throw new RangeError(
      `Cannot draw a range as it must have at least 2 learning rates: current value is ${rates.length}`,
    );
  }
  if (curve === undefined) {
    throw new TypeError(
      "Cannot draw a range as it must be a LearningRateRange or what its JSON stands for: current value has no curve; read JSON of earlier versions with LearningRateRange.fromJSON",
    );
  }
  const beside = besides(range);
  const drawn = upToLimit(curve);
  const read = drawPanel(range, drawn, {
    height: beside ? 270 : 360,
    shown: !beside,
    domain: limitsOf(curve, drawn),
  });
  read.panel.layer.push(...boundMarks(range, read));
  const panels = [read];
  if (beside) {
    panels.push(drawPanel(range, beside, {
      height: 120,
      shown: true,
      domain: beside.trend ? lossLimits(beside) : limits(beside),
    }));
  }
  const loss = panels.find(({ curve }) => curve.name === "loss");
  loss?.panel.layer.push(...suggestionMarks(range, loss));
  const name = settings.validated
    ? `validation ${label(curve.name)}`
    : label(curve.name);
  return {
    ...frame(options.title ?? range.headline, [
      `Read from the ${name}, measured (thin) and smoothed (thick)`,
      range.ending,
    ], [
      range.verdict === "good" ? "" : `Next: ${range.nextStep}`,
      options.origin ?? "",
    ]),
    params: [zoom(panels.map(({ curve }) => viewOf(curve)))],
    spacing: 14,
    resolve: { scale: { x: "shared" } },
    vconcat: panels.map(({ panel }) => panel),
  };
}

/** The layer that zooming moves. */
function viewOf({ name, trend }: DrawnCurve): string {
  return identifier(`${name}_${trend ? "smooth" : "raw"}`);
}
