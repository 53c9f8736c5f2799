import * as tf from "@tensorflow/tfjs";
import { checkKind } from "../runtime/check_given.ts";
import { checkSignal } from "../runtime/check_signal.ts";
import { untilAborted as valuesUntilAborted } from "../runtime/until_aborted.ts";
import { releaseIterator } from "../tfjs/release_iterator.ts";

const ACTION = "end data on an abort";

/** As much of a `tf.data.Dataset` as {@linkcode untilAborted} asks. */
export interface AnyDataset {
  /** A new pass over the batches. */
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>;
  /** How many batches there are, where that is known. */
  readonly size?: number | null;
}

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
export function untilAborted<Data extends AnyDataset>(
  dataset: Data,
  signal: AbortSignal,
): Data {
  checkKind(
    ACTION,
    { name: "dataset", value: dataset, must: "a tf.data.Dataset" },
    typeof Object(dataset).iterator === "function",
  );
  checkSignal(ACTION, signal);
  async function* batches(): AsyncGenerator<tf.TensorContainer> {
    const iterator = await dataset.iterator();
    try {
      while (true) {
        const { value, done } = await iterator.next();
        if (done) return;
        yield value as tf.TensorContainer;
      }
    } finally {
      await releaseIterator(iterator);
    }
  }
  const same = tf.data.generator<tf.TensorContainer>(
    // tfjs awaits what an iterator gives, and its types know none that promises.
    (() =>
      valuesUntilAborted(batches(), {
        signal,
        dispose: tf.dispose,
      })) as unknown as () => Generator<tf.TensorContainer>,
  );
  // tfjs's own class, of which all of the interface is.
  return Object.assign(same, { size: dataset.size }) as unknown as Data;
}
