import { isAccuracy, label, measure, rate } from "./_format.ts";
import { LIGHT } from "./_palette.ts";
import {
  type Chart,
  type ChartOptions,
  frame,
  hover,
  type Json,
  short,
  WIDTH,
  zoom,
} from "./_spec.ts";
import { thin, union } from "./_thin.ts";

/**
 * What a range chart needs of a range test: a `LearningRateRange` has it, and
 * so has one read back from its JSON.
 */
export interface RangeData {
  /** Lower bound, where the loss begins to fall. */
  readonly baseLr?: number;
  /** Upper bound, where the loss stops falling. */
  readonly maxLr?: number;
  /** The rates tried, ascending. */
  readonly learningRates: ArrayLike<number>;
  /** The loss at each rate. */
  readonly losses: ArrayLike<number>;
  /** The smoothed loss at each rate. */
  readonly smoothedLosses: ArrayLike<number>;
  /** Further metrics at each rate, by name. */
  readonly metrics?: { readonly [name: string]: ArrayLike<number> };
  /** Single rates that published rules pick. */
  readonly suggestions?: {
    readonly [rule: string]: {
      /** The rate picked, if any. */
      readonly learningRate?: number;
    };
  };
  /** Why the test stopped. */
  readonly stopReason?: string;
  /** What the curve shows. */
  readonly verdict?: {
    /** One word for it, such as `good`. */
    readonly kind: string;
  };
}

const DOT = 90;

function title(range: RangeData): string {
  const { baseLr, maxLr, verdict } = range;
  if (baseLr !== undefined && maxLr !== undefined) {
    return `Train between learning rates ${rate(baseLr)} and ${rate(maxLr)}`;
  }
  if (maxLr !== undefined) {
    return `Train at learning rates up to ${rate(maxLr)}`;
  }
  if (baseLr !== undefined) {
    return `Train at learning rates from ${rate(baseLr)}`;
  }
  return `No bounds: the verdict is ${verdict?.kind ?? "missing"}`;
}

/** Limits that show the whole descent, and where it blows up only the start of that. */
function limits(smoothed: number[], raw: ArrayLike<number>): [number, number] {
  const finite = smoothed.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  let low = 0;
  for (let i = 1; i < finite.length; i++) if (finite[i] < finite[low]) low = i;
  const bottom = finite[low];
  const before = Math.max(...finite.slice(0, low + 1));
  const height = Math.max(before - bottom, Math.abs(before) * 1e-3, 1e-12);
  const top = Math.min(Math.max(...finite), before + 0.5 * height);
  const lowestRaw = Math.min(
    ...Array.from(raw).filter((v) => Number.isFinite(v)),
    bottom,
  );
  const floor = Math.max(lowestRaw, bottom - 0.5 * height);
  const span = top - floor || 1;
  return [short(floor - 0.12 * span)!, short(top + 0.12 * span)!];
}

