import {
  all,
  anyNumber,
  checkData,
  mapOf,
  record,
  text,
  textOrNumber,
} from "../runtime/check_data.ts";
import { checkKind } from "../runtime/check_given.ts";
import { rowBeyond } from "../runtime/columns.ts";
import { requireDeno } from "../runtime/require_deno.ts";
import { liveFiles } from "./live/live_files.ts";
import type { LiveAxis } from "./live/live_spec.ts";
import type { FromLiveWorker, ToLiveWorker } from "./live/live_worker.ts";
import type { HistoryColumns, RunHistory } from "./series/run.ts";
import { isRecord } from "../runtime/records.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    port: 0,
    title: 0,
    iterations: 0,
    x: 0,
  } satisfies Record<keyof LivePageOptions, 0>,
);

/** Options of {@linkcode LivePage.open}. */
export interface LivePageOptions {
  /**
   * The port on the loopback address; 0 takes any that is free.
   *
   * @default {0}
   */
  readonly port?: number | undefined;
  /**
   * What runs, in a few words.
   *
   * @default {"Training"}
   */
  readonly title?: string | undefined;
  /** How many iterations there will be, for the progress; unknown if left out. */
  readonly iterations?: number | undefined;
  /**
   * What is along the x axis: iterations of a training run, or the rates of a
   * range test on a logarithmic axis.
   *
   * @default {"iterations"}
   */
  readonly x?: "iterations" | "lr" | undefined;
}

/** A run to show: a `CyclicLR` is one. */
export interface LiveRun extends RunHistory {
  /** Brings what is still on a GPU into the history. */
  flush?(): Promise<void>;
}

/** Time between two looks at the run, in ms: a person sees no more. */
const LOOK_EVERY = 500;
/** The server has as long to end, in ms: more than it waits for viewers. */
const CLOSE_WITHIN = 4000;
/** Time between two read-backs from a GPU, in ms. */
const FLUSH_EVERY = 1000;

const AXES: Readonly<Record<"iterations" | "lr", LiveAxis>> = {
  iterations: { field: "iterations", title: "iteration", log: false },
  lr: { field: "lr", title: "learning rate", log: true },
};

const ROW = record({
  row: all(mapOf(anyNumber), record({ iterations: anyNumber })),
});
const FACTS = record({ facts: mapOf(textOrNumber), message: text });

/** Throws unless it is a run, whose history is not looked at for every batch. */
function checkRun(action: string, run: unknown): void {
  checkKind(
    action,
    { name: "run", value: run, must: "a CyclicLR, or what has a history" },
    isRecord(run) && "history" in run,
  );
}

/** The rows of `columns` from number `from` on, as columns of their own. */
function rowsFrom(
  columns: HistoryColumns,
  from: number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [
      name,
      Float64Array.from(
        { length: columns.iterations.length - from },
        (_, i) => values[from + i],
      ),
    ]),
  );
}

/** The last row of `columns`; before the first, one before all iterations. */
function lastRow(columns: HistoryColumns): Readonly<Record<string, number>> {
  const last = columns.iterations.length - 1;
  if (last < 0) return { iterations: -Infinity };
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, values[last]]),
  );
}

/** The class that Deno gives errors of that name, which callers catch. */
function errorClass(name: string): ErrorConstructor {
  const classes = Deno.errors as Readonly<Record<string, unknown>>;
  return Object.hasOwn(classes, name)
    ? classes[name] as ErrorConstructor
    : Error;
}

/**
 * A page on the loopback address that shows a run as it goes: progress, the
 * current rate, and curves that extend. Whoever opens or reloads it gets the
 * whole history and then what is new. Its server runs in a worker: it answers
 * while the training keeps this thread busy, and nothing that a viewer does or
 * leaves undone reaches the training.
 *
 * The page answers to `http://127.0.0.1` and `http://localhost` alone, to no
 * other origin, and loads nothing from a network. Needs `--allow-net` for the
 * port and `--allow-read`.
 *
 * @example Follow a training run
 * ```ts ignore
 * import { CyclicLR } from "@clr/clr";
 * import { LivePage } from "@clr/clr/plots";
 *
 * const clr = new CyclicLR();
 * await using live = await LivePage.open({ port: 8080, iterations: 8000 });
 * console.log(`The run is at ${live.url}`);
 * for (const batch of batches) {
 *   clr.step({ loss: train(batch) });
 *   live.follow(clr);
 * }
 * await live.end("8,000 iterations done");
 * ```
 */
