import * as tf from "@tensorflow/tfjs";
import { checkKind } from "../runtime/check_given.ts";
import { checkSignal } from "../runtime/check_signal.ts";
import { untilAborted as valuesUntilAborted } from "../runtime/until_aborted.ts";

const ACTION = "end data on an abort";

/**
 * The same batches, which end where the next one does not come although `signal`
 * is aborted: `fitDataset` waits for a batch whatever happens, and a signal that
 * is seen at the end of a batch, as by `StopOnAbort` and `Checkpointer`, would
 * never be. It is given half a second.
 *
 * `fitDataset` then ends the epoch, with a warning where it has
 * `batchesPerEpoch`, and those callbacks end the training and save what was
 * trained.
 *
 * @param dataset What to train on; its own end stays where it is.
 * @throws {TypeError} If the data are no Dataset or the signal is none.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { StopOnAbort, untilAborted } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const dataset = tf.data.generator(function* () {
 *   for (let i = 0; i < 8; i++) yield { xs: tf.ones([4, 1]), ys: tf.ones([4, 1]) };
 * });
 *
 * const stop = new AbortController();
 * // Deno.addSignalListener("SIGINT", () => stop.abort());
 * await model.fitDataset(untilAborted(dataset, stop.signal), {
 *   epochs: 2,
 *   verbose: 0,
 *   callbacks: [new StopOnAbort(stop.signal)],
 * });
 * ```
 */
export function untilAborted<T extends tf.TensorContainer>(
  dataset: tf.data.Dataset<T>,
  signal: AbortSignal,
): tf.data.Dataset<T> {
  checkKind(
    ACTION,
    { name: "dataset", value: dataset, must: "a tf.data.Dataset" },
    typeof Object(dataset).iterator === "function",
  );
  checkSignal(ACTION, signal);
  async function* batches(): AsyncGenerator<T> {
    const iterator = await dataset.iterator();
    while (true) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield value;
    }
  }
  const same = tf.data.generator<T>(
    // tfjs awaits what an iterator gives, and its types know none that promises.
    (() =>
      valuesUntilAborted(batches(), {
        signal,
        dispose: tf.dispose,
      })) as unknown as () => Generator<T>,
  );
  return Object.assign(same, { size: dataset.size });
}
