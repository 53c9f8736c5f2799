import * as tf from "@tensorflow/tfjs";
import { checkKind } from "../../runtime/check_given.ts";
import {
  type BatchNormalization,
  batchNormalizations,
} from "../../tfjs/batch_normalizations.ts";
import type { LayersModel, Tensor } from "../../tfjs/types.ts";

/** Batches of inputs, each of which is disposed after it was used. */
export type InputBatches =
  | Iterable<Tensor | Tensor[]>
  | AsyncIterable<Tensor | Tensor[]>;

/**
 * Gives batch normalization the mean, over all batches, of each batch's own
 * statistics: over all calls of a layer, which one that is shared, or run for each
 * step of a sequence, has more of.
 *
 * @throws {RangeError} If the model normalizes batches and there are none.
 * @throws {TypeError} If a batch is none of inputs.
 */
export async function estimateStatistics(
  model: LayersModel,
  batches: InputBatches = [],
): Promise<void> {
  const layers = [...batchNormalizations(model)];
  if (layers.length === 0) return;
  const restores = layers.map(averageCalls);
  try {
    let count = 0;
    for await (const xs of batches) {
      checkKind(
        "average snapshots",
        {
          name: `batch ${count}`,
          value: xs,
          must: "the inputs alone, a tensor or a list of tensors",
        },
        [xs].flat().every((x) => x instanceof tf.Tensor),
      );
      count++;
      try {
        tf.tidy(() => {
          model.apply(xs, { training: true });
        });
      } finally {
        tf.dispose(xs);
      }
    }
    if (count === 0) {
      throw new RangeError(
        "Cannot average snapshots as a model with batch normalization must be given batches: current value is none",
      );
    }
  } finally {
    for (const restore of restores) restore();
  }
}

/**
 * Lets each call of a layer leave the mean of all calls so far, in place of a
 * moving one.
 *
 * @returns What ends that.
 */
function averageCalls(layer: BatchNormalization): () => void {
  const { momentum, call } = layer;
  const own = Object.getOwnPropertyDescriptor(layer, "call");
  let calls = 0;
  layer.call = (...given) => {
    layer.momentum = calls / (calls + 1);
    calls++;
    return call.call(layer, ...given);
  };
  return () => {
    layer.momentum = momentum;
    delete (layer as Partial<BatchNormalization>).call;
    if (own) Object.defineProperty(layer, "call", own);
  };
}
