/**
 * Charts of range tests, schedules and training runs: Vega-Lite specifications
 * made from results, and their rendering to SVG, PNG and HTML without a
 * browser.
 *
 * @example Save the picture of a schedule
 * ```ts
 * import { scheduleChart, toPng } from "@clr/clr/plots";
 *
 * const halved = (iteration: number) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * const png = await toPng(scheduleChart(halved, 5000));
 * await Deno.writeFile(await Deno.makeTempFile({ suffix: ".png" }), png);
 * ```
 *
 * @module
 */

export type { NamedRun } from "./specs/comparison_spec.ts";
export type { ComparisonChartOptions } from "./specs/comparison_spec.ts";
export type { Chart, ChartOptions } from "./look/grammar.ts";
export type { GridData } from "./specs/grid_spec.ts";
export type { HistoryChartOptions } from "./specs/history_spec.ts";
export type { HistoryColumns, RunHistory } from "./series/run.ts";
export type { RangeData } from "./specs/range_panel.ts";
export type { ScheduleSource } from "./specs/schedule_spec.ts";
export { comparisonChart } from "./comparison_chart.ts";
export { gridChart } from "./grid_chart.ts";
export { historyChart } from "./history_chart.ts";
export { LivePage, type LivePageOptions, type LiveRun } from "./live_page.ts";
export { rangeChart } from "./range_chart.ts";
export { scheduleChart } from "./schedule_chart.ts";
export { type HtmlOptions, toHtml } from "./to_html.ts";
export { type PngOptions, toPng } from "./to_png.ts";
export {
  type ReportClassification,
  type ReportContent,
  type ReportSample,
  toReport,
} from "./to_report.ts";
export { type SvgOptions, toSvg } from "./to_svg.ts";
