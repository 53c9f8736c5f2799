/** What fits a chart to the figure of a page; it becomes part of its script. */

import { wrap } from "../../runtime/wrap.ts";
import type { Panel } from "../look/grammar.ts";

/** As much of a chart as is fitted. */
export interface FittedChart {
  title?: unknown;
  width?: unknown;
  vconcat?: Panel[];
}

/** The width of a text in a font of CSS, in pixels. */
export type MeasureText = (text: string, font: string) => number;

/** As much of a legend's channel as is fitted. */
interface Legended {
  scale?: { domain?: unknown };
  legend?: { columns?: number; labelLimit?: number } | null;
}

/**
 * Gives each legend as many columns as there is room for: in one row where that
 * is enough, and with names cut where one alone is wider.
 */
export function fitLegends(
  node: unknown,
  room: number,
  measure: MeasureText,
): void {
  if (typeof node !== "object" || node === null) return;
  const { scale, legend } = node as Legended;
  const names = scale?.domain;
  if (legend && Array.isArray(names)) {
    const SYMBOL = 16, BETWEEN = 18, MOST = 240;
    const widths = names.map((name) =>
      SYMBOL + Math.min(MOST, measure(`${name}`, "12px Inter"))
    );
    const widthIn = (columns: number) =>
      Array.from(
        { length: columns },
        (_, column) =>
          Math.max(...widths.filter((_, i) => i % columns === column)),
      ).reduce((sum, width) => sum + BETWEEN + width, -BETWEEN);
    let columns = Math.min(legend.columns ?? names.length, names.length);
    while (columns > 1 && widthIn(columns) > room) columns--;
    legend.columns = columns;
    legend.labelLimit = Math.min(MOST, room - SYMBOL);
  }
  for (const part of Object.values(node)) fitLegends(part, room, measure);
}

/** Makes a chart whose labels take `beside` pixels as wide as a figure. */
export function fitChart(
  chart: FittedChart,
  { figure, beside, measure }: {
    readonly figure: number;
    readonly beside: number;
    readonly measure: MeasureText;
  },
): void {
  const width = Math.max(160, Math.min(1000, figure - beside));
  for (const panel of chart.vconcat ?? [chart]) panel.width = width;
  fitLegends(chart.vconcat ?? chart, width, measure);
  const title = chart.title as
    | { text: string[]; subtitle: string[] }
    | undefined;
  if (title === undefined) return;
  // The button for the picture is at the right of the first lines.
  const room = width - 24;
  const lines = (texts: readonly string[], font: string) =>
    texts.flatMap((text) => wrap(text, room, (line) => measure(line, font)));
  title.text = lines([title.text.join(" ")], "600 16px Inter");
  title.subtitle = lines(title.subtitle, "12px Inter");
}

/** What there is of a browser to draw in. */
export interface Drawing<Embedded> {
  readonly figure: {
    readonly clientWidth: number;
    querySelector(selector: "svg"): { readonly clientWidth: number };
  };
  readonly measure: MeasureText;
  embed(): Promise<Embedded>;
}

/** Embeds a chart in a figure, and again where its labels are wider than usual. */
export async function embedFitting<Embedded>(
  chart: FittedChart,
  { figure, measure, embed }: Drawing<Embedded>,
): Promise<Embedded> {
  const BESIDE = 96;
  fitChart(chart, { figure: figure.clientWidth, beside: BESIDE, measure });
  const embedded = await embed();
  const over = figure.querySelector("svg").clientWidth - figure.clientWidth;
  if (over <= 0) return embedded;
  fitChart(chart, {
    figure: figure.clientWidth,
    beside: BESIDE + over,
    measure,
  });
  return await embed();
}

/** Measures text as the browser draws it. */
export function measureIn(
  document: {
    createElement(name: "canvas"): {
      getContext(kind: "2d"): {
        font: string;
        measureText(text: string): { readonly width: number };
      };
    };
  },
): MeasureText {
  const context = document.createElement("canvas").getContext("2d");
  return (text, font) => {
    context.font = font;
    return context.measureText(text).width;
  };
}

/** What {@linkcode embedFitting} and {@linkcode measureIn} consist of. */
export const FIT_PARTS = {
  wrap,
  fitLegends,
  fitChart,
  embedFitting,
  measureIn,
};
