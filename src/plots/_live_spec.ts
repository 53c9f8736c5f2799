import { isAccuracy, label } from "./_format.ts";
import { LIGHT } from "./_palette.ts";
import { frame, hover, type Json, NUMBER, WIDTH, zoom } from "./_spec.ts";

/** How the panels of a live chart are laid out. */
export interface LiveAxis {
  /** The column along x. */
  readonly field: "iterations" | "lr";
  /** What it is called. */
  readonly title: string;
  /** Whether each step is a factor. */
  readonly log: boolean;
}

function panel(
  column: string,
  axis: LiveAxis,
  options: { last: boolean; smooth: boolean },
): Json {
  const x: Json = {
    field: "x",
    type: "quantitative",
    scale: { type: axis.log ? "log" : "linear", nice: false, zero: false },
    axis: {
      title: options.last ? axis.title : null,
      labels: options.last,
      ticks: options.last,
      grid: false,
      format: axis.log ? "~g" : ",d",
      labelOverlap: true,
      labelFlush: true,
      ...(axis.log ? {} : { tickMinStep: 1, tickCount: 8 }),
    },
  };
  const y = (field: string): Json => ({
    field,
    type: "quantitative",
    scale: { zero: false, nice: true },
    axis: {
      title: column === "lr" ? "learning rate" : label(column),
      tickCount: 4,
      format: isAccuracy(column) ? ".0%" : NUMBER,
    },
  });
  const line = (
    name: string,
    field: string,
    color: string,
    strokeWidth: number,
  ) => ({
    name,
    mark: { type: "line", color, strokeWidth, clip: true },
    encoding: {
      x,
      y: y(field),
      detail: { field: "run" },
      order: { field: "iteration" },
    },
  });
  const layer: Json[] = options.smooth
    ? [
      line(`${column}_raw`, "value", LIGHT.noise, 1),
      line(`${column}_smooth`, "smooth", LIGHT.ink, 2),
      {
        data: { name: `${column}_epochs` },
        mark: {
          type: "line",
          color: LIGHT.orange,
          strokeWidth: 2,
          strokeDash: [6, 3],
          point: { color: LIGHT.orange, size: 36 },
          clip: true,
        },
        encoding: { x, y: y("value") },
      },
    ]
    : [line(`${column}_smooth`, "value", LIGHT.blue, 2)];
  const shown = options.smooth ? "smooth" : "value";
  layer.push(hover(column, {
    x,
    y: y(shown),
    tooltip: [
      {
        field: "iteration",
        type: "quantitative",
        title: "iteration",
        format: ",d",
      },
      { field: "lr", type: "quantitative", title: "learning rate" },
      ...(column === "lr"
        ? []
        : [{ field: "value", type: "quantitative", title: label(column) }]),
    ],
  }, LIGHT.ink));
  return {
    width: WIDTH,
    height: options.smooth ? 190 : 120,
    data: { name: column },
    layer,
  };
}

/**
 * A chart whose data come later: for each column a data set of its name with
 * `x, run, iteration, lr, value, smooth`, and for each metric one of its name and
 * `_epochs` with `x, value`.
 */
export function liveSpec(columns: readonly string[], axis: LiveAxis): Json {
  const { title: _, description: __, $schema: ___, ...rest } = frame("", []);
  const panels = columns.map((column, i) =>
    panel(column, axis, {
      last: i === columns.length - 1,
      smooth: column !== "lr",
    })
  );
  return {
    ...rest,
    params: [zoom(columns.map((column) => `${column}_smooth`))],
    spacing: 14,
    resolve: { scale: { x: "shared" } },
    vconcat: panels,
  };
}
