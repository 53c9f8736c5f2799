import * as tf from "@tensorflow/tfjs";
import {
  appendRow,
  copyColumn,
  type GrowingColumns,
  readColumn,
  setValue,
} from "../../runtime/columns.ts";
import { readsAtOnce, readScalars } from "../../tfjs/read_scalars.ts";
import type { Tensor } from "../../tfjs/types.ts";
import { checkLogs, checkScalar } from "./check_logs.ts";
import type { Columns, Logs } from "./history.ts";
import { thinnedColumns } from "./_thinned_columns.ts";

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
    for (const name of firstColumns) setValue(this.#columns, name, []);
  }

  /**
   * Another object after each {@linkcode Recorder.restore}, and when rows become
   * one: while it is the same, rows are added and none changes.
   */
  get generation(): object {
    return this.#generation;
  }

  /** Columns that some rows have no value for, as far as `limit` asks. */
  get sparse(): readonly string[] {
    return [...this.#sparse];
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
    checkLogs("record logs", logs ?? {});
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
   *
   * @param sparse Columns that some rows have no value for.
   */
  restore(columns: Columns, sparse: readonly string[] = []): void {
    for (const row of this.#waiting) tf.dispose(row);
    this.#waiting = [];
    this.#inFlight = [];
    for (const name in this.#columns) delete this.#columns[name];
    for (const name of this.#firstColumns) setValue(this.#columns, name, []);
    for (const [name, values] of Object.entries(columns)) {
      setValue(this.#columns, name, readColumn(values));
    }
    this.#generation = {};
    this.#sparse.clear();
    for (const name of sparse) this.#sparse.add(name);
    this.#length = this.#columns[this.#firstColumns[0]].length;
    this.#thin();
  }

  #startReading(): void {
    const rows = this.#waiting;
    this.#waiting = [];
    for (const row of rows) this.#inFlight.push(row);
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
    const thinned = thinnedColumns(this.#columns, {
      limit,
      sparse: this.#sparse,
    });
    for (const name in thinned) {
      setValue(this.#columns, name, thinned[name]);
    }
    this.#length = thinned.iterations.length;
    this.#generation = {};
  }
}
