import { saveCheckpoint } from "./checkpoint.ts";
import type { LearningRateScheduler } from "./learning_rate_scheduler.ts";
import { CallbackBase } from "../tfjs/types.ts";

/** Options of {@linkcode Checkpointer}. */
export interface CheckpointerOptions {
  /** The schedule that is followed; it stands before this in `callbacks`. */
  scheduler: LearningRateScheduler;
  /** Batches from one checkpoint to the next. */
  every: number;
  /**
   * How many checkpoints the folder keeps.
   *
   * @default {2}
   */
  keep?: number;
  /** What else the run needs to go on; called at each checkpoint. Any JSON. */
  data?: () => unknown;
}

/**
 * Saves a checkpoint every so many batches of `fit` and `fitDataset`, from which
 * `loadCheckpoint` goes on. The batch waits until the checkpoint is written.
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

  /**
   * Creates a callback that saves into `folder`.
   *
   * @throws {RangeError} If `every` is not a whole number >= 1.
   */
  constructor(folder: string, options: CheckpointerOptions) {
    super();
    const { every } = options;
    if (!(Number.isSafeInteger(every) && every >= 1)) {
      throw new RangeError(
        `Cannot save checkpoints as every must be a whole number >= 1: current value is ${every}`,
      );
    }
    this.#folder = folder;
    this.#options = { ...options };
  }

  /** Saves a checkpoint now. Returns its folder. */
  async save(): Promise<string> {
    const { scheduler, keep, data } = this.#options;
    return await saveCheckpoint(
      this.#folder,
      { model: this.model, scheduler },
      { keep, data: data?.() },
    );
  }

  /** Called by `fit`. */
  override onBatchBegin(): Promise<void> {
    this.#iterationBefore = this.#options.scheduler.totalIterations;
    return Promise.resolve();
  }

  /** Called by `fit`. */
  override async onBatchEnd(): Promise<void> {
    const { scheduler, every } = this.#options;
    const { totalIterations } = scheduler;
    if (totalIterations === this.#iterationBefore) {
      throw new TypeError(
        "Cannot save a checkpoint as its scheduler must come before it: pass callbacks: [scheduler, checkpointer]",
      );
    }
    if (totalIterations % every === 0) await this.save();
  }
}
