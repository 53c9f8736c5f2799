/** What runs in pages of charts: it becomes a script by `scriptText`. */

import { embedFitting, measureIn } from "./fit_chart.ts";
import type { SingleChart, StackedChart } from "../look/grammar.ts";

/** As much of a browser as the pages use. */
export interface Browser {
  readonly document: {
    getElementById(id: string): Element;
    title: string;
    readonly fonts: { load(font: string): Promise<unknown> };
  } & Parameters<typeof measureIn>[0];
  readonly vegaEmbed: (
    element: Element,
    chart: unknown,
    options: unknown,
  ) => Promise<unknown>;
}

/** As much of an element as the pages use. */
export interface Element {
  readonly clientWidth: number;
  querySelector(selector: "svg"): { readonly clientWidth: number };
  readonly dataset: Record<string, string>;
  readonly style: { width: string };
  textContent: string;
}

/** Draws the charts of a page in its figures, as wide as these are. */
export async function drawCharts(browser: Browser): Promise<void> {
  // Text is measured once, so its font must be there before.
  await Promise.all(
    ["12px Inter", "600 12px Inter"].map((font) =>
      browser.document.fonts.load(font)
    ),
  );
  const charts: (SingleChart | StackedChart)[] = JSON.parse(
    browser.document.getElementById("charts").textContent,
  );
  const measure = measureIn(browser.document);
  await Promise.all(charts.map((chart, i) => {
    const figure = browser.document.getElementById(`chart-${i}`);
    const embed = () =>
      browser.vegaEmbed(figure, chart, {
        mode: "vega-lite",
        renderer: "svg",
        actions: {
          export: true,
          source: false,
          compiled: false,
          editor: false,
        },
        tooltip: { theme: "custom" },
        downloadFileName: figure.dataset.name,
      });
    return embedFitting(chart, { figure, measure, embed });
  }));
}
