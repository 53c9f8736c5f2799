import type { Schedule } from "../../schedules/schedule.ts";
import { CallbackBase } from "../../tfjs/callback_base.ts";
import {
  checkHistoryLimit,
  type Columns,
  type HistoryOptions,
} from "../history/history.ts";
import { Recorder } from "../history/recorder.ts";
import {
  all,
  type Check,
  checkData,
  count,
  finite,
  listOf,
  oneOf,
  optional,
  record,
  show,
} from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInConsole } from "../../runtime/console.ts";
import { shortNumber } from "../../runtime/short_number.ts";
import { columnsWith } from "../../runtime/columns.ts";
import { checkComesBeforeSaver } from "./saver.ts";
import { historyLimitCheck } from "./scheduler_state.ts";

const NAMES = Object.keys(
  {
    name: 0,
    schedule: 0,
    set: 0,
    historyLimit: 0,
  } satisfies Record<keyof HyperparameterSchedulerOptions, 0>,
);

/** Options of {@linkcode HyperparameterScheduler}. */
export interface HyperparameterSchedulerOptions extends HistoryOptions {
  /** What it is called in the history. */
  readonly name: string;
  /** The value by iteration; any schedule of `@clr/clr/schedules` will do. */
  readonly schedule: Schedule;
  /** Gives training the value of the next batch. */
  readonly set: (value: number) => void;
}

/** Where a {@linkcode HyperparameterScheduler} is, as plain data. */
export interface HyperparameterState {
  /** Says what these data are. */
  readonly type: "HyperparameterScheduler";
  /** Of this format. */
  readonly version: 2;
  /** What it is called. */
  readonly name: string;
  /** Batches trained so far. */
  readonly iteration: number;
  /** The most rows of the history; absent where there is no limit. */
  readonly historyLimit?: number;
  /** One row per batch, or for several. */
  readonly history: Columns;
}

/** What version 1 wrote: the value that each batch was trained at. */
interface FirstState {
  readonly values: readonly number[];
}

const ACTION = "schedule a hyperparameter";

/** What must be true of the state of a scheduler of that name. */
function stateCheck(name: string): Check {
  const common = {
    type: oneOf("HyperparameterScheduler"),
    version: oneOf(1, 2),
    name: oneOf(name),
  };
  const first = record({ values: listOf(finite) });
  const current = record({
    iteration: count,
    historyLimit: optional(historyLimitCheck),
    history: columnsWith("iterations", name),
  });
  return all(
    record(common),
    (state, path) =>
      ((state as HyperparameterState).version === 2 ? current : first)(
        state,
        path,
      ),
  );
}

/** A state that may be of version 1. */
function currentState(
  state: HyperparameterState | FirstState,
  name: string,
): Pick<HyperparameterState, "iteration" | "history" | "historyLimit"> {
  if (!("values" in state)) return state;
  const { values } = state;
  const iterations = values.map((_, i) => i + 1);
  return { iteration: values.length, history: { iterations, [name]: values } };
}

/**
 * Drives any number that training depends on by a schedule, batch by batch:
 * weight decay, the rate of dropout, label smoothing, the weight of a part of the
 * loss. The batch trained when `iteration` is t is trained at `schedule(t)`.
 *
 * It goes into `callbacks` of `fit` and `fitDataset` beside the scheduler of the
 * learning rate; in a loop of one's own call
 * {@linkcode HyperparameterScheduler.apply | apply} once and
 * {@linkcode HyperparameterScheduler.step | step} after every batch.
 *
 * @throws {TypeError} If an option is missing or of another type.
 *
 * @example Weight decay that is annealed with the rate
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { LearningRateScheduler } from "@clr/clr";
 * import { cosine } from "@clr/clr/schedules";
 * import { AdamW, HyperparameterScheduler } from "@clr/clr/training";
 *
 * const optimizer = new AdamW();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer, loss: "meanSquaredError" });
 * const xs = tf.ones([64, 1]);
 *
 * const decay = new HyperparameterScheduler({
 *   name: "weightDecay",
 *   schedule: cosine({ startLr: 0.1, iterations: 8 }),
 *   set: (value) => optimizer.weightDecay = value,
 * });
 * const rate = new LearningRateScheduler(cosine({ startLr: 0.01, iterations: 8 }));
 * await model.fit(xs, xs, {
 *   batchSize: 8,
 *   verbose: 0,
 *   callbacks: [rate, decay],
 * });
 * console.log(decay.history.weightDecay); // 0.1, 0.096…, …
 * ```
 *
 * @example Dropout that is phased in
 * ```ts
 * import { linear } from "@clr/clr/schedules";
 * import { HyperparameterScheduler, setDropoutRate } from "@clr/clr/training";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dropout({ rate: 0, inputShape: [4] })],
 * });
 * const dropout = new HyperparameterScheduler({
 *   name: "dropout",
 *   schedule: linear({ startLr: 0, endLr: 0.5, iterations: 1_000 }),
 *   set: (rate) => setDropoutRate(model, rate),
 * }).apply();
 * dropout.step();
 * ```
 */
