import * as tf from "@tensorflow/tfjs";
import {
  appendRow,
  copyColumn,
  type GrowingColumns,
  readColumn,
  setValue,
} from "../runtime/columns.ts";
import { show } from "../runtime/check_data.ts";
import { readsAtOnce, readScalars } from "../tfjs/read_scalars.ts";
import type { Tensor } from "../tfjs/types.ts";

/**
 * What was recorded, in columns of equal length; row k is the k-th record. A
 * column that a record has no value for holds NaN there.
 */
export interface Columns {
  /** One column by its name. */
  readonly [column: string]: readonly number[];
}

/**
 * One row per trained batch, or with a `historyLimit` for several: `iterations` (batches trained so far, this one
 * included, so it starts at 1), `lr` (the rate this batch was trained at), and
 * one column for each quantity logged (`loss`, `acc`, …).
 */
export interface History extends Columns {
  /** Batches trained so far, this one included. */
  readonly iterations: readonly number[];
  /** The learning rate this batch was trained at. */
  readonly lr: readonly number[];
}

/**
 * One row per epoch of `fit` or `fitDataset`: `epochs` (epochs ended so far),
 * `iterations` (batches trained by its end), `lr` (the rate of its last batch),
 * and the epoch's own logs (`loss`,
 * `acc`, `val_loss`, `val_acc`, …).
 */
export interface EpochHistory extends Columns {
  /** Epochs ended so far, this one included. */
  readonly epochs: readonly number[];
  /** Batches trained by the end of the epoch. */
  readonly iterations: readonly number[];
  /** The learning rate that the epoch's last batch was trained at. */
  readonly lr: readonly number[];
}

/** Quantities that belong to a batch or an epoch, as numbers or tfjs scalars. */
export interface Logs {
  /** One quantity by its name. */
  readonly [name: string]: number | Tensor | undefined;
}

type Row = { [column: string]: number | Tensor };

/**
 * tfjs's logs carry these beside the quantities; they say which batch this is,
 * which the history's own columns do.
 */
const NOT_LOGGED = new Set(["batch", "size"]);

/**
 * After how many records a read-back is started without waiting for it, so that
 * an epoch of any length keeps few tensors alive.
 */
const READ_EVERY = 256;

function checkScalar(name: string, value: unknown): void {
  if (value instanceof tf.Tensor && value.size === 1) return;
  throw new TypeError(
    `Cannot record ${name} as it must be a number or a tensor of one number: current value is ${
      value instanceof tf.Tensor
        ? `a tensor of shape [${value.shape}]`
        : show(value)
    }`,
  );
}

/**
 * How much of a run is remembered.
 *
 * @example A run of a hundred thousand batches in less than a thousand rows
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 *
 * const clr = new CyclicLR({ stepSize: 500, historyLimit: 1000 });
 * clr.attach(tf.train.sgd(0.001));
 * for (let t = 0; t < 100_000; t++) clr.step({ loss: 1 / (t + 1) });
 * console.log(clr.history.iterations.length); // 752
 * console.log(clr.history.iterations.at(-1)); // 100000
 * ```
 */
export interface HistoryOptions {
  /**
   * The most rows that {@linkcode History} has, 16 at least. When there are as
   * many, batches that follow each other become one row: so many, a power of two,
   * that at most half the rows remain. Its `iterations` and `lr` are those of its
   * last batch and everything else is the mean of its batches, so that a mean
   * over the history, each row weighted by the iterations since the row before,
   * is that of all batches. The latest batches have rows of their own.
   *
   * Ten thousand rows of five columns take 0.4 MB of memory and about 0.8 MB of
   * JSON. The rows of epochs are not thinned.
   *
   * @default {no limit}
   */
  historyLimit?: number;
}

/** Throws unless a history can have so many rows at most. */
export function checkHistoryLimit(limit: number | undefined): void {
  if (limit === undefined || Number.isSafeInteger(limit) && limit >= 16) return;
  throw new RangeError(
    `Cannot record a history as historyLimit must be a whole number >= 16: current value is ${
      show(limit)
    }`,
  );
}

/** Of a row that stands for several batches, the values of its last one. */
const OF_THE_LAST = new Set(["iterations", "lr"]);

/**
 * Records rows of numbers in columns that grow in place. Values that are still
 * on a GPU stay there until many are read back together: no batch waits.
 */
