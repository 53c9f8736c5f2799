import { makeFolder } from "../runtime/make_folder.ts";
import { checkFolder, checkKind } from "../runtime/check_given.ts";
import { appendWhole } from "../runtime/write_file.ts";
import { readScalars } from "../tfjs/read_scalars.ts";
import { CallbackBase } from "../tfjs/callback_base.ts";
import type { Tensor } from "../tfjs/types.ts";
import {
  type Scalar,
  scalarRecord,
  startRecord,
  textRecord,
  versionRecord,
} from "./_event_file.ts";
import { rowBeyond } from "../runtime/columns.ts";
import { checkLogs, checkScalar } from "./history/check_logs.ts";
import type { Logs } from "./history/history.ts";
import {
  checkInCharge,
  LearningRateScheduler,
} from "./schedulers/learning_rate_scheduler.ts";
import {
  all,
  anyNumber,
  type Check,
  checkData,
  listOf,
  mapOf,
  optional,
  record,
  show,
  that,
} from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";
import { showInConsole } from "../runtime/console.ts";

const NAMES = Object.keys(
  {
    scheduler: 0,
    flushSeconds: 0,
  } satisfies Record<keyof TensorBoardLoggerOptions, 0>,
);

/** Options of {@linkcode TensorBoardLogger}. */
export interface TensorBoardLoggerOptions {
  /**
   * The scheduler whose batches are logged, rate and all; it stands before this
   * in `callbacks`. Without one, epochs alone are.
   *
   * @default {undefined}
   */
  readonly scheduler?: LearningRateScheduler;
  /**
   * How many seconds batches may wait, at most, until they are in the file: what
   * a run that is killed loses, and a TensorBoard that watches it lags behind.
   *
   * @default {5}
   */
  readonly flushSeconds?: number;
}

/** A range test, as far as it is logged. */
export interface LoggedRange {
  /** The rates tested. */
  readonly learningRates: readonly number[];
  /** The loss at each rate. */
  readonly losses: readonly number[];
  /** The other metrics at each rate, by name. */
  readonly metrics?: { readonly [name: string]: readonly number[] };
}

const ACTION = "log to TensorBoard";

const listed = listOf(anyNumber);

/** Of the range itself, not of its fields: they may be those of its class. */
const RANGE: Check = (value, path) => {
  const { learningRates, losses, metrics } = Object(value);
  const length = learningRates?.length;
  const numbers = all(
    listed,
    that(`have ${length} numbers`, (list) => (list as []).length === length),
  );
  return record({
    learningRates: listed,
    losses: numbers,
    metrics: optional(mapOf(numbers)),
  })({ learningRates, losses, metrics }, path);
};

/**
 * Writes what training logs as an event file that TensorBoard shows: after each
 * epoch its logs as `epoch/loss`, `epoch/val_loss`, …, and of a scheduler the
 * batches as `batch/lr`, `batch/loss`, …, each at the step of its iteration.
 *
 * It goes into `callbacks` of `fit` and `fitDataset`; in a loop of one's own,
 * call {@linkcode TensorBoardLogger.log | log}. Each logger writes a file of its
 * own in the folder, which only grows: another run's is never touched. Give each
 * run a folder to have TensorBoard tell them apart; one that goes on from a
 * checkpoint belongs into the folder that it had, where TensorBoard then shows
 * once what was trained twice.
 *
 * Runs in Deno, Node and Bun; reading and writing the folder needs permission
 * there.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { TensorBoardLogger } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.ones([8, 1]);
 *
 * const folder = await Deno.makeTempDir(); // "logs/run-1", say
 * const clr = new CyclicLR({ stepSize: 4 });
 * await using logger = new TensorBoardLogger(folder, { scheduler: clr });
 * await logger.text("plan", `Triangular cycles of ${clr.options.stepSize} batches.`);
 * await model.fit(xs, xs, {
 *   epochs: 4,
 *   verbose: 0,
 *   callbacks: [clr, logger],
 * });
 * // tensorboard --logdir logs
 * ```
 */
