import type { gapsIn, withGaps } from "./_gaps.ts";
import type { LiveStatus } from "./_live_server.ts";
import type { LiveAxis } from "./_live_spec.ts";
import type { Browser } from "./_page_script.ts";
import type { thin, union } from "./_thin.ts";
import type { trend } from "./_trend.ts";

/** What the live page is told when it is made. */
export interface LiveSettings {
  /** What is along x. */
  readonly axis: LiveAxis;
  /** The last iteration, where it is known. */
  readonly iterations?: number;
}

/** The functions of other modules that run in the page too. */
export interface LiveParts {
  readonly thin: typeof thin;
  readonly union: typeof union;
  readonly trend: typeof trend;
  readonly gapsIn: typeof gapsIn;
  readonly withGaps: typeof withGaps;
}

interface Columns {
  [name: string]: (number | null)[];
}

interface View {
  data(name: string, values: unknown[]): View;
  runAsync(): Promise<unknown>;
}

/** As much of a browser as the live page uses. */
export interface LiveBrowser extends Browser {
  readonly EventSource: typeof EventSource;
  readonly vegaEmbed: (
    ...args: Parameters<Browser["vegaEmbed"]>
  ) => Promise<{ readonly view: View; finalize(): void }>;
}

/** Runs in the live page: takes the server's events and draws what they bring. */
export function followRun(
  browser: LiveBrowser,
  parts: LiveParts,
  settings: LiveSettings,
): void {
  const { document } = browser;
  const { axis, iterations } = settings;
  const PAUSE = 400;
  let rows: Columns = {};
  let epochs: Columns = {};
  let status: LiveStatus | undefined;
  let connected = false;
  // deno-lint-ignore no-explicit-any -- a specification of any shape
  let chart: { columns: string[]; spec: any } | undefined;
  let embedded: typeof chart;
  let view: View | undefined;
  let finalize = () => {};
  let dirty = false;
  let drawing = false;

  const put = (id: string, text: string) => {
    const element = document.getElementById(id);
    if (element.textContent !== text) element.textContent = text;
  };
  const brief = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : String(
      Number(value.toPrecision(4)),
    );
  const append = (columns: Columns, more: Columns) => {
    const had = Object.values(columns)[0]?.length ?? 0;
    for (const name in more) {
      columns[name] ??= new Array(had).fill(null);
      for (const value of more[name]) columns[name].push(value);
    }
  };
  const lastOf = (name: string) => rows[name]?.at(-1);

  function showFigures(): void {
    const ended = status?.state === "ended";
    const state = ended ? "ended" : connected ? "running" : "unreachable";
    document.getElementById("state").dataset.state = state;
    put(
      "state",
      ended ? "done" : connected ? "running" : "connection lost",
    );
    put("message", status?.message ?? "");
    const at = lastOf("iterations") ?? 0;
    put(
      "iteration",
      iterations ? `${at} of ${iterations}` : String(at),
    );
    const bar = document.getElementById("progress");
    bar.dataset.share = String(iterations ? at / iterations : 0);
    bar.style.width = `${
      ended ? 100 : iterations ? Math.min(100, 100 * at / iterations) : 0
    }%`;
    put("rate", brief(lastOf("lr")));
    const metrics = Object.keys(rows).filter((name) =>
      name !== "iterations" && name !== "lr"
    ).map((name) => `${name} ${brief(lastOf(name))}`);
    const facts = Object.entries(status?.facts ?? {}).map(([name, value]) =>
      `${name} ${value}`
    );
    put("metrics", metrics.join(" · ") || "–");
    put("facts", facts.join(" · "));
    document.title = `${
      ended
        ? "done"
        : iterations
        ? `${Math.floor(100 * at / iterations)} %`
        : at
    } · ${document.getElementById("title").textContent}`;
  }

  async function embed(
    { spec }: NonNullable<typeof chart>,
    datasets: Record<string, unknown[]>,
  ): Promise<void> {
    finalize();
    const figure = document.getElementById("chart");
    const width = Math.max(200, Math.min(1000, figure.clientWidth - 96));
    for (const panel of spec.vconcat) panel.width = width;
    await document.fonts.load("12px Inter");
    const result = await browser.vegaEmbed(figure, { ...spec, datasets }, {
      mode: "vega-lite",
      renderer: "svg",
      // Expressions are interpreted: the page may not evaluate code.
      ast: true,
      // Errors alone: that there is no validation yet is worth no warning.
      logLevel: 1,
      actions: { export: true, source: false, compiled: false, editor: false },
      tooltip: { theme: "custom" },
      downloadFileName: "live",
    });
    view = result.view;
    finalize = () => result.finalize();
  }

  async function draw(): Promise<void> {
    showFigures();
    if (chart === undefined || !rows[axis.field]) return;
    const datasets: Record<string, unknown[]> = {};
    const x = rows[axis.field] as number[];
    // A range test that is repeated starts over at the lowest rate.
    const starts = [0];
    for (let i = 1; i < x.length; i++) if (x[i] < x[i - 1]) starts.push(i);
    for (const metric of chart.columns) {
      if (!rows[metric]) continue;
      const values = rows[metric].map((value) => value ?? NaN);
      const smooth = metric === "lr" ? values : starts.flatMap((start, run) => {
        const part = values.slice(start, starts[run + 1]);
        return parts.trend(part, Math.max(5, part.length / 50));
      });
      const kept = parts.union(
        parts.thin(values, 250),
        parts.thin(smooth, 100),
      );
      const gaps = parts.gapsIn(values, values.length / 1000);
      datasets[metric] = parts.withGaps(kept, values, gaps).map((i) => ({
        x: x[i],
        run: starts.findLastIndex((start) => start <= i),
        iteration: rows.iterations?.[i],
        lr: rows.lr?.[i],
        value: rows[metric][i],
        smooth: Number.isFinite(smooth[i]) ? smooth[i] : null,
      }));
      if (metric !== "lr") {
        const validation = epochs[`val_${metric}`] ?? [];
        datasets[`${metric}_epochs`] = validation.map((value, i) => ({
          x: epochs.iterations[i],
          value,
        })).filter(({ value }) => value !== null);
      }
    }
    if (embedded !== chart) await embed(embedded = chart, datasets);
    else {
      for (const name in datasets) view!.data(name, datasets[name]);
      await view!.runAsync();
    }
    const figure = document.getElementById("chart");
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
  // Each connection is told the whole history.
  events.onopen = () => {
    rows = {};
    epochs = {};
    connected = true;
    changed();
  };
  events.onerror = () => {
    connected = false;
    changed();
  };
  const on = (name: string, take: (data: string) => void) =>
    events.addEventListener(name, (event) => {
      take((event as MessageEvent<string>).data);
      changed();
    });
  on("chart", (data) => chart = JSON.parse(data));
  on("rows", (data) => append(rows, JSON.parse(data)));
  on("epochs", (data) => append(epochs, JSON.parse(data)));
  on("status", (data) => {
    status = JSON.parse(data);
    if (status?.state === "ended") events.close();
  });
  changed();
}
