import { showInConsole } from "../runtime/console.ts";
import { othersTurn } from "../runtime/others_turn.ts";
import { show } from "../runtime/check_data.ts";
import { CallbackBase } from "../tfjs/callback_base.ts";

/** Between two looks at what else the process has to do, in milliseconds. */
const LOOK_EVERY = 100;

/**
 * Ends `fit` and `fitDataset` at the end of the batch in which `signal` is
 * aborted. Ten times a second it lets other work of the process run, without
 * which a backend that computes on this thread (WASM, CPU) would keep signals
 * and timers waiting until the end. Where a Dataset may never give its next batch,
 * `untilAborted` ends it.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { StopOnAbort } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.ones([8, 1]);
 *
 * const stop = new AbortController();
 * // Deno.addSignalListener("SIGINT", () => stop.abort());
 * await model.fit(xs, xs, {
 *   verbose: 0,
 *   callbacks: [new StopOnAbort(stop.signal)],
 * });
 * ```
 */
export class StopOnAbort extends CallbackBase {
  readonly #signal: AbortSignal;

  /**
   * Creates a callback that waits for `signal`.
   *
   * @throws {TypeError} If `signal` is none.
   */
  constructor(signal: AbortSignal) {
    super();
    if (!(signal instanceof AbortSignal)) {
      throw new TypeError(
        `Cannot stop on an abort as signal must be an AbortSignal: current value is ${
          show(signal)
        }`,
      );
    }
    this.#signal = signal;
  }

  /** Called by `fit`. */
  override async onBatchEnd(): Promise<void> {
    await othersTurn(LOOK_EVERY);
    this.#look();
  }

  /** Called by `fit`, whose validation may take long. */
  override onEpochEnd(): Promise<void> {
    this.#look();
    return Promise.resolve();
  }

  /** Whether it stops training, in a line, which `console.log` shows. */
  override toString(): string {
    return `StopOnAbort, ${this.#signal.aborted ? "aborted" : "not aborted"}`;
  }

  #look(): void {
    if (this.#signal.aborted) this.model.stopTraining = true;
  }
}

showInConsole(StopOnAbort);
