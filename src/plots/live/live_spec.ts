import { COUNTED, metricAxis, RATE, told } from "../look/axes.ts";
import { label } from "../look/format.ts";
import type {
  Color,
  Encoding,
  Layer,
  Panel,
  StackedChart,
  XPosition,
} from "../look/grammar.ts";
import { LIGHT } from "../look/palette.ts";
import { hover, identifier, look, WIDTH, zoom } from "../look/spec.ts";

/** What is along x of a live chart. */
export interface LiveAxis {
  /** The column along x. */
  readonly field: "iterations" | "lr";
  /** What it is called. */
  readonly title: string;
  /** Whether each step is a factor. */
  readonly log: boolean;
}

/** A chart without data, and without a title of its own. */
export type LiveChart =
  & Omit<StackedChart, "$schema" | "description" | "title" | "vconcat">
  & { vconcat: Panel[] };

interface PanelOptions {
  readonly axis: LiveAxis;
  /** Whether it is the last, which has the labels of the axis. */
  readonly last: boolean;
  readonly legend: boolean;
  /** Whether there is validation to draw. */
  readonly validated: boolean;
}

/** What the lines of a metric are, and their colours. */
const SERIES = {
  batch: LIGHT.noise,
  "batch, smoothed": LIGHT.ink,
  validation: LIGHT.orange,
} as const;

function colorOf(
  name: keyof typeof SERIES,
  options: PanelOptions,
): Color {
  const named = Object.entries(SERIES).filter(([name]) =>
    name !== "validation" || options.validated
  );
  return {
    datum: name,
    scale: {
      domain: named.map(([name]) => name),
      range: named.map(([, color]) => color),
    },
    legend: options.legend ? { symbolType: "stroke" } : null,
  };
}

function horizontal({ axis, last: shown }: PanelOptions): XPosition {
  return {
    field: "x",
    type: "quantitative",
    scale: { type: axis.log ? "log" : "linear", nice: false, zero: false },
    axis: {
      title: shown ? axis.title : null,
      labels: shown,
      ticks: shown,
      grid: false,
      format: axis.log ? "~g" : ",d",
      labelOverlap: true,
      labelFlush: true,
      ...(axis.log ? {} : { tickMinStep: 1, tickCount: 8 }),
    },
  };
}

/** The rate has one line; a metric those of batches, and its validation. */
function lines(column: string, options: PanelOptions): Layer[] {
  const x = horizontal(options);
  const line = (
    name: string,
    field: string,
    shown: { readonly width: number; readonly encoding?: Encoding },
  ): Layer => ({
    name: identifier(`${column}_${name}`),
    mark: {
      type: "line",
      strokeWidth: shown.width,
      clip: true,
      ...(shown.encoding ? {} : { color: LIGHT.blue }),
    },
    encoding: {
      x,
      y: metricAxis(column, field, { ticks: 4 }),
      detail: { field: "run" },
      order: { field: "iteration" },
      ...shown.encoding,
    },
  });
  // A line needs two values; one by itself has a dot.
  const lone: Layer = {
    transform: [{ filter: "datum.lone" }],
    mark: {
      type: "point",
      filled: true,
      opacity: 1,
      size: 30,
      color: column === "lr" ? LIGHT.blue : LIGHT.ink,
      clip: true,
    },
    encoding: { x, y: metricAxis(column, "value", { ticks: 4 }) },
  };
  if (column === "lr") return [line("smooth", "value", { width: 2 }), lone];
  return [
    lone,
    line("raw", "value", {
      width: 1,
      encoding: { color: colorOf("batch", options) },
    }),
    line("smooth", "smooth", {
      width: 2,
      encoding: { color: colorOf("batch, smoothed", options) },
    }),
    ...(options.validated ? [validation(column, options)] : []),
  ];
}

/** The values after epochs. */
function validation(column: string, options: PanelOptions): Layer {
  return {
    data: { name: `${column}_epochs` },
    mark: {
      type: "line",
      strokeWidth: 2,
      strokeDash: [6, 3],
      point: { size: 36 },
      clip: true,
    },
    encoding: {
      x: horizontal(options),
      y: metricAxis(column, "value", { ticks: 4 }),
      color: colorOf("validation", options),
    },
  };
}

function panel(column: string, options: PanelOptions): Panel {
  const x = horizontal(options);
  const isRate = column === "lr";
  return {
    width: WIDTH,
    height: isRate ? 120 : 190,
    data: { name: column },
    layer: [
      ...lines(column, options),
      hover(column, {
        x,
        y: metricAxis(column, isRate ? "value" : "smooth", { ticks: 4 }),
        tooltip: [
          COUNTED,
          RATE,
          ...(isRate ? [] : [told("value", label(column))]),
        ],
      }, LIGHT.ink),
    ],
  };
}

/**
 * A chart whose data come later: for each column a data set of its name with
 * `x, run, iteration, lr, value, smooth, lone`, and for each metric that is
 * validated one of its name and `_epochs` with `x, value`.
 */
export function liveSpec(
  columns: readonly string[],
  { axis, validated }: {
    readonly axis: LiveAxis;
    /** The columns with validation after epochs. */
    readonly validated: readonly string[];
  },
): LiveChart {
  const metrics = columns.filter((column) => column !== "lr");
  // The legend stands over one panel for all of them.
  const first = metrics.find((column) => validated.includes(column)) ??
    metrics[0];
  return {
    ...look(),
    params: [
      zoom(columns.map((column) => identifier(`${column}_smooth`))),
    ],
    spacing: 14,
    resolve: { scale: { x: "shared", color: "independent" } },
    vconcat: columns.map((column, i) =>
      panel(column, {
        axis,
        last: i === columns.length - 1,
        legend: column === first,
        validated: validated.includes(column),
      })
    ),
  };
}