export class TensorBoardLogger extends CallbackBase implements AsyncDisposable {
  readonly #folder: string;
  readonly #scheduler: LearningRateScheduler | undefined;
  readonly #flushSeconds: number;
  /** When batches were last written, in milliseconds. */
  #flushed = 0;
  /** Rows of the scheduler's history that are written, or were before this. */
  #written: number | undefined;
  /** Epochs that ended, where there is no scheduler to say so. */
  #epoch = 0;
  /** Whether it has logged batches that were given up since. */
  #goesBack = false;
  /** Whether a training has begun that it logs. */
  #hasBegun = false;
  #path: string | undefined;
  /** Ends when all that was logged is written; rejects if something was not. */
  #writing: Promise<void> = Promise.resolve();

  /** A logger into a folder, which is made when something is logged. */
  constructor(folder: string, options: TensorBoardLoggerOptions = {}) {
    super();
    checkFolder(ACTION, folder);
    checkNames(ACTION, options, NAMES);
    const { scheduler, flushSeconds = 5 } = options;
    if (!(typeof flushSeconds === "number" && flushSeconds >= 0)) {
      throw new RangeError(
        `Cannot ${ACTION} as flushSeconds must be >= 0: current value is ${
          show(flushSeconds)
        }`,
      );
    }
    checkKind(
      ACTION,
      { name: "scheduler", value: scheduler, must: "a LearningRateScheduler" },
      scheduler === undefined || scheduler instanceof LearningRateScheduler,
    );
    this.#folder = folder;
    this.#scheduler = scheduler;
    this.#flushSeconds = flushSeconds;
  }

  /** The path of the event file; undefined until something is logged. */
  get path(): string | undefined {
    return this.#path;
  }

