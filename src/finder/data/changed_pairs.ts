import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./batch_source.ts";
import { isTensorPair, mapTree } from "./tensor_tree.ts";

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

/** Inputs that differ from those given in every number. */
export function differ(inputs: tf.Tensor): tf.Tensor {
  return inputs.equal(tf.zerosLike(inputs)).cast(inputs.dtype);
}

/** The same batches with other targets, or other inputs. */
export function withChanged(
  part: "xs" | "ys",
  source: BatchSource,
  change: (tensor: tf.Tensor) => tf.Tensor,
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
        const tree = batch[part];
        const changed = mapTree(
          tree,
          (tensor) => tf.tidy(() => change(tensor)),
        );
        tf.dispose(tree as tf.TensorContainer);
        yield { ...batch, [part]: changed };
      }
    },
  };
}