export class HyperparameterScheduler extends CallbackBase {
  readonly #name: string;
  readonly #schedule: Schedule;
  readonly #set: (value: number) => void;
  readonly #records: Recorder<Columns>;
  #iteration = 0;

  /**
   * Creates it at iteration 0; nothing is set yet.
   *
   * @throws {RangeError} If `historyLimit` is not a whole number >= 16.
   */
  constructor(options: HyperparameterSchedulerOptions) {
    super();
    checkNames(ACTION, options, NAMES);
    const { name, schedule, set, historyLimit } = options;
    const isName = typeof name === "string" && name !== "" &&
      name !== "iterations";
    const faults: [string, string, unknown, boolean][] = [
      ["name", 'a name, and not "iterations"', name, isName],
      ["schedule", "a function", schedule, typeof schedule === "function"],
      ["set", "a function", set, typeof set === "function"],
    ];
    for (const [option, must, value, ok] of faults) {
      if (ok) continue;
      throw new TypeError(
        `Cannot ${ACTION} as ${option} must be ${must}: current value is ${
          show(value)
        }`,
      );
    }
    checkHistoryLimit(historyLimit);
    this.#records = new Recorder(["iterations", name]);
    this.#records.limit = historyLimit;
    this.#name = name;
    this.#schedule = schedule;
    this.#set = set;
  }

  /** Batches trained so far. */
  get iteration(): number {
    return this.#iteration;
  }

  /** The value of the batch that is trained next. */
  get value(): number {
    return this.#schedule(this.iteration);
  }

  /**
   * One row for each batch, or with a `historyLimit` for several: `iterations`,
   * and the value under its name.
   */
  get history(): Columns {
    return this.#records.columns;
  }

  /**
   * Sets the value of the next batch. `fit` and `fitDataset` do this by
   * themselves.
   *
   * @returns This scheduler.
   * @throws {RangeError} If the schedule gives no finite number.
   */
  apply(): this {
    this.#set(this.#valueAt(this.#iteration));
    return this;
  }

  /**
   * To be called after every batch: records its value and sets the next.
   *
   * @throws {RangeError} If the schedule gives no finite number. Whatever is
   * thrown, the batch then does not count.
   */
  step(): void {
    const { value } = this;
    this.#goTo(this.#iteration + 1);
    this.#records.add({ iterations: this.#iteration, [this.#name]: value });
  }

  /** Starts over: the next batch is that of iteration 0. */
  reset(): void {
    this.#goTo(0);
    this.#records.restore({});
  }

  /** Where it stands, in a line, which `console.log` shows. */
  override toString(): string {
    return `HyperparameterScheduler at iteration ${this.#iteration}, ${this.#name} ${
      shortNumber(this.value)
    }`;
  }

  /** Plain data for {@linkcode HyperparameterScheduler.restore}. */
  toJSON(): HyperparameterState {
    const { limit } = this.#records;
    return {
      type: "HyperparameterScheduler",
      version: 2,
      name: this.#name,
      iteration: this.#iteration,
      ...(limit !== undefined && { historyLimit: limit }),
      history: this.#records.snapshot(),
    };
  }

  /**
   * Goes on where {@linkcode HyperparameterScheduler.toJSON} was called. Its
   * `historyLimit` is taken over where this scheduler has none.
   *
   * @throws {TypeError} If the data are not those of a scheduler of this name.
   * @throws {RangeError} If the schedule gives no finite number there. Whatever is
   * thrown, it then stays where it was.
   */
  restore(state: HyperparameterState): void {
    checkData(
      "restore a HyperparameterScheduler",
      state,
      stateCheck(this.#name),
    );
    const { history, iteration, historyLimit } = currentState(
      state,
      this.#name,
    );
    this.#goTo(iteration);
    this.#records.limit ??= historyLimit;
    this.#records.restore(history);
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    checkComesBeforeSaver(this.params, this.#name);
    this.apply();
    return Promise.resolve();
  }

  /** Called by `fit`. */
  override onBatchEnd(): Promise<void> {
    this.step();
    return Promise.resolve();
  }

  /** Sets the value of another iteration, or stays where it is. */
  #goTo(iteration: number): void {
    const value = this.#valueAt(iteration);
    const before = this.#iteration;
    this.#iteration = iteration;
    try {
      this.#set(value);
    } catch (error) {
      this.#iteration = before;
      throw error;
    }
  }

  #valueAt(iteration: number): number {
    const value = this.#schedule(iteration);
    if (Number.isFinite(value)) return value;
    throw new RangeError(
      `Cannot ${ACTION} as the value of ${this.#name} at iteration ${iteration} must be finite: current value is ${
        show(value)
      }`,
    );
  }
}

showInConsole(HyperparameterScheduler);
