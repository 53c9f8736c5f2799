import { checkSubject } from "./_check_subject.ts";
import { checkFolder, checkKind } from "../../runtime/check_given.ts";
import { fileSystem } from "../../runtime/builtin.ts";
import { checkOptions, flag, show } from "../../runtime/check_data.ts";
import { checkSignal } from "../../runtime/check_signal.ts";
import { numbersIn, pathOf } from "./_checkpoint_folder.ts";
import { checkModel } from "./_restore_checkpoint.ts";
import { checkOwn } from "./_checkpoint_owner.ts";
import { checkKeep, writeCheckpoint } from "./_write_checkpoint.ts";
import type { CycleSnapshots } from "../weights/cycle_snapshots.ts";
import type { ExponentialMovingAverage } from "../weights/exponential_moving_average.ts";
import type { LearningRateScheduler } from "../schedulers/learning_rate_scheduler.ts";
import { CallbackBase } from "../../tfjs/callback_base.ts";
import { weightsInOrder } from "../../tfjs/named_weights.ts";
import type { LayerWeight } from "../../tfjs/trained_weights.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { noteSaver } from "../schedulers/saver.ts";
import { showInConsole } from "../../runtime/console.ts";

const NAMES = Object.keys(
  {
    scheduler: 0,
    averages: 0,
    snapshots: 0,
    every: 0,
    keep: 0,
    replace: 0,
    data: 0,
    signal: 0,
  } satisfies Record<keyof CheckpointerOptions, 0>,
);

/** Options of {@linkcode Checkpointer}. */
export interface CheckpointerOptions {
  /**
   * The schedule that is followed; it stands before this in `callbacks`, as does
   * whatever else sets what is saved.
   */
  scheduler: LearningRateScheduler;
  /**
   * Averages of the weights to save as well; they too stand before this in
   * `callbacks`.
   */
  averages?: ExponentialMovingAverage;
  /** Snapshots to save as well. */
  snapshots?: CycleSnapshots;
  /** Batches from one checkpoint to the next. */
  every: number;
  /**
   * How many checkpoints the folder keeps. While the loss is not finite, the last
   * two of when it was besides.
   *
   * @default {2}
   */
  keep?: number;
  /**
   * Whether checkpoints of another run, which the model was not restored from, are
   * removed as soon as the first of this one is written, and parts of its own run
   * may be missing that were not restored.
   *
   * @default {false}
   */
  replace?: boolean;
  /**
   * What else the run needs to go on, as `saveCheckpoint` takes it; called at each
   * checkpoint.
   */
  data?: () => unknown;
  /**
   * Once it is aborted, the batch or the epoch that ends next is saved and
   * training ends. To be seen while a backend computes on this thread, it wants a
   * callback beside it that lets other work of the process run, such as
   * `StopOnAbort`.
   */
  signal?: AbortSignal;
}

/**
 * Saves a checkpoint every so many batches of `fit` and `fitDataset`, from which
 * `loadCheckpoint` goes on. The batch waits until the checkpoint is written; one
 * that ends an epoch is saved with the epoch's row, after its validation.
 *
 * One run alone saves into a folder. Where there are checkpoints that the model was
 * not restored from, or not with its scheduler, averages and snapshots, `fit` ends
 * with a `CheckpointError` before its first batch, unless `replace` is set; where
 * another run saves there too, the second to save does; and a Checkpointer refuses
 * to follow the `fit` of another model.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { Checkpointer, loadCheckpoint } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.ones([8, 1]);
 * const clr = new CyclicLR({ stepSize: 4 });
 * const folder = await Deno.makeTempDir();
 *
 * const checkpoint = await loadCheckpoint(folder);
 * checkpoint?.restore({ model, scheduler: clr });
 * await model.fit(xs, xs, {
 *   batchSize: 1,
 *   verbose: 0,
 *   callbacks: [clr, new Checkpointer(folder, { scheduler: clr, every: 4 })],
 * });
 * console.log((await loadCheckpoint(folder))?.iteration); // 8
 * ```
 */
export class Checkpointer extends CallbackBase {
  readonly #folder: string;
  readonly #options: CheckpointerOptions;
  #iterationBefore = -1;
  #updatesBefore = -1;
  /** The first of the weights, which tells one model from another. */
  #first: LayerWeight | undefined;
  /** The newest checkpoint, of this run or that it goes on from or replaces. */
  #newest: number | undefined;
  /** The newest of another run's, until it is replaced. */
  #replaces = 0;
  /**
   * The last checkpoints of batches with a finite loss, as far as is known: two,
   * as what breaks the weights shows in the loss of the batch after.
   */
  #finite: readonly number[] = [];
  /** Batches trained at the last save. */
  #saved = -1;
  /** Whether the last batch is to be saved as soon as its epoch's row is there. */
  #isDue = false;

  /**
   * Creates a callback that saves into `folder`.
   *
   * @throws {RangeError} If `every` or `keep` is not a whole number >= 1.
   * @throws {TypeError} If the folder or another option is of another type.
   */
  constructor(folder: string, options: CheckpointerOptions) {
    super();
    checkNames("save checkpoints", options, NAMES);
    const { every, keep = 2, data, signal } = options;
    const { scheduler, averages, snapshots } = options;
    checkFolder("save checkpoints", folder);
    checkSubject("save checkpoints", { scheduler, averages, snapshots });
    checkKind(
      "save checkpoints",
      { name: "scheduler", value: scheduler, must: "a LearningRateScheduler" },
      scheduler !== undefined,
    );
    checkKind(
      "save checkpoints",
      { name: "data", value: data, must: "a function that gives them" },
      data === undefined || typeof data === "function",
    );
    if (!(Number.isSafeInteger(every) && every >= 1)) {
      throw new RangeError(
        `Cannot save checkpoints as every must be a whole number >= 1: current value is ${
          show(every)
        }`,
      );
    }
    checkKeep(keep);
    checkOptions("save checkpoints", options, { replace: flag });
    if (signal !== undefined) checkSignal("save checkpoints", signal);
    this.#folder = folder;
    this.#options = { ...options };
  }