export class LivePage implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  /** The page's address. */
  readonly url: string;
  /** The last row that was sent. */
  #last: Readonly<Record<string, number>> = { iterations: -Infinity };
  #epochs = 0;
  #looked = -Infinity;
  #flushed = -Infinity;
  #facts: Readonly<Record<string, string | number>> = {};
  #message = "";
  #pending: Record<string, number[]> = {};
  #pendingRows = 0;
  /** Those of the first row. */
  #columns: string | undefined;
  #ended = false;
  #open = true;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.url = `http://127.0.0.1:${port}/`;
    worker.onmessage = ({ data }: MessageEvent<FromLiveWorker>) => {
      if (data.type === "closed") this.#closed.resolve();
    };
    worker.onerror = (event) => {
      // The page is gone, and the training goes on.
      event.preventDefault();
      this.#closed.resolve();
    };
  }

  /**
   * Starts the page's server.
   *
   * @throws {Deno.errors.AddrInUse} When the port is taken.
   * @throws {Deno.errors.PermissionDenied} When the system reserves the port.
   * @throws {Deno.errors.NotCapable} When `--allow-net` does not cover the port.
   * @throws {Error} When the server cannot start otherwise, and outside Deno.
   */
  static async open(options: LivePageOptions = {}): Promise<LivePage> {
    checkNames("open a live page", options, NAMES);
    const { port = 0, title = "Training", iterations, x = "iterations" } =
      options;
    requireDeno(
      "open a live page",
      "elsewhere, TensorBoardLogger writes what TensorBoard shows of a run as it goes, and toHtml([historyChart(run)]) a page of it so far",
    );
    const action = "open a live page";
    checkKind(
      action,
      { name: "port", value: port, must: "a port from 0 to 65535" },
      Number.isInteger(port) && port >= 0 && port <= 65535,
    );
    checkKind(
      action,
      { name: "title", value: title, must: "text" },
      typeof title === "string",
    );
    checkKind(
      action,
      { name: "iterations", value: iterations, must: "a number > 0" },
      iterations === undefined ||
        typeof iterations === "number" && iterations > 0,
    );
    checkKind(
      action,
      { name: "x", value: x, must: '"iterations" or "lr"' },
      typeof x === "string" && Object.hasOwn(AXES, x),
    );
    const axis = AXES[x];
    const made = await liveFiles(title, { axis, iterations });
    const worker = new Worker(
      new URL("./live/live_worker.ts", import.meta.url),
      {
        type: "module",
        name: "live page",
      },
    );
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const refuse = (why: string, name = "Error", cause?: unknown) =>
      reject(
        new (errorClass(name))(
          `Cannot open the live page as it must listen on 127.0.0.1:${port}: ${why}`,
          { cause },
        ),
      );
    worker.onmessage = ({ data }: MessageEvent<FromLiveWorker>) => {
      if (data.type === "listening") resolve(data.port);
      if (data.type === "failed") {
        const { name, message } = data;
        const cause = new (errorClass(name))(message);
        refuse(`${cause}`, name, cause);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      refuse(event.message);
    };
    const start: ToLiveWorker = { type: "start", files: made, axis, port };
    worker.postMessage(start);
    try {
      return new LivePage(worker, await promise);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /**
   * Shows what `run` has recorded since the last call. To be called after every
   * batch: twice a second it looks, and otherwise returns at once. Where a run goes
   * on from an earlier iteration, as after a restored checkpoint, or another is
   * followed, the page forgets what it no longer has.
   *
   * @throws {TypeError} If `run` has no history.
   */
  follow(run: LiveRun): void {
    checkRun("follow a run", run);
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY) return;
    this.#looked = now;
    if (run.flush !== undefined && now - this.#flushed >= FLUSH_EVERY) {
      this.#flushed = now;
      // Whoever trains flushes too, and is told there if the device is lost.
      run.flush().catch(() => {});
    }
    this.#look(run);
  }

  /**
   * Shows one more row: `iterations`, `lr` and metrics, in place of
   * {@linkcode LivePage.follow | follow} where there is no history to follow.
   * Rows are sent twice a second.
   *
   * @throws {TypeError} If it is no row of numbers, `iterations` among them, or has
   * other columns than the first one.
   */
  record(row: { readonly [column: string]: number }): void {
    checkData("show a row", { row }, ROW);
    const columns = Object.keys(row).sort().join(", ");
    this.#columns ??= columns;
    checkKind(
      "show a row",
      {
        name: "its columns",
        value: columns,
        must: `${this.#columns} as before`,
      },
      columns === this.#columns,
    );
    for (const name in row) (this.#pending[name] ??= []).push(row[name]);
    this.#pendingRows++;
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY) return;
    this.#looked = now;
    this.#sendPending();
  }

  /**
   * Shows named values under the progress, such as how busy the device is.
   *
   * @throws {TypeError} If they are no text and numbers by their names.
   */
  tell(
    facts: { readonly [name: string]: string | number },
    message: string = this.#message,
  ): void {
    checkData("show facts", { facts, message }, FACTS);
    this.#facts = facts;
    this.#message = message;
    this.#sendStatus();
  }

  /**
   * Shows that the run has ended, with a sentence on what came of it. The page
   * can be opened until it is closed.
   *
   * @param run The run that was followed, for what it recorded last.
   * @throws {TypeError} If `message` is no text, or `run` none.
   */
  async end(message: string, run?: LiveRun): Promise<void> {
    checkData("end a live page", { message }, record({ message: text }));
    if (run !== undefined) checkRun("end a live page", run);
    this.#sendPending();
    if (run !== undefined) {
      await run.flush?.();
      this.#look(run);
    }
    this.#ended = true;
    this.#message = message;
    this.#sendStatus();
  }

  /**
   * Stops the server when every page that reads has been told everything, after
   * two seconds at most.
   */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#worker.postMessage({ type: "close" } satisfies ToLiveWorker);
    const timer = setTimeout(this.#closed.resolve, CLOSE_WITHIN);
    await this.#closed.promise;
    clearTimeout(timer);
    this.#worker.terminate();
  }

  /** The same as {@linkcode LivePage.close}; `await using` calls it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #look({ history, epochHistory }: RunHistory): void {
    const { iterations } = history;
    if (!this.#goesOn(history)) {
      this.#epochs = epochHistory?.iterations.length ?? 0;
      this.#worker.postMessage(
        {
          type: "restart",
          rows: rowsFrom(history, 0),
          epochs: this.#epochs > 0 ? rowsFrom(epochHistory!, 0) : {},
        } satisfies ToLiveWorker,
      );
      this.#last = lastRow(history);
      return;
    }
    const row = rowBeyond(iterations, this.#last.iterations);
    if (row < iterations.length) {
      this.#send("rows", rowsFrom(history, row));
      this.#last = lastRow(history);
    }
    const epochs = epochHistory?.iterations.length ?? 0;
    if (epochs > this.#epochs) {
      this.#send("epochs", rowsFrom(epochHistory!, this.#epochs));
      this.#epochs = epochs;
    }
  }

  /**
   * Whether the last row that was sent is still in the history. One that is thinned
   * may have other numbers there, and is sent anew as well.
   */
  #goesOn(history: HistoryColumns): boolean {
    const { iterations } = this.#last;
    if (iterations === -Infinity) return true;
    const row = rowBeyond(history.iterations, iterations) - 1;
    return Object.entries(this.#last).every(([name, value]) =>
      Object.is(history[name]?.[row], value)
    );
  }

  #sendPending(): void {
    if (this.#pendingRows === 0) return;
    this.#send(
      "rows",
      Object.fromEntries(
        Object.entries(this.#pending).map((
          [name, values],
        ) => [name, Float64Array.from(values)]),
      ),
    );
    this.#pending = {};
    this.#pendingRows = 0;
  }

  #send(
    type: "rows" | "epochs",
    columns: Readonly<Record<string, Float64Array>>,
  ): void {
    this.#worker.postMessage({ type, columns } satisfies ToLiveWorker);
  }

  #sendStatus(): void {
    const message: ToLiveWorker = {
      type: "status",
      status: {
        state: this.#ended ? "ended" : "running",
        message: this.#message,
        facts: this.#facts,
      },
    };
    this.#worker.postMessage(message);
  }
}
