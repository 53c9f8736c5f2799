/** What runs in the live page: its parts become a script by `scriptText`. */

import { ExponentialSmoothing } from "../../metrics/smoothing.ts";
import { embedFitting, FIT_PARTS, measureIn } from "../page/fit_chart.ts";
import {
  count,
  isAccuracy,
  label,
  measure,
  percent,
  shown,
} from "../look/format.ts";
import { gapsIn, withGaps } from "../series/gaps.ts";
import type { LiveStatus } from "./_live_server.ts";
import type { LiveAxis, LiveChart } from "./live_spec.ts";
import type { Browser } from "../page/page_script.ts";
import { thin, union } from "../series/thin.ts";
import { spanOf, trend } from "../series/trend.ts";

/** What the live page is told when it is made. */
export interface LiveSettings {
  /** What is along x. */
  readonly axis: LiveAxis;
  /** The last iteration, where it is known. */
  readonly iterations?: number;
}

interface Columns {
  [name: string]: (number | null)[];
}

interface View {
  data(name: string, values: unknown[]): View;
  runAsync(): Promise<unknown>;
}

interface Embedded {
  readonly view: View;
  finalize(): void;
}

/** As much of a browser as the live page uses. */
export interface LiveBrowser extends Browser {
  readonly EventSource: typeof EventSource;
  readonly vegaEmbed: (
    ...args: Parameters<Browser["vegaEmbed"]>
  ) => Promise<Embedded>;
}

/** What the page knows of the run. */
export interface LiveState {
  rows: Columns;
  epochs: Columns;
  status?: LiveStatus;
  connected: boolean;
  chart?: { readonly columns: string[]; readonly spec: LiveChart };
}

/** Adds rows; a column that comes later has no values before. */
export function appendRows(columns: Columns, more: Columns): void {
  const had = Object.values(columns)[0]?.length ?? 0;
  for (const name in more) {
    columns[name] ??= new Array(had).fill(null);
    for (const value of more[name]) columns[name].push(value);
  }
}

/** Writes what stands above the chart. */
export function showFigures(
  { document }: LiveBrowser,
  { rows, status, connected }: LiveState,
  iterations: number | undefined,
): void {
  const put = (id: string, text: string) => {
    const element = document.getElementById(id);
    if (element.textContent !== text) element.textContent = text;
  };
  const brief = (value: number | null | undefined) =>
    value === null || value === undefined
      ? "–"
      : String(Number(value.toPrecision(4)));
  const ended = status?.state === "ended";
  document.getElementById("state").dataset.state = ended
    ? "ended"
    : connected
    ? "running"
    : "unreachable";
  const at = rows.iterations?.at(-1) ?? 0;
  const share = iterations ? at / iterations : 0;
  put(
    "state",
    ended
      ? iterations && at < iterations ? "ended" : "done"
      : connected
      ? "running"
      : "connection lost",
  );
  put("message", status?.message ?? "");
  put(
    "iteration",
    iterations ? `${count(at)} of ${count(iterations)}` : count(at),
  );
  const bar = document.getElementById("progress");
  bar.dataset.share = String(share);
  bar.style.width = `${
    ended && !iterations ? 100 : Math.min(100, 100 * share)
  }%`;
  put("rate", brief(rows.lr?.at(-1)));
  const metrics = Object.keys(rows).filter((name) =>
    name !== "iterations" && name !== "lr"
  ).map((name) => `${label(name)} ${shown(name, rows[name].at(-1) ?? NaN)}`);
  put("metrics", metrics.join(" · ") || "–");
  put(
    "facts",
    Object.entries(status?.facts ?? {}).map(([name, value]) =>
      `${name} ${value}`
    ).join(" · "),
  );
  const progress = iterations ? `${Math.floor(100 * share)} %` : count(at);
  document.title = `${ended ? "done" : progress} · ${
    document.getElementById("title").textContent
  }`;
}

