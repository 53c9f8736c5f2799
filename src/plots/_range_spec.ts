import { isAccuracy, label, measure, rate } from "./_format.ts";
import { LIGHT } from "./_palette.ts";
import {
  type Chart,
  type ChartOptions,
  frame,
  hover,
  inReach,
  type Json,
  NUMBER,
  reached,
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
    /** In the longest valley. */
    readonly valley?: number;
    /** Where the loss falls fastest. */
    readonly steepest?: number;
    /** Left of the last steep slope. */
    readonly slide?: number;
    /** A tenth of where the loss is lowest. */
    readonly minimum?: number;
  };
  /** Why the test stopped. */
  readonly stopReason?: string;
  /** What the test found, such as `good`. */
  readonly verdict?: string;
  /** What to do next, in a sentence. */
  readonly advice?: string;
}

const DOT = 90;
/** As `rate` writes numbers, in the language of Vega. */
const RATE_LABEL = "datum.value >= 1e-4 && datum.value < 1e4 " +
  "? format(datum.value, '~g') " +
  ": replace(format(datum.value, '~e'), '+', '')";
const RULES = ["valley", "steepest", "slide", "minimum"] as const;

const STOPPED: { readonly [reason: string]: string } = {
  end: "every rate tested",
  diverged: "stopped as the loss diverged",
  "non-finite": "stopped at a loss that is not finite",
  aborted: "stopped by its signal",
};

const NOT_GOOD: { readonly [verdict: string]: string } = {
  flat: "No learning rate tested lowers the loss",
  "never-diverged": "The loss still falls at the highest learning rate",
  "diverged-at-once": "The loss diverges from the lowest learning rate on",
  noisy: "Noise hides where the loss falls",
  "too-short": "Too few learning rates were tested to tell",
};

function title({ baseLr, maxLr, verdict = "good" }: RangeData): string {
  if (verdict in NOT_GOOD) return NOT_GOOD[verdict];
  return baseLr !== undefined && maxLr !== undefined
    ? `Train between learning rates ${rate(baseLr)} and ${rate(maxLr)}`
    : "The range test found no pair of bounds";
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
}

/**
 * Limits that show the whole descent and the noise about it, and of what blows
 * up only the start.
 */
function limits(smoothed: number[], raw: number[]): [number, number] {
  const finite = smoothed.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  let low = 0;
  for (let i = 1; i < finite.length; i++) if (finite[i] < finite[low]) low = i;
  const bottom = finite[low];
  const before = Math.max(...finite.slice(0, low + 1));
  const half = Math.ceil(raw.length / 2);
  const noise = quantile(
    raw.slice(0, half).map((value, i) => Math.abs(value - smoothed[i])),
    0.5,
  );
  const height = Math.max(
    before - bottom,
    6 * noise,
    Math.abs(bottom) * 1e-3,
    1e-12,
  );
  const top = Math.max(before, quantile(finite, 0.25)) + 0.5 * height;
  const highest = Math.max(...finite, ...raw.filter(Number.isFinite));
  const lowest = Math.min(bottom, ...raw.filter(Number.isFinite));
  const limit = [
    Math.max(lowest, bottom - 0.5 * height),
    Math.min(highest, top),
  ];
  const margin = 0.12 * (limit[1] - limit[0]) || 0.1;
  return [short(limit[0] - margin)!, short(limit[1] + margin)!];
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
    axis: linear
      ? { ...axis, tickCount: 8 }
      : { ...axis, values: decades(first, last), labelExpr: RATE_LABEL },
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

/** As seen in a panel: what is out of view is at its edge. */
function within(value: number, [low, high]: readonly number[]): number | null {
  return short(Math.min(high, Math.max(low, value)));
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
    field: reached(field),
    type: "quantitative",
    scale: { domain: options.domain, nice: false, zero: false },
    axis: {
      title: label(name),
      tickCount: options.height > 200 ? 6 : 3,
      grid: true,
      format: isAccuracy(name) ? ".0%" : NUMBER,
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
      smooth: within(valueAt(lr, rates, smooth), options.domain),
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
      encoding: { x, y: { ...y("smooth"), field: "smooth" } },
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
    transform: inReach(["raw", "smooth"], options.domain),
    layer,
  };
}

/**
 * Labels beside the two bounds, where the falling curve leaves room: above it
 * to the right of the lower one, and below it to the left of the upper one.
 */
function boundLabels(dots: Json, rates: ArrayLike<number>): Json[] {
  const { x, y } = dots.encoding;
  const span = (lr: number) =>
    x.scale.type === "log"
      ? Math.log(lr / rates[0]) / Math.log(rates[rates.length - 1] / rates[0])
      : (lr - rates[0]) / (rates[rates.length - 1] - rates[0]);
  const halo = {
    stroke: LIGHT.background,
    strokeWidth: 4,
    strokeOpacity: 0.85,
    strokeJoin: "round",
  };
  const [low, high] = y.scale.domain;
  return dots.data.values.flatMap((row: Json) => {
    const base = row.kind === "base";
    const toRight = base ? span(row.lr) < 0.8 : span(row.lr) < 0.2;
    const height = (row.smooth - low) / (high - low);
    // At the edge of the panel there is room on its inner side alone.
    const above = base ? height < 0.95 : height < 0.05;
    return [halo, {}].map((look) => ({
      data: { values: [row] },
      mark: {
        type: "text",
        text: row.bound,
        fontSize: 13,
        fontWeight: 600,
        color: LIGHT.blue,
        align: toRight ? "left" : "right",
        dx: toRight ? 9 : -9,
        dy: above ? -12 : 14,
        ...look,
      },
      encoding: { x, y },
    }));
  });
}

/** The rules' picks as small marks on the curve, told apart by shape. */
function suggestionMarks(range: RangeData, { x, y }: Json): Json[] {
  const picks = RULES.flatMap((rule) => {
    const learningRate = range.suggestions?.[rule];
    const first = range.learningRates[0];
    const last = range.learningRates[range.learningRates.length - 1];
    return learningRate === undefined || learningRate < first ||
        learningRate > last
      ? []
      : [{
        rule: `${rule} ${rate(learningRate)}`,
        lr: short(learningRate),
        smooth: within(
          valueAt(learningRate, range.learningRates, range.smoothedLosses),
          y.scale.domain,
        ),
      }];
  });
  if (picks.length === 0) return [];
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
    domain: limits(smoothedLosses, Array.from(range.losses)),
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
  const dots = loss.layer.at(-2);
  loss.layer.push(
    ...suggestionMarks(range, dots.encoding),
    ...boundLabels(dots, rates),
  );
  const best = smoothedLosses.filter(Number.isFinite);
  const { verdict = "good", advice = "", stopReason = "" } = range;
  return {
    ...frame(options.title ?? title(range), [
      `Range test of ${rates.length} rates from ${rate(rates[0])} to ${
        rate(rates[rates.length - 1])
      }`,
      best.length ? `lowest smoothed loss ${measure(Math.min(...best))}` : "",
      STOPPED[stopReason] ?? stopReason,
    ], [verdict in NOT_GOOD ? advice : "", options.origin ?? ""]),
    params: [zoom(views)],
    spacing: 14,
    resolve: { scale: { x: "shared" } },
    vconcat: panels,
  };
}
