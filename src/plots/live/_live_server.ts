import { type LiveAxis, liveSpec } from "./live_spec.ts";
import { LiveStore } from "./_live_store.ts";

/** What the page shows beside the charts. */
export interface LiveStatus {
  /** Whether the run goes on. */
  readonly state: "running" | "ended";
  /** A sentence on it. */
  readonly message: string;
  /** Named values, such as the device's use. */
  readonly facts: { readonly [name: string]: string | number };
}

/** The files that the page consists of. */
export interface LiveFiles {
  readonly html: string;
  readonly script: string;
  readonly vega: string;
}

interface Viewer {
  /** Which beginning of the run it was told of. */
  start: number;
  chart: string;
  row: number;
  epoch: number;
  status: number;
  /** Whether everything that there is has been handed to the connection. */
  idle: boolean;
}

const ROWS_AT_ONCE = 1000;
/** A viewer whose page is gone is noticed at the next write. */
const KEEP_ALIVE = 15_000;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; " +
    "img-src data: blob:; font-src data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

function answer(body: string, type: string, status = 200): Response {
  return new Response(body, {
    status,
    headers: { ...HEADERS, "content-type": `${type}; charset=utf-8` },
  });
}

/**
 * The page's server: hands out the page and, to each viewer, the whole history
 * and then what is new, as fast as that viewer reads and no faster. A viewer
 * that does not read costs its place in the history and nothing more.
 */
export class LiveServer {
  readonly #files: LiveFiles;
  readonly #axis: LiveAxis;
  #rows = new LiveStore();
  #epochs = new LiveStore();
  /** How often the run went back. */
  #starts = 0;
  readonly #viewers = new Set<Viewer>();
  readonly #wake = new Set<() => void>();
  #status: LiveStatus = { state: "running", message: "", facts: {} };
  #statusNumber = 1;

  constructor(files: LiveFiles, axis: LiveAxis) {
    this.#files = files;
    this.#axis = axis;
  }

  /** How many pages are connected. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Whether every connected page was handed all there is. */
  get idle(): boolean {
    return [...this.#viewers].every((viewer) => viewer.idle);
  }

  /** Adds rows of batches. */
  addRows(columns: { readonly [name: string]: ArrayLike<number> }): void {
    this.#rows.add(columns);
    this.#changed();
  }

  /** Adds rows of epochs. */
  addEpochs(columns: { readonly [name: string]: ArrayLike<number> }): void {
    this.#epochs.add(columns);
    this.#changed();
  }

  /** Replaces all rows: the run went back to an earlier iteration. */
  restart(
    rows: { readonly [name: string]: ArrayLike<number> },
    epochs: { readonly [name: string]: ArrayLike<number> },
  ): void {
    this.#starts++;
    this.#rows = new LiveStore();
    this.#epochs = new LiveStore();
    this.#rows.add(rows);
    this.#epochs.add(epochs);
    this.#changed();
  }

  /** Replaces the status. */
  setStatus(status: LiveStatus): void {
    this.#status = status;
    this.#statusNumber++;
    this.#changed();
  }

  /** Answers a request that was sent to `port` of the loopback address. */
  handle(request: Request, port: number): Response {
    if (!URL.canParse(request.url)) {
      return answer("There is no such address.\n", "text/plain", 400);
    }
    const url = new URL(request.url);
    const own = [`127.0.0.1:${port}`, `localhost:${port}`];
    const origin = request.headers.get("origin");
    // A foreign page may point a name of its own at this address, or send
    // requests here: neither gets anything.
    if (
      !own.includes(request.headers.get("host") ?? url.host) ||
      (origin !== null && !own.includes(origin.replace(/^http:\/\//, "")))
    ) {
      return answer("This page answers only to itself.\n", "text/plain", 403);
    }
    if (request.method !== "GET") {
      return answer("This page is only to be read.\n", "text/plain", 405);
    }
    switch (url.pathname) {
      case "/":
        return answer(this.#files.html, "text/html");
      case "/page.js":
        return answer(this.#files.script, "text/javascript");
      case "/vega.js":
        return answer(this.#files.vega, "text/javascript");
      case "/events":
        // The page itself sends this; another site's page does not.
        return ["same-origin", null].includes(
            request.headers.get("sec-fetch-site"),
          )
          ? this.#events()
          : answer("This page answers only to itself.\n", "text/plain", 403);
      default:
        return answer("There is no such page.\n", "text/plain", 404);
    }
  }

  #events(): Response {
    const viewer: Viewer = {
      start: this.#starts,
      chart: "",
      row: 0,
      epoch: 0,
      status: 0,
      idle: false,
    };
    this.#viewers.add(viewer);
    const encoder = new TextEncoder();
    let wake: (() => void) | undefined;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        let event = this.#nextEvent(viewer);
        if (event === undefined) {
          viewer.idle = true;
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, KEEP_ALIVE);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
            this.#wake.add(wake);
          });
          this.#wake.delete(wake!);
          if (!this.#viewers.has(viewer)) return;
          event = this.#nextEvent(viewer) ?? ":\n\n";
        }
        controller.enqueue(encoder.encode(event));
      },
      cancel: () => {
        this.#viewers.delete(viewer);
        wake?.();
      },
    }, { highWaterMark: 0 });
    return new Response(body, {
      headers: { ...HEADERS, "content-type": "text/event-stream" },
    });
  }

  #nextEvent(viewer: Viewer): string | undefined {
    const event = (name: string, data: unknown) =>
      `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    if (viewer.start !== this.#starts) {
      viewer.start = this.#starts;
      viewer.row = viewer.epoch = 0;
      return event("restart", {});
    }
    const drawn = this.#rows.names.filter((name) =>
      name !== "iterations" && name !== this.#axis.field
    );
    const validated = drawn.filter((name) =>
      this.#epochs.names.includes(`val_${name}`)
    );
    const chart = JSON.stringify([drawn, validated]);
    if (viewer.chart !== chart) {
      viewer.chart = chart;
      return event("chart", {
        columns: drawn,
        spec: liveSpec(drawn, { axis: this.#axis, validated }),
      });
    }
    if (viewer.row < this.#rows.next) {
      const { columns, next } = this.#rows.from(viewer.row, ROWS_AT_ONCE);
      viewer.row = next;
      return event("rows", columns);
    }
    if (viewer.epoch < this.#epochs.next) {
      const { columns, next } = this.#epochs.from(viewer.epoch, ROWS_AT_ONCE);
      viewer.epoch = next;
      return event("epochs", columns);
    }
    // The status comes last, so that a page that is told the end has it all.
    if (viewer.status < this.#statusNumber) {
      viewer.status = this.#statusNumber;
      return event("status", this.#status);
    }
    return undefined;
  }

  #changed(): void {
    for (const viewer of this.#viewers) viewer.idle = false;
    for (const wake of this.#wake) wake();
  }
}