/** The rows that each panel draws. */
export function datasetsOf(
  { rows, epochs }: LiveState,
  options: { readonly columns: readonly string[]; readonly axis: LiveAxis },
): Record<string, unknown[]> {
  const { columns, axis } = options;
  const datasets: Record<string, unknown[]> = {};
  const x = rows[axis.field] as number[];
  // A range test that is repeated starts over at the lowest rate.
  const starts = [0];
  for (let i = 1; i < x.length; i++) if (x[i] < x[i - 1]) starts.push(i);
  for (const metric of columns) {
    if (!rows[metric]) continue;
    const values = rows[metric].map((value) => value ?? NaN);
    const smooth = metric === "lr" ? values : starts.flatMap((start, run) => {
      const part = values.slice(start, starts[run + 1]);
      return trend(part, spanOf(part.length));
    });
    const kept = union(thin(values, 250), thin(smooth, 100));
    const gaps = gapsIn(values, values.length / 1000);
    datasets[metric] = withGaps(kept, values, gaps).map((i) => ({
      x: x[i],
      run: starts.findLastIndex((start) => start <= i),
      iteration: rows.iterations?.[i],
      lr: rows.lr?.[i],
      value: rows[metric][i],
      smooth: Number.isFinite(smooth[i]) ? smooth[i] : null,
    })).map((row, i, all) => {
      const joined = [all[i - 1], all[i + 1]].some((other) =>
        other !== undefined && other.value !== null && other.run === row.run
      );
      return { ...row, lone: row.value !== null && !joined };
    });
    const validation = epochs[`val_${metric}`];
    if (validation !== undefined) {
      datasets[`${metric}_epochs`] = validation.map((value, i) => ({
        x: epochs.iterations[i],
        value,
      })).filter(({ value }) => value !== null);
    }
  }
  return datasets;
}

/** Puts a chart into the page, as wide as there is room. */
export async function embedChart(
  browser: LiveBrowser,
  spec: LiveChart,
  datasets: Record<string, unknown[]>,
): Promise<Embedded> {
  const { document } = browser;
  const figure = document.getElementById("chart");
  await document.fonts.load("12px Inter");
  const embed = () =>
    browser.vegaEmbed(figure, { ...spec, datasets }, {
      mode: "vega-lite",
      renderer: "svg",
      // Expressions are interpreted: the page may not evaluate code.
      ast: true,
      // Errors alone: that there is nothing yet is worth no warning.
      logLevel: 1,
      actions: { export: true, source: false, compiled: false, editor: false },
      tooltip: { theme: "custom" },
      downloadFileName: "live",
    });
  return await embedFitting(spec, {
    figure,
    measure: measureIn(document),
    embed,
  });
}

/** Takes the server's events and draws what they bring. */
export function followRun(browser: LiveBrowser, settings: LiveSettings): void {
  const PAUSE = 400;
  const { axis, iterations } = settings;
  const state: LiveState = { rows: {}, epochs: {}, connected: false };
  let drawn: LiveState["chart"];
  let embedded: Embedded | undefined;
  let dirty = false;
  let drawing = false;

  async function draw(): Promise<void> {
    // A range test is done when it has its answer, after so many at most.
    const isOver = axis.field === "lr" && state.status?.state === "ended";
    showFigures(browser, state, isOver ? undefined : iterations);
    const { chart, rows } = state;
    const x = rows[axis.field];
    if (chart === undefined || !x) return;
    const datasets = datasetsOf(state, { columns: chart.columns, axis });
    if (embedded && drawn === chart) {
      for (const name in datasets) embedded.view.data(name, datasets[name]);
      await embedded.view.runAsync();
    } else {
      embedded?.finalize();
      embedded = await embedChart(browser, chart.spec, datasets);
      drawn = chart;
    }
    const figure = browser.document.getElementById("chart");
    figure.dataset.rows = String(x.length);
    figure.dataset.last = String(x.at(-1) ?? "");
  }

  async function changed(): Promise<void> {
    dirty = true;
    if (drawing) return;
    drawing = true;
    while (dirty) {
      dirty = false;
      await draw();
      // What comes meanwhile is drawn together.
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    drawing = false;
  }

  const events = new browser.EventSource("/events");
  const forget = () => {
    state.rows = {};
    state.epochs = {};
  };
  // Each connection is told the whole history.
  events.onopen = () => {
    forget();
    state.connected = true;
    changed();
  };
  events.onerror = () => {
    state.connected = false;
    changed();
  };
  const on = (name: string, take: (data: string) => void) =>
    events.addEventListener(name, (event) => {
      take(event.data);
      changed();
    });
  on("chart", (data) => state.chart = JSON.parse(data));
  // The run goes on from an earlier iteration: what was since is told anew.
  on("restart", forget);
  on("rows", (data) => appendRows(state.rows, JSON.parse(data)));
  on("epochs", (data) => appendRows(state.epochs, JSON.parse(data)));
  on("status", (data) => {
    const status: LiveStatus = JSON.parse(data);
    state.status = status;
    if (status.state === "ended") events.close();
  });
  changed();
}

/** All that the page's script consists of; `followRun` starts it. */
export const LIVE_PARTS = {
  ...FIT_PARTS,
  count,
  isAccuracy,
  label,
  measure,
  percent,
  shown,
  ExponentialSmoothing,
  trend,
  spanOf,
  thin,
  union,
  gapsIn,
  withGaps,
  appendRows,
  showFigures,
  datasetsOf,
  embedChart,
  followRun,
};