  /**
   * Saves a checkpoint now. Returns its folder.
   *
   * @throws {CheckpointError} If another run saves into the folder.
   */
  async save(): Promise<string> {
    const { scheduler, averages, snapshots, keep = 2, data } = this.#options;
    checkModel(this.model, "save a checkpoint");
    this.#isDue = false;
    this.#saved = scheduler.totalIterations;
    await scheduler.flush();
    const isBroken = !hasFiniteLoss(scheduler);
    const spare = isBroken ? this.#finite : [];
    this.#newest = await writeCheckpoint(
      this.#folder,
      { model: this.model, scheduler, averages, snapshots },
      { keep, data: data?.() ?? null, replaces: this.#replaces, spare },
    );
    this.#replaces = 0;
    if (!isBroken) this.#finite = [...this.#finite, this.#newest].slice(-2);
    return pathOf(this.#folder, this.#newest);
  }

  /** Where it saves, in a line, which `console.log` shows. */
  override toString(): string {
    const { every, keep = 2 } = this.#options;
    const newest = this.#newest ? pathOf(this.#folder, this.#newest) : "none";
    return `Checkpointer into ${this.#folder} (every ${every} batches, the last ${keep} kept), newest: ${newest}`;
  }

  /** Called by `fit`. */
  override async onTrainBegin(): Promise<void> {
    const [first] = weightsInOrder(this.model);
    this.#first ??= first;
    if (first !== this.#first) {
      throw new TypeError(
        "Cannot save checkpoints as those of a folder must be of one model: current value is another model than before; give each a Checkpointer and a folder of its own",
      );
    }
    noteSaver(this.params);
    if (this.#newest !== undefined) return;
    const numbers = await numbersIn(this.#folder);
    const newest = numbers.at(-1) ?? 0;
    if (this.#options.replace) this.#replaces = newest;
    else await this.#checkOwn(newest);
    this.#newest = newest;
    // Where the loss is broken, it is the oldest that may be from before.
    this.#finite = hasFiniteLoss(this.#options.scheduler)
      ? numbers.slice(-2)
      : numbers.slice(0, 2);
  }

  /** Called by `fit`. */
  override async onBatchBegin(): Promise<void> {
    await this.#saveIfDue();
    const { scheduler, averages } = this.#options;
    this.#iterationBefore = scheduler.totalIterations;
    this.#updatesBefore = averages?.updates ?? -1;
  }

  /** Called by `fit`. */
  override async onBatchEnd(batch: number): Promise<void> {
    const { scheduler, averages, every, signal } = this.#options;
    const { totalIterations } = scheduler;
    if (totalIterations === this.#iterationBefore) {
      throw new TypeError(
        "Cannot save a checkpoint as its scheduler must come before it: pass callbacks: [scheduler, checkpointer]",
      );
    }
    if (averages?.updates === this.#updatesBefore) {
      throw new TypeError(
        "Cannot save a checkpoint as its averages must come before it: pass callbacks: [scheduler, averages, checkpointer]",
      );
    }
    if (signal?.aborted) this.model.stopTraining = true;
    this.#isDue = totalIterations % every === 0 || signal?.aborted === true;
    // The last batch waits for its epoch's row. Where nobody knows which is the
    // last, each does, until the next begins; but not to be the end of a part.
    const isLast = this.#batches === undefined
      ? signal?.aborted !== true
      : batch + 1 >= this.#batches;
    if (!isLast) await this.#saveIfDue();
  }

  /** Called by `fit`. */
  override async onEpochEnd(): Promise<void> {
    this.#lookAtSignal();
    await this.#saveIfDue();
  }

  /** Called by `fit`. */
  override async onTrainEnd(): Promise<void> {
    this.#lookAtSignal();
    await this.#saveIfDue();
  }

  /** It may be aborted while the epoch is validated, and no batch ends next. */
  #lookAtSignal(): void {
    const { scheduler, signal } = this.#options;
    if (!signal?.aborted) return;
    this.model.stopTraining = true;
    // A part of an epoch that was saved when it was cut has no row of its own.
    if (scheduler.totalIterations !== this.#saved) this.#isDue = true;
  }

  async #checkOwn(newest: number): Promise<void> {
    if (newest === 0) return;
    const { realpath } = fileSystem("save checkpoints");
    await checkOwn(await realpath(this.#folder), {
      model: this.model,
      newest,
      named: this.#folder,
    });
  }

  async #saveIfDue(): Promise<void> {
    if (this.#isDue) await this.save();
  }

  /** Batches in an epoch, where they are known. */
  get #batches(): number | undefined {
    // Undefined where a loop of one's own calls the hooks.
    const { steps, samples, batchSize } = (this.params ?? {}) as {
      readonly [name: string]: number | null | undefined;
    };
    if (steps) return steps;
    return samples && batchSize ? Math.ceil(samples / batchSize) : undefined;
  }
}

/** Whether the loss of the last batch was finite, or nobody knows it. */
function hasFiniteLoss({ history }: LearningRateScheduler): boolean {
  return Number.isFinite(history.loss?.at(-1) ?? 0);
}

showInConsole(Checkpointer);
