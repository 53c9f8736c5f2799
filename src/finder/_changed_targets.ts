import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./_batch_source.ts";
import { isTensorPair, mapTree } from "./_tensor_tree.ts";

/** Each example with its neighbour's target. */
export function mispair(targets: tf.Tensor): tf.Tensor {
  return tf.concat([targets.slice(1), targets.slice(0, 1)]);
}

/** Other targets of the same kind in place of those that are all the same. */
export function replace(targets: tf.Tensor): tf.Tensor {
  const size = targets.shape.at(-1) ?? 1;
  if (targets.rank < 2 || size === 1) {
    return targets.equal(tf.zerosLike(targets)).cast(targets.dtype);
  }
  // A class in place of another.
  const classes = tf.range(1, size + 1, 1, "int32").mod(
    tf.scalar(size, "int32"),
  );
  return targets.gather(classes.toInt(), targets.rank - 1);
}

/** The same batches with other targets. */
export function withTargets(
  source: BatchSource,
  change: (targets: tf.Tensor) => tf.Tensor,
): BatchSource {
  return {
    name: source.name,
    isDataset: source.isDataset,
    batches: source.batches,
    emptyError: () => source.emptyError(),
    endlessError: () => source.endlessError(),
    async *pass() {
      for await (const batch of source.pass()) {
        if (!isTensorPair(batch)) {
          yield batch;
          continue;
        }
        const { ys } = batch;
        const changed = mapTree(ys, (tensor) => tf.tidy(() => change(tensor)));
        tf.dispose(ys as tf.TensorContainer);
        yield { ...batch, ys: changed };
      }
    },
  };
}