  /**
   * Logs values at a step.
   *
   * @param step A whole number >= 0: the iteration, as a rule.
   * @param values By tag; what precedes a slash in a tag groups it. Tensors
   * remain the caller's.
   * @throws {RangeError} If the step is none.
   * @throws {TypeError} If a value is neither a number nor a tensor of one.
   */
  async log(step: number, values: Logs): Promise<void> {
    checkStep(step);
    checkLogs(ACTION, values);
    const entries = Object.entries(values).filter(([, value]) =>
      value !== undefined
    ) as [string, number | Tensor][];
    const tensors: Tensor[] = [];
    for (const [tag, value] of entries) {
      if (typeof value === "number") continue;
      checkScalar(tag, value);
      tensors.push(value);
    }
    const seconds = Date.now() / 1000;
    // Read now: the caller may dispose them as soon as this returns.
    const reading = readScalars(tensors.map((tensor) => tensor.clone()));
    await this.#write(reading.then((read) => {
      let next = 0;
      const scalars = entries.map(([tag, value]): Scalar => ({
        tag,
        value: typeof value === "number" ? value : read[next++],
      }));
      return [scalarRecord(seconds, step, scalars)];
    }));
  }

  /**
   * Logs a text, which TensorBoard shows as Markdown.
   *
   * @throws {RangeError} If the step is none.
   * @throws {TypeError} If the tag or the text is none.
   */
  async text(tag: string, text: string, step = 0): Promise<void> {
    for (const [name, value] of Object.entries({ tag, text })) {
      const isText = typeof value === "string";
      checkKind(ACTION, { name, value, must: "text" }, isText);
    }
    checkStep(step);
    await this.#write([textRecord(Date.now() / 1000, step, { tag, text })]);
  }

  /**
   * Logs a range test: `range/learning_rate`, `range/loss` and each metric, at
   * the number of the rate, from 0. Best into a folder of its own, as a run that
   * goes on from a checkpoint has TensorBoard forget all later steps.
   *
   * @throws {TypeError} If it is no range test.
   */
  async logRange(range: LoggedRange): Promise<void> {
    checkData(ACTION, range, RANGE);
    const { learningRates, losses, metrics = {} } = range;
    const seconds = Date.now() / 1000;
    await this.#write(
      learningRates.map((learningRate, step) =>
        scalarRecord(seconds, step, [
          { tag: "range/learning_rate", value: learningRate },
          { tag: "range/loss", value: losses[step] },
          ...Object.entries(metrics).map(([name, values]) => ({
            tag: `range/${name}`,
            value: values[step],
          })),
        ])
      ),
    );
  }

  /** Waits until all that was logged is in the file. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Where it writes, in a line, which `console.log` shows. */
  override toString(): string {
    const what = this.#scheduler === undefined
      ? "epochs"
      : "batches and epochs";
    return `TensorBoardLogger of ${what} into ${
      this.#path ?? `${this.#folder}, nothing logged yet`
    }`;
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    const recorded = this.#scheduler?.history.iterations.at(-1) ?? 0;
    // Rows from before are those of an earlier run, which logged them.
    this.#written ??= recorded;
    if (recorded < this.#written) {
      // It goes on from an earlier checkpoint: what was logged since is given up.
      this.#written = recorded;
      this.#hasBegun = false;
      this.#goesBack = true;
    }
    this.#flushed = performance.now();
    return Promise.resolve();
  }

  /**
   * Called by `fit`.
   *
   * @throws {TypeError} If its scheduler does not set the rate of this `fit`.
   */
  override async onEpochBegin(epoch: number): Promise<void> {
    if (this.#scheduler) checkInCharge(ACTION, this.#scheduler, this.model);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const before = this.#scheduler ? this.#written! : epoch;
    if (before === 0 && !this.#goesBack) return;
    // A run that was killed has logged more than its last checkpoint knows of.
    await this.#write([startRecord(Date.now() / 1000, before + 1)]);
  }

  /** Called by `fit`. */
  override async onBatchEnd(): Promise<void> {
    const waited = (performance.now() - this.#flushed) / 1000;
    if (waited >= this.#flushSeconds) await this.#logBatches();
  }

  /** Called by `fit`. */
  override async onEpochEnd(epoch: number, logs: Logs = {}): Promise<void> {
    await this.#logBatches();
    // Another fit counts its epochs from the first again.
    this.#epoch = Math.max(epoch, this.#epoch) + 1;
    const step = this.#scheduler?.totalIterations ?? this.#epoch;
    await this.log(
      step,
      Object.fromEntries(
        Object.entries(logs).map(([name, value]) => [`epoch/${name}`, value]),
      ),
    );
  }

  /** Called by `fit`. */
  override async onTrainEnd(): Promise<void> {
    await this.#logBatches();
    await this.flush();
  }

  /** Waits until all that was logged is in the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  async #logBatches(): Promise<void> {
    const scheduler = this.#scheduler;
    this.#flushed = performance.now();
    if (scheduler === undefined) return;
    await scheduler.flush();
    const { iterations, ...columns } = scheduler.history;
    const names = Object.keys(columns);
    const seconds = Date.now() / 1000;
    const records: Uint8Array[] = [];
    const first = rowBeyond(iterations, this.#written ?? 0);
    for (let row = first; row < iterations.length; row++) {
      const scalars = names.map((name) => ({
        tag: `batch/${name}`,
        value: columns[name][row],
      }));
      records.push(scalarRecord(seconds, iterations[row], scalars));
    }
    this.#written = iterations.at(-1) ?? this.#written;
    if (records.length > 0) await this.#write(records);
  }

  /** Appends records, after those that are being written. */
  async #write(
    records: readonly Uint8Array[] | Promise<readonly Uint8Array[]>,
  ): Promise<void> {
    const previous = this.#writing;
    this.#writing = (async () => {
      const [bytes] = await Promise.all([records, previous]);
      if (this.#path === undefined) {
        await makeFolder(ACTION, this.#folder);
        const seconds = Date.now() / 1000;
        const name = `events.out.tfevents.${Math.floor(seconds)}.${
          crypto.randomUUID().slice(0, 8)
        }`;
        const path = `${this.#folder}/${name}`;
        await appendWhole(path, versionRecord(seconds));
        this.#path = path;
      }
      await appendWhole(this.#path, join(bytes));
    })();
    // Whoever flushes gets the error too; until then it is not unhandled.
    this.#writing.catch(() => {});
    await this.#writing;
  }
}

showInConsole(TensorBoardLogger);

function checkStep(step: number): void {
  if (Number.isSafeInteger(step) && step >= 0) return;
  throw new RangeError(
    `Cannot ${ACTION} as step must be a whole number >= 0: current value is ${
      show(step)
    }`,
  );
}

function join(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    records.reduce((total, { length }) => total + length, 0),
  );
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}
