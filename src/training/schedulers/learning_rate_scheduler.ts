import type { Schedule } from "../../schedules/schedule.ts";
import { showInConsole } from "../../runtime/console.ts";
import { showInNotebooks } from "../../runtime/notebook.ts";
import { shortNumber } from "../../runtime/short_number.ts";
import { schedulerView } from "./_notebook.ts";
import { rateAt } from "../../schedules/traits.ts";
import {
  checkHistoryLimit,
  type EpochHistory,
  type History,
  type HistoryOptions,
  type Logs,
} from "../history/history.ts";
import { applyRates, checkedSchedule, type Rates, ratesAt } from "./_rates.ts";
import { Recorder } from "../history/recorder.ts";
import { getLearningRate } from "../../tfjs/learning_rate.ts";
import { getMomentum } from "../../tfjs/momentum.ts";
import { show } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { layersWithin } from "../../tfjs/layers_within.ts";
import { warnOfSlowBackend } from "../../tfjs/slow_backend.ts";
import { isTraining } from "../../tfjs/trained_weights.ts";
import { unresolved } from "./_training_run.ts";
import {
  checkPlainState,
  checkState,
  type SchedulerState,
  type StateAlone,
  withRates,
} from "./scheduler_state.ts";
import { CallbackBase } from "../../tfjs/callback_base.ts";
import type { LayersModel, Optimizer } from "../../tfjs/types.ts";

const NAMES = Object.keys(
  { historyLimit: 0 } satisfies Record<keyof HistoryOptions, 0>,
);

/** What a scheduler has recorded, for a checkpoint to write what is new. */
export let recordsOf: (scheduler: LearningRateScheduler) => {
  readonly batches: Recorder<History>;
  readonly epochs: Recorder<EpochHistory>;
};

/** The scheduler that was the last to take charge of `optimizer`. */
export function inChargeOf(
  optimizer: Optimizer,
): LearningRateScheduler | undefined {
  return IN_CHARGE.get(optimizer);
}

/** Throws unless `scheduler` sets the rate of what `model` is trained with. */
export function checkInCharge(
  action: string,
  scheduler: LearningRateScheduler,
  model: LayersModel,
): void {
  if (IN_CHARGE.get(model.optimizer) === scheduler) return;
  throw new TypeError(
    `Cannot ${action} as its scheduler must be in the same fit: pass callbacks: [scheduler, …]`,
  );
}

/** What `toJSON` of a scheduler gives beside its history, which it may not copy. */
export let describeAlone: (scheduler: LearningRateScheduler) => StateAlone;

/** Returned by hooks with nothing to wait for, so that a batch allocates no promise. */
const DONE: Promise<void> = Promise.resolve();

/**
 * Drives the learning rate of any tfjs optimizer by a schedule, batch by batch:
 * the batch trained when `iteration` is t is trained at `schedule(t)`.
 *
 * It goes into `callbacks: [scheduler]` of `model.fit` and `model.fitDataset`,
 * and goes on where it was when `fit` is called again. For a training loop of
 * one's own, call {@linkcode LearningRateScheduler.attach | attach} once and
 * {@linkcode LearningRateScheduler.step | step} after every batch.
 *
 * Where Keras's callback of this name asks its function once an epoch, for
 * `(epoch, lr)`, this one asks at every batch, for the batches trained so far: a
 * rate by epoch is `(t) => rate(Math.floor(t / batchesPerEpoch))`.
 *
 * A schedule with a `momentum` (made so by `cyclic` or `oneCycle`) drives that too,
 * of the optimizers that have one: Momentum, RMSProp and, as beta1, Adam and
 * Adamax. A function of one's own around such a schedule must have one as well.
 *
 * A batch costs it well under a microsecond beside what tfjs needs to give the
 * optimizer a new rate and to read the logs; logs that are on a GPU are read back
 * together, at the end of an epoch or after every 256 batches.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { LearningRateScheduler } from "@clr/clr";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
 *
 * const halved = new LearningRateScheduler((t) => 0.1 / 2 ** Math.floor(t / 2));
 * const xs = tf.tensor2d([[1], [2], [3], [4]]);
 * await model.fit(xs, xs, { batchSize: 1, verbose: 0, callbacks: [halved] });
 * console.log(halved.history.lr); // [0.1, 0.1, 0.05, 0.05]
 * ```
 */