/** Ticks a decade; within two decades also at 2 and 5. */
function decades(first: number, last: number): number[] {
  const low = Math.floor(Math.log10(first) + 1e-9);
  const high = Math.ceil(Math.log10(last) - 1e-9);
  const steps = Math.log10(last / first) < 1.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = low; power <= high; power++) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`));
  }
  const inside = 1e-9;
  return ticks.filter((tick) =>
    tick >= first * (1 - inside) && tick <= last * (1 + inside)
  );
}

function rateAxis(rates: ArrayLike<number>, shown: boolean): Json {
  const first = rates[0], last = rates[rates.length - 1];
  const middle = rates[rates.length >> 1];
  // A linear sweep has its middle at the mean of its ends.
  const linear = first <= 0 ||
    Math.abs(middle - (first + last) / 2) < 0.05 * (last - first);
  const axis = {
    title: shown ? "learning rate" : null,
    labels: shown,
    ticks: shown,
    grid: true,
    gridOpacity: 0.6,
  };
  return {
    field: "lr",
    type: "quantitative",
    scale: linear
      ? { type: "linear", domain: [first, last], nice: false }
      : { type: "log", domain: [first, last], nice: false },
    axis: linear ? axis : {
      ...axis,
      values: decades(first, last),
      format: first < 1e-5 * (1 - 1e-9) ? "~e" : "~g",
    },
  };
}

/** The value of the curve at `lr`, on the segment it lies in. */
function valueAt(
  lr: number,
  rates: ArrayLike<number>,
  values: ArrayLike<number>,
): number {
  let right = 1;
  while (right < rates.length - 1 && rates[right] < lr) right++;
  const left = right - 1;
  const part = rates[left] > 0
    ? Math.log(lr / rates[left]) / Math.log(rates[right] / rates[left])
    : (lr - rates[left]) / (rates[right] - rates[left]);
  const at = Math.min(1, Math.max(0, part));
  return values[left] + at * (values[right] - values[left]);
}

/** Centred mean over a few neighbours, for a metric that comes unsmoothed. */
function smoothed(values: ArrayLike<number>): number[] {
  const reach = Math.max(1, Math.round(values.length / 40));
  return Array.from(values, (_, i) => {
    let sum = 0, n = 0;
    for (let j = i - reach; j <= i + reach; j++) {
      if (Number.isFinite(values[j])) [sum, n] = [sum + values[j], n + 1];
    }
    return n ? sum / n : NaN;
  });
}

function panel(
  range: RangeData,
  name: string,
  raw: ArrayLike<number>,
  smooth: number[],
  options: { height: number; shown: boolean; domain: [number, number] },
): Json {
  const rates = range.learningRates;
  const rows = union(thin(raw), thin(smooth)).map((i) => ({
    lr: short(rates[i]),
    step: i,
    raw: short(raw[i]),
    smooth: short(smooth[i]),
  }));
  const x = rateAxis(rates, options.shown);
  const y = (field: string): Json => ({
    field,
    type: "quantitative",
    scale: { domain: options.domain, nice: false, zero: false },
    axis: {
      title: label(name),
      tickCount: options.height > 200 ? 6 : 3,
      grid: true,
      ...(isAccuracy(name) ? { format: ".0%" } : {}),
    },
  });
  const bounds = ([
    ["base", range.baseLr],
    ["max", range.maxLr],
  ] as const).flatMap(([bound, lr]) =>
    lr === undefined ? [] : [{
      bound: `${bound} ${rate(lr)}`,
      kind: bound,
      lr: short(lr),
      smooth: short(valueAt(lr, rates, smooth)),
    }]
  );
  const colour = LIGHT.blue;
  const layer: Json[] = [];
  if (range.baseLr !== undefined && range.maxLr !== undefined) {
    layer.push({
      data: { values: [{ lr: short(range.baseLr), end: short(range.maxLr) }] },
      mark: { type: "rect", color: colour, opacity: 0.1, clip: true },
      encoding: { x, x2: { field: "end" } },
    });
  }
  layer.push(
    {
      name: `${name}_raw`,
      mark: { type: "line", color: LIGHT.noise, strokeWidth: 1, clip: true },
      encoding: { x, y: y("raw") },
    },
    {
      name: `${name}_smooth`,
      mark: { type: "line", color: LIGHT.ink, strokeWidth: 2, clip: true },
      encoding: { x, y: y("smooth") },
    },
    {
      data: { values: bounds },
      mark: { type: "rule", color: colour, strokeDash: [3, 3], clip: true },
      encoding: { x },
    },
    {
      data: { values: bounds },
      mark: {
        type: "point",
        filled: true,
        opacity: 1,
        color: colour,
        stroke: LIGHT.background,
        strokeWidth: 1.5,
        size: DOT,
      },
      encoding: { x, y: y("smooth") },
    },
  );
  layer.push(hover(name, {
    x,
    y: y("smooth"),
    tooltip: [
      { field: "lr", type: "quantitative", title: "learning rate" },
      { field: "step", type: "quantitative", title: "step" },
      { field: "raw", type: "quantitative", title: label(name) },
      {
        field: "smooth",
        type: "quantitative",
        title: `${label(name)}, smoothed`,
      },
    ],
  }, LIGHT.ink));
  return {
    width: WIDTH,
    height: options.height,
    data: { values: rows },
    layer,
  };
}

/** Labels beside the two bounds: above the curve before the descent, below it after. */
function boundLabels(range: RangeData, loss: Json): Json[] {
  const { x, y } = loss.layer.at(-2).encoding;
  const near = range.baseLr !== undefined && range.maxLr !== undefined;
  const text = (row: { kind: string; bound: string }, halo: Json) => ({
    data: { values: [row] },
    mark: {
      type: "text",
      text: row.bound,
      fontSize: 13,
      fontWeight: 600,
      color: LIGHT.blue,
      align: row.kind === "base" ? (near ? "right" : "center") : "left",
      dx: row.kind === "base" ? (near ? -8 : 0) : 8,
      dy: row.kind === "base" ? -14 : 16,
      ...halo,
    },
    encoding: { x, y },
  });
  const halo = {
    stroke: LIGHT.background,
    strokeWidth: 4,
    strokeOpacity: 0.85,
    strokeJoin: "round",
  };
  return loss.layer.at(-2).data.values.flatMap((
    row: { kind: string; bound: string },
  ) => [text(row, halo), text(row, {})]);
}

/** The rules' picks as small marks on the curve, told apart by shape. */
function suggestionMarks(range: RangeData, loss: Json): Json[] {
  const picks = Object.entries(range.suggestions ?? {}).flatMap((
    [rule, { learningRate }],
  ) => {
    const first = range.learningRates[0];
    const last = range.learningRates[range.learningRates.length - 1];
    return learningRate === undefined || learningRate < first ||
        learningRate > last
      ? []
      : [{
        rule: `${rule} ${rate(learningRate)}`,
        lr: short(learningRate),
        smooth: short(
          valueAt(learningRate, range.learningRates, range.smoothedLosses),
        ),
      }];
  });
  if (picks.length === 0) return [];
  const { x, y } = loss.layer.at(-2).encoding;
  return [{
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
      x,
      y,
      shape: {
        field: "rule",
        type: "nominal",
        scale: {
          domain: picks.map((pick) => pick.rule),
          range: ["diamond", "triangle-down", "square", "triangle-up"],
        },
        legend: { symbolFillColor: LIGHT.orange, symbolStrokeWidth: 0 },
      },
      tooltip: [{ field: "rule", type: "nominal", title: "suggestion" }],
    },
  }];
}

/** The specification of a range chart; see `rangeChart`. */
export function rangeSpec(range: RangeData, options: ChartOptions = {}): Chart {
  const rates = range.learningRates;
  if (rates.length < 2) {
    throw new RangeError(
      `Cannot draw a range as it must have at least 2 learning rates: current value is ${rates.length}`,
    );
  }
  const metric = Object.keys(range.metrics ?? {}).find((name) =>
    isAccuracy(name)
  );
  const smoothedLosses = Array.from(range.smoothedLosses);
  const loss = panel(range, "loss", range.losses, smoothedLosses, {
    height: metric ? 270 : 360,
    shown: !metric,
    domain: limits(smoothedLosses, range.losses),
  });
  const panels = [loss];
  if (metric) {
    const raw = range.metrics![metric];
    const smooth = smoothed(raw);
    const high = Math.max(...smooth.filter(Number.isFinite), 0.01);
    panels.push(panel(range, metric, raw, smooth, {
      height: 120,
      shown: true,
      domain: [0, Math.min(1, short(high * 1.25)!)],
    }));
  }
  const views = panels.map((p) =>
    p.layer.find((l: Json) => l.name?.endsWith("_smooth")).name
  );
  const [marks, labels] = [
    suggestionMarks(range, loss),
    boundLabels(range, loss),
  ];
  loss.layer.push(...marks, ...labels);
  const best = smoothedLosses.filter(Number.isFinite);
  return {
    ...frame(options.title ?? title(range), [
      `Learning-rate range test: ${rates.length} rates from ${
        rate(rates[0])
      } to ${rate(rates[rates.length - 1])}`,
      best.length ? `lowest smoothed loss ${measure(Math.min(...best))}` : "",
      range.stopReason ? `stopped: ${range.stopReason}` : "",
    ], options.origin),
    params: [zoom(views)],
    spacing: 14,
    resolve: { scale: { x: "shared" } },
    vconcat: panels,
  };
}
