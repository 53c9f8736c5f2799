import {
  anyNumber,
  checkData,
  finite,
  optional,
  record,
} from "../runtime/check_data.ts";
import { columnsOf, tryToWrite } from "./tell.ts";
import type { RangeTestProgress } from "../finder/mod.ts";

const PROGRESS = record({
  progress: record({
    ...{ iteration: finite, iterations: finite },
    ...{ repeat: finite, repeats: finite },
    learningRate: finite,
    smoothedLoss: anyNumber,
    hyperparameters: optional(record({})),
  }),
});

/** Between two changes of the line, in milliseconds. */
const CHANGE_EVERY = 100;

/** Rates from one line to the next where there is no terminal. */
const LINE_EVERY = 20;

/**
 * Says on standard error how far a range test is: on a terminal in one line that
 * changes, otherwise in a line for every twenty rates. Its `show` is for
 * `onBatch` of `findLearningRate`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { findLearningRate } from "@clr/clr";
 * import { RangeProgress } from "@clr/clr/command";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2], 0, 1, "float32", 1);
 * const data = { xs, ys: xs.sum(1, true) };
 *
 * const progress = new RangeProgress();
 * const range = await findLearningRate(model, data, {
 *   batchSize: 8,
 *   onBatch: (batch) => progress.show(batch),
 * });
 * progress.clear();
 * console.log(`${range}`);
 * ```
 */
export class RangeProgress {
  readonly #isTerminal = Deno.stderr.isTerminal();
  #shown = 0;

  /**
   * Shows how far the test is.
   *
   * @param progress What `onBatch` is told.
   */
  show(progress: RangeTestProgress): void {
    checkData("show a range test's progress", { progress }, PROGRESS);
    const { iteration, iterations, repeat, repeats } = progress;
    const text = [
      ...Object.entries(progress.hyperparameters ?? {}).map(([name, value]) =>
        `${name} ${value}`
      ),
      ...(repeats > 1 ? [`run ${repeat}/${repeats}`] : []),
      `rate ${iteration}/${iterations}`,
      `lr ${progress.learningRate.toExponential(2)}`,
      `loss ${progress.smoothedLoss.toPrecision(4)}`,
    ].join("  ");
    if (this.#isTerminal) {
      const now = performance.now();
      if (now - this.#shown < CHANGE_EVERY) return;
      this.#shown = now;
      // A line that breaks is not taken away whole.
      this.#write(text.slice(0, columnsOf(Deno.stderr) - 1));
    } else if (iteration % LINE_EVERY === 0) {
      console.error(text);
    }
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isTerminal) this.#write("");
  }

  #write(text: string): void {
    tryToWrite(new TextEncoder().encode(`\r\x1b[K${text}`));
  }
}