export class LearningRateScheduler extends CallbackBase {
  #schedule: Schedule;
  /** What the optimizer had, for the stages of a schedule that set none. */
  #ownMomentum: number | undefined;
  #optimizer: Optimizer | undefined;
  #scale = 1;
  #iteration = 0;
  #totalIterations = 0;
  /** Of the last batch. */
  #lastRate = NaN;
  #epochs = 0;
  /** Whether the state is asked for without its history. */
  #isBrief = false;
  readonly #batches: Recorder<History> = new Recorder<History>([
    "iterations",
    "lr",
  ]);
  readonly #epochRecords: Recorder<EpochHistory> = new Recorder<EpochHistory>([
    "epochs",
    "iterations",
    "lr",
  ]);

  /**
   * Creates a scheduler at iteration 0.
   *
   * @param schedule The learning rate by iteration.
   * @throws {TypeError} If `schedule` is not a function.
   * @throws {RangeError} If `historyLimit` is not a whole number >= 16.
   */
  constructor(schedule: Schedule, options: HistoryOptions = {}) {
    super();
    checkNames("create a learning-rate scheduler", options, NAMES);
    checkHistoryLimit(options.historyLimit);
    this.#batches.limit = options.historyLimit;
    this.#schedule = checkedSchedule(schedule);
  }

  /** The schedule that is followed. */
  get schedule(): Schedule {
    return this.#schedule;
  }

  /** The learning rate of the batch that is trained next. */
  get learningRate(): number {
    return this.at(this.#iteration);
  }

  /**
   * What every rate of the schedule is multiplied by; the momentum is not. It
   * takes effect at the next batch and stays until it is set again, a reset or
   * not. `ReduceLROnPlateau` lowers a schedule by it.
   *
   * @default {1}
   */
  get scale(): number {
    return this.#scale;
  }

  set scale(scale: number) {
    if (!(Number.isFinite(scale) && scale >= 0)) {
      throw new RangeError(
        `Cannot scale a learning-rate schedule as scale must be finite and >= 0: current value is ${
          show(scale)
        }`,
      );
    }
    const apply = this.#applying({ scale });
    this.#scale = scale;
    apply();
  }

  /** Batches trained since the start or the last reset. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Batches trained altogether, resets or not. */
  get totalIterations(): number {
    return this.#totalIterations;
  }

  /**
   * One row per batch: `iterations`, `lr`, `momentum` where the schedule cycles
   * it, and what the batch logged under other names (`loss`, `acc`, …). After
   * `fit` it is complete; in a loop of one's own that logs tensors on a GPU,
   * {@linkcode LearningRateScheduler.flush | flush} first.
   */
  get history(): History {
    return this.#batches.columns;
  }

  /**
   * One row per epoch of `fit`: `epochs`, `iterations`, `lr`, `loss`, `val_loss`,
   * …
   */
  get epochHistory(): EpochHistory {
    return this.#epochRecords.columns;
  }

  /**
   * Whether the `loss` of batches contains penalties of the model's regularizers,
   * as in `fit` it does; `val_loss` and what `evaluate` gives never do.
   */
  get penalized(): boolean {
    // Null until fit sets it.
    const model: LayersModel | null = this.model;
    return model !== null &&
      [...layersWithin(model)].some(({ losses }) => losses.length > 0);
  }

  /**
   * The learning rate at `iteration`, counted from the last reset: the
   * schedule's value times {@linkcode LearningRateScheduler.scale | scale}.
   */
  at(iteration: number): number {
    return this.#scale * rateAt(this.#schedule, iteration);
  }

  /**
   * Takes charge of `optimizer`: its next step uses the current learning rate.
   * `fit` and `fitDataset` do this by themselves.
   *
   * @returns This scheduler.
   * @throws {TypeError} If the optimizer has no learning rate, or no momentum
   * where the schedule cycles it; or if the schedule is a function that calls
   * one with a momentum and has none itself.
   */
  attach(optimizer: Optimizer): this {
    getLearningRate(optimizer);
    let ownMomentum = this.#ownMomentum;
    if (this.#schedule.momentum !== undefined) {
      const own = getMomentum(optimizer);
      const another = this.#optimizer !== undefined &&
        this.#optimizer !== optimizer;
      // A state that was restored knows what the optimizer began with.
      if (another || ownMomentum === undefined) ownMomentum = own;
    }
    const rates = ratesAt(this.#schedule, this.#iteration, {
      scale: this.#scale,
      ownMomentum,
    });
    this.#ownMomentum = ownMomentum;
    this.#optimizer = optimizer;
    IN_CHARGE.set(optimizer, this);
    applyRates(optimizer, rates);
    return this;
  }

  /**
   * To be called after every batch of one's own training loop: records the rate
   * that the batch was trained at with its logs, and sets the next one.
   *
   * @param logs Quantities of this batch, as numbers or scalar tensors. Tensors
   * remain the caller's and may be disposed at once.
   * @throws {TypeError} If no optimizer is attached, another scheduler has taken
   * charge of it, or a value is neither a number nor a tensor of one.
   * @throws {RangeError} If the schedule gives no rate. Whatever is thrown, the
   * batch then does not count.
   *
   * @example
   * ```ts
   * import * as tf from "@tensorflow/tfjs";
   * import { CyclicLR } from "@clr/clr";
   *
   * const w = tf.variable(tf.scalar(0));
   * const optimizer = tf.train.adam();
   * const clr = new CyclicLR({ stepSize: 4 }).attach(optimizer);
   * for (let batch = 0; batch < 8; batch++) {
   *   const loss = optimizer.minimize(() => w.sub(3).square().asScalar(), true)!;
   *   clr.step({ loss });
   *   loss.dispose();
   * }
   * await clr.flush();
   * console.log(clr.history.loss);
   * ```
   */
  step(logs?: Logs): void {
    const optimizer = this.#optimizer;
    if (optimizer === undefined) {
      throw new TypeError(
        "Cannot step a learning-rate schedule as it must be attached to an optimizer: call attach(optimizer) first",
      );
    }
    if (IN_CHARGE.get(optimizer) !== this) {
      throw new TypeError(
        "Cannot step a learning-rate schedule as it must be in charge of its optimizer: another scheduler was attached to it since",
      );
    }
    // Everything that may fail comes first, so that a batch counts or does not.
    const next = this.#ratesAt(this.#iteration + 1);
    const row: { [column: string]: number } = {
      iterations: this.#totalIterations + 1,
      lr: getLearningRate(optimizer),
    };
    if (this.#schedule.momentum !== undefined) {
      row.momentum = getMomentum(optimizer);
    }
    this.#batches.add(row, logs);
    this.#iteration++;
    this.#totalIterations++;
    this.#lastRate = row.lr;
    applyRates(optimizer, next);
  }

  /**
   * Waits until the logs of every batch so far are in
   * {@linkcode LearningRateScheduler.history | history}.
   */
  async flush(): Promise<void> {
    await Promise.all([this.#batches.flush(), this.#epochRecords.flush()]);
  }

  /**
   * Starts the schedule over: the next batch is trained at `schedule(0)`. The
   * history and the count of all batches go on.
   *
   * @param schedule Followed from now on, if given.
   */
  protected restart(schedule?: Schedule): void {
    const apply = this.#applying({ schedule, iteration: 0 });
    if (schedule !== undefined) this.follow(schedule);
    this.#iteration = 0;
    apply();
  }

  /** Starts the schedule over; the history and the count of all batches go on. */
  reset(): void {
    this.restart();
  }

  /**
   * Plain data for {@linkcode LearningRateScheduler.restore}: a copy, which
   * further batches do not change. Logs that are still on a GPU are NaN in it,
   * so {@linkcode LearningRateScheduler.flush | flush} first in a loop of one's
   * own.
   */
  toJSON(): SchedulerState {
    return this.state();
  }

  /**
   * Takes over the counts and the history of an earlier scheduler; the schedule
   * itself, which is code, stays.
   *
   * @param state What {@linkcode LearningRateScheduler.toJSON} gave.
   * @throws {TypeError} If the data are not those of a scheduler, or of another
   * kind, such as a `CyclicLR`, that had other rates; this one then stays as it was.
   */
  restore(state: SchedulerState): void {
    checkPlainState(state, this.#schedule);
    this.restoreState(state);
  }

  /** What {@linkcode LearningRateScheduler.restoreState} takes: plain data. */
  protected state(): SchedulerState {
    return {
      iteration: this.#iteration,
      totalIterations: this.#totalIterations,
      epochs: this.#epochs,
      ...(this.#scale !== 1 && { scale: this.#scale }),
      ...(this.#batches.limit !== undefined &&
        { historyLimit: this.#batches.limit }),
      ...(this.#batches.sparse.length > 0 && { sparse: this.#batches.sparse }),
      ...(this.#ownMomentum !== undefined &&
        { ownMomentum: this.#ownMomentum }),
      history: this.#isBrief
        ? { iterations: [], lr: [] }
        : this.#batches.snapshot(),
      epochHistory: this.#isBrief
        ? { epochs: [], iterations: [], lr: [] }
        : this.#epochRecords.snapshot(),
    };
  }

  /**
   * Takes over the counts and the history of an earlier scheduler.
   *
   * @param schedule Followed from now on, if given.
   */
  protected restoreState(state: SchedulerState, schedule?: Schedule): void {
    checkState(state);
    const { iteration, scale = 1 } = state;
    // What an optimizer that stays attached began with is known without the state.
    const ownMomentum = state.ownMomentum ??
      (this.#optimizer && this.#ownMomentum);
    const apply = this.#applying({ schedule, iteration, scale, ownMomentum });
    if (schedule !== undefined) this.follow(schedule);
    this.#iteration = iteration;
    this.#totalIterations = state.totalIterations;
    this.#epochs = state.epochs;
    this.#scale = scale;
    this.#ownMomentum = ownMomentum;
    // That of the constructor holds, where there is one.
    this.#batches.limit ??= state.historyLimit;
    this.#batches.restore(state.history, state.sparse);
    this.#epochRecords.restore(withRates(state));
    this.#lastRate = state.history.lr.at(-1) ?? NaN;
    apply();
  }

  static {
    recordsOf = (scheduler) => ({
      batches: scheduler.#batches,
      epochs: scheduler.#epochRecords,
    });
    describeAlone = (scheduler) => {
      scheduler.#isBrief = true;
      try {
        const { history: _, epochHistory: __, ...state } = scheduler.toJSON();
        return state;
      } finally {
        scheduler.#isBrief = false;
      }
    };
  }

  /**
   * Called by `fit`.
   *
   * @throws {TypeError} If another `fit` that goes on follows this schedule.
   */
  override setModel(model: LayersModel): void {
    if (this.model !== model && isTraining(this.model)) {
      throw new TypeError(
        "Cannot follow a learning-rate schedule as it must be in one fit at a time: give each model a scheduler of its own",
      );
    }
    super.setModel(model);
  }

  /** Called by `fit`. */
  override onTrainBegin(): Promise<void> {
    const other = IN_CHARGE.get(this.model.optimizer);
    // The callbacks of a fit share its parameters.
    if (other && other !== this && other.params === this.params) {
      throw new TypeError(
        "Cannot follow a learning-rate schedule as no other must drive the same optimizer: pass fit one scheduler",
      );
    }
    warnOfSlowBackend(this.model);
    this.attach(this.model.optimizer);
    return DONE;
  }

  /** Called by `fit`. */
  override onBatchEnd(_batch: number, logs?: Logs): Promise<void> {
    this.step(logs);
    return DONE;
  }

  /**
   * What it is and where it stands, in a line: also what `console.log` shows of
   * it.
   */
  override toString(): string {
    return `${this.constructor.name} ${this.describePosition()}`;
  }

  /** Where it stands, for {@linkcode LearningRateScheduler.toString}. */
  protected describePosition(): string {
    const batches = this.#totalIterations === this.#iteration
      ? `iteration ${this.#iteration}`
      : `iteration ${this.#iteration} since the reset, ${this.#totalIterations} altogether`;
    let rate: string;
    try {
      rate = `learning rate ${shortNumber(this.learningRate)}`;
    } catch (error) {
      // Measured in epochs, say, whose batches are not known yet.
      if (!(error instanceof RangeError)) throw error;
      rate = "learning rate not known yet";
    }
    return `at ${batches}, ${rate}`;
  }

  /** Called by `fit`. */
  override async onEpochEnd(_epoch: number, logs?: Logs): Promise<void> {
    this.#epochs++;
    this.#epochRecords.add(
      {
        epochs: this.#epochs,
        iterations: this.#totalIterations,
        lr: this.#lastRate,
      },
      logs,
    );
    await this.flush();
  }

  /** Called by `fit`. */
  override async onTrainEnd(): Promise<void> {
    await this.flush();
  }

  /**
   * Follows another schedule from the next batch on, at the same iteration.
   *
   * @param schedule The learning rate by iteration.
   */
  protected follow(schedule: Schedule): void {
    this.#schedule = checkedSchedule(schedule);
  }

  /**
   * What gives the optimizer, where one is attached, its rates after a change.
   * They are computed before it, so that a change that has none is not made.
   */
  #applying({
    schedule = this.#schedule,
    iteration = this.#iteration,
    scale = this.#scale,
    ownMomentum = this.#ownMomentum,
  }: {
    readonly schedule?: Schedule;
    readonly iteration?: number;
    readonly scale?: number;
    readonly ownMomentum?: number;
  }): () => void {
    const optimizer = this.#optimizer;
    // One that waits for `fit` to say how long it is has rates only then.
    if (optimizer === undefined || schedule === unresolved) return () => {};
    const rates = ratesAt(schedule, iteration, { scale, ownMomentum });
    return () => applyRates(optimizer, rates);
  }

  #ratesAt(iteration: number): Rates {
    return ratesAt(this.#schedule, iteration, {
      scale: this.#scale,
      ownMomentum: this.#ownMomentum,
    });
  }
}

/** Which scheduler sets the rate of an optimizer: one alone can. */
const IN_CHARGE = new WeakMap<Optimizer, LearningRateScheduler>();

showInNotebooks(LearningRateScheduler, schedulerView);
showInConsole(LearningRateScheduler);