export class Recorder<C extends Columns> {
  readonly #columns: GrowingColumns = {};
  readonly #firstColumns: readonly string[];
  #length = 0;
  /** Rows whose tensors are still to be read. */
  #waiting: Row[] = [];
  /** Rows whose tensors are being read, which come before those that wait. */
  #inFlight: Row[] = [];
  #reading: Promise<void> = Promise.resolve();
  #generation: object = {};
  /** Columns that some rows have no value for, which is then NaN as well. */
  readonly #sparse = new Set<string>();
  /** The most rows; {@linkcode HistoryOptions.historyLimit}. */
  limit: number | undefined;

  /** @param firstColumns The columns that every row has. */
  constructor(firstColumns: readonly (keyof C & string)[]) {
    this.#firstColumns = firstColumns;
    for (const name of firstColumns) this.#columns[name] = [];
  }

  /**
   * Another object after each {@linkcode Recorder.restore}, and when rows become
   * one: while it is the same, rows are added and none changes.
   */
  get generation(): object {
    return this.#generation;
  }

  /** Whether rows wait to be read from the device. */
  get isReading(): boolean {
    return this.#waiting.length > 0 || this.#inFlight.length > 0;
  }

  /** The columns, complete up to the last row read back; they go on growing. */
  get columns(): C {
    return this.#columns as Columns as C;
  }

