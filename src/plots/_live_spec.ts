import { COUNTED, metricAxis, RATE, told } from "./_axes.ts";
import { label } from "./_format.ts";
import type {
  Color,
  Encoding,
  Layer,
  Panel,
  StackedChart,
  XPosition,
} from "./_grammar.ts";
import { LIGHT } from "./_palette.ts";
import { hover, identifier, look, WIDTH, zoom } from "./_spec.ts";

/** How the panels of a live chart are laid out. */
export interface LiveAxis {
  /** The column along x. */
  readonly field: "iterations" | "lr";
  /** What it is called. */
  readonly title: string;
  /** Whether each step is a factor. */
  readonly log: boolean;
}

/** A chart without data, and without a title of its own. */
export type LiveChart = Omit<
  StackedChart,
  "$schema" | "description" | "title"
>;

/** What the lines of a metric are, and their colours. */
const SERIES = {
  batch: LIGHT.noise,
  "batch, smoothed": LIGHT.ink,
  validation: LIGHT.orange,
} as const;

function colorOf(name: keyof typeof SERIES, legend: boolean): Color {
  return {
    datum: name,
    scale: { domain: Object.keys(SERIES), range: Object.values(SERIES) },
    legend: legend ? { symbolType: "stroke" } : null,
  };
}

function horizontal(axis: LiveAxis, shown: boolean): XPosition {
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
function lines(column: string, x: XPosition, legend: boolean): Layer[] {
  const line = (
    name: string,
    field: string,
    options: { readonly width: number; readonly encoding?: Encoding },
  ): Layer => ({
    name: identifier(`${column}_${name}`),
    mark: {
      type: "line",
      strokeWidth: options.width,
      clip: true,
      ...(options.encoding ? {} : { color: LIGHT.blue }),
    },
    encoding: {
      x,
      y: metricAxis(column, field, { ticks: 4 }),
      detail: { field: "run" },
      order: { field: "iteration" },
      ...options.encoding,
    },
  });
  if (column === "lr") return [line("smooth", "value", { width: 2 })];
  return [
    line("raw", "value", {
      width: 1,
      encoding: { color: colorOf("batch", legend) },
    }),
    line("smooth", "smooth", {
      width: 2,
      encoding: { color: colorOf("batch, smoothed", legend) },
    }),
    {
      data: { name: `${column}_epochs` },
      mark: {
        type: "line",
        strokeWidth: 2,
        strokeDash: [6, 3],
        point: { size: 36 },
        clip: true,
      },
      encoding: {
        x,
        y: metricAxis(column, "value", { ticks: 4 }),
        color: colorOf("validation", legend),
      },
    },
  ];
}

function panel(
  column: string,
  axis: LiveAxis,
  options: { readonly last: boolean; readonly legend: boolean },
): Panel {
  const x = horizontal(axis, options.last);
  const isRate = column === "lr";
  return {
    width: WIDTH,
    height: isRate ? 120 : 190,
    data: { name: column },
    layer: [
      ...lines(column, x, options.legend),
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
 * `x, run, iteration, lr, value, smooth`, and for each metric one of its name and
 * `_epochs` with `x, value`.
 */
export function liveSpec(
  columns: readonly string[],
  axis: LiveAxis,
): LiveChart {
  const first = columns.find((column) => column !== "lr");
  return {
    ...look(),
    params: [
      zoom(columns.map((column) => identifier(`${column}_smooth`))),
    ],
    spacing: 14,
    resolve: { scale: { x: "shared", color: "independent" } },
    vconcat: columns.map((column, i) =>
      panel(column, axis, {
        last: i === columns.length - 1,
        legend: column === first,
      })
    ),
  };
}
