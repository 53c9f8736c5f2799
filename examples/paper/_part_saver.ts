import * as tf from "@tensorflow/tfjs";

/** Saves each part, and the batch at which its signal is aborted. */
export class PartSaver extends tf.Callback {
  readonly #save: () => Promise<unknown>;
  readonly #report: (logs: tf.Logs) => void;
  readonly #signal: AbortSignal | undefined;
  #left = 0;

  constructor(
    save: () => Promise<unknown>,
    report: (logs: tf.Logs) => void,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.#save = save;
    this.#report = report;
    this.#signal = signal;
  }

  override onEpochBegin(): Promise<void> {
    this.#left = this.params.steps as number;
    return Promise.resolve();
  }

  override async onBatchEnd(): Promise<void> {
    this.#left--;
    // The last batch is saved with what its part comes to.
    if (this.#signal?.aborted && this.#left > 0) await this.#save();
  }

  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    if (this.#left > 0) return;
    await this.#save();
    this.#report(logs ?? {});
  }
}