  /**
   * A copy of every row added so far. What is still on a GPU is NaN in it:
   * {@linkcode Recorder.flush} first.
   */
  snapshot(): C {
    const columns: GrowingColumns = {};
    for (const name in this.#columns) {
      setValue(columns, name, copyColumn(this.#columns[name]));
    }
    let length = this.#length;
    for (const row of [...this.#inFlight, ...this.#waiting]) {
      const numbers: { [column: string]: number } = {};
      for (const name in row) {
        const value = row[name];
        setValue(numbers, name, typeof value === "number" ? value : NaN);
      }
      appendRow(columns, length++, numbers);
    }
    return columns as Columns as C;
  }

  /**
   * Adds a row: its own values, then the logs of other names.
   *
   * @throws What reading a value throws; no row is then added.
   */
  add(row: { readonly [column: string]: number }, logs: Logs = {}): void {
    const values: Row = { ...row };
    let onDevice = false;
    try {
      for (const name in logs) {
        const value = logs[name];
        if (
          value === undefined || Object.hasOwn(row, name) ||
          NOT_LOGGED.has(name)
        ) continue;
        if (typeof value === "number") {
          setValue(values, name, value);
          continue;
        }
        checkScalar(name, value);
        if (readsAtOnce()) {
          setValue(values, name, value.dataSync()[0]);
        } else {
          // tfjs disposes the logs when the callbacks have run.
          setValue(values, name, tf.keep(value.clone()));
          onDevice = true;
        }
      }
    } catch (error) {
      tf.dispose(values);
      throw error;
    }
    if (
      !onDevice && this.#waiting.length === 0 && this.#inFlight.length === 0
    ) {
      this.#append(values as { [column: string]: number });
      return;
    }
    this.#waiting.push(values);
    if (this.#waiting.length >= READ_EVERY) this.#startReading();
  }

  /**
   * Waits until every row added so far is in the columns.
   *
   * @throws What reading from the device threw (a lost device, say); the rows
   * concerned are then recorded with NaN in place of what could not be read.
   */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) this.#startReading();
    const reading = this.#reading;
    this.#reading = Promise.resolve();
    await reading;
  }

  /**
   * Replaces all rows, those that wait to be read among them, by those of
   * `columns`, which must be of equal length.
   */
  restore(columns: Columns): void {
    for (const row of this.#waiting) tf.dispose(row);
    this.#waiting = [];
    this.#inFlight = [];
    for (const name in this.#columns) delete this.#columns[name];
    for (const name of this.#firstColumns) this.#columns[name] = [];
    for (const [name, values] of Object.entries(columns)) {
      setValue(this.#columns, name, readColumn(values));
    }
    this.#generation = {};
    this.#sparse.clear();
    this.#length = this.#columns[this.#firstColumns[0]].length;
    this.#thin();
  }

  #startReading(): void {
    const rows = this.#waiting;
    this.#waiting = [];
    this.#inFlight.push(...rows);
    const inFlight = this.#inFlight;
    const previous = this.#reading;
    const values = readScalars(
      rows.flatMap((row) => Object.values(row))
        .filter((value) => typeof value !== "number"),
    );
    const reading = (async () => {
      const [before, now] = await Promise.allSettled([previous, values]);
      const read = now.status === "fulfilled" ? now.value : [];
      let next = 0;
      for (const row of rows) {
        for (const name in row) {
          if (typeof row[name] !== "number") row[name] = read[next++] ?? NaN;
        }
        // Rows from before a restore belong to a run that was given up.
        if (inFlight !== this.#inFlight) continue;
        this.#append(row as { [column: string]: number });
      }
      inFlight.splice(0, rows.length);
      if (before.status === "rejected") throw before.reason;
      if (now.status === "rejected") throw now.reason;
    })();
    // Whoever flushes next gets the error; until then it is not unhandled.
    reading.catch(() => {});
    this.#reading = reading;
  }

  #append(row: { [column: string]: number }): void {
    if (this.limit !== undefined) this.#noteSparse(row);
    appendRow(this.#columns, this.#length++, row);
    this.#thin();
  }

  #noteSparse(row: { [column: string]: number }): void {
    for (const name in this.#columns) {
      if (!Object.hasOwn(row, name)) this.#sparse.add(name);
    }
    if (this.#length === 0) return;
    for (const name in row) {
      if (!Object.hasOwn(this.#columns, name)) this.#sparse.add(name);
    }
  }

  /** Makes rows that follow each other one, where there are too many. */
  #thin(): void {
    const { limit } = this;
    if (limit === undefined || this.#length < limit) return;
    const { iterations } = this.#columns;
    let stride = 1;
    const total = iterations[this.#length - 1];
    while (total / stride > limit / 2) stride *= 2;
    // The rows that end the stretches of so many iterations. Strides before this
    // one divide it, so that no row reaches over such an end.
    const ends: number[] = [];
    for (let row = 0; row < this.#length; row++) {
      const stretch = Math.ceil(iterations[row] / stride);
      const next = iterations[row + 1];
      if (Math.ceil(next / stride) !== stretch) ends.push(row);
    }
    const batches = iterations.map((end, row) =>
      end - (row === 0 ? 0 : iterations[row - 1])
    );
    // New arrays: whoever is writing the old ones has them as they were.
    for (const name in this.#columns) {
      const values = this.#columns[name];
      const merged = ends.map((end, i) => {
        if (OF_THE_LAST.has(name)) return values[end];
        const first = i === 0 ? 0 : ends[i - 1] + 1;
        const skips = this.#sparse.has(name);
        return meanOf({ values, batches, first, end, skips });
      });
      setValue(this.#columns, name, merged);
    }
    this.#length = ends.length;
    this.#generation = {};
  }
}

/**
 * The mean of the rows from `first` to `end`, by the batches that each stands
 * for; of those that have a value, where `skips` says that some have none.
 */
function meanOf({ values, batches, first, end, skips }: {
  readonly values: readonly number[];
  readonly batches: readonly number[];
  readonly first: number;
  readonly end: number;
  readonly skips: boolean;
}): number {
  if (first === end) return values[end];
  let [sum, count] = [0, 0];
  for (let row = first; row <= end; row++) {
    if (skips && Number.isNaN(values[row])) continue;
    sum += values[row] * batches[row];
    count += batches[row];
  }
  return count === 0 ? NaN : sum / count;
}

/**
 * The columns as CSV text (RFC 4180): a header, then one line per row, numbers
 * in full precision and an empty field for NaN.
 *
 * @example
 * ```ts
 * import { toCsv } from "@clr/clr/training";
 *
 * console.log(toCsv({ iterations: [1, 2], lr: [0.001, 0.002] }));
 * ```
 */
export function toCsv(columns: Columns): string {
  const names = Object.keys(columns);
  const rows = Math.max(0, ...names.map((name) => columns[name].length));
  const lines = [names.map(csvField).join(",")];
  for (let row = 0; row < rows; row++) {
    lines.push(
      names.map((name) => {
        const value = columns[name][row];
        return Number.isNaN(value) ? "" : String(value);
      }).join(","),
    );
  }
  return lines.join("\r\n") + "\r\n";
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
