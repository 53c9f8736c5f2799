/**
 * tf.losses.softmaxCrossEntropy with the gradients that it has. tfjs's own (4.22)
 * gives the logits a gradient that holds for labels which sum to 1 alone, the
 * labels a wrong one, neither a second; and smooths by the length of the second
 * axis, whatever rank there is.
 */

import * as tf from "@tensorflow/tfjs";

/** The tensor of an argument, refused as tfjs refuses what is none. */
function floats(name: string, x: tf.Tensor | tf.TensorLike): tf.Tensor {
  const isOne = typeof x === "number" || Array.isArray(x) ||
    ArrayBuffer.isView(x) || x instanceof tf.Tensor;
  if (!isOne) {
    throw new Error(
      `Argument '${name}' passed to 'softmaxCrossEntropy' must be a Tensor or TensorLike, but got '${typeof x}'`,
    );
  }
  return tf.cast(x instanceof tf.Tensor ? x : tf.tensor(x), "float32");
}

/** −Σ labels · ln softmax(logits) over the last axis. */
function softmaxCrossEntropy(
  ...[
    labels,
    logits,
    weights,
    labelSmoothing = 0,
    reduction = tf.Reduction.SUM_BY_NONZERO_WEIGHTS,
  ]: Parameters<typeof tf.losses.softmaxCrossEntropy>
): tf.Tensor {
  return tf.tidy(() => {
    const given = floats("onehotLabels", labels);
    const scores = floats("logits", logits);
    const factors = weights == null ? undefined : floats("weights", weights);
    tf.util.assertShapesMatch(
      given.shape,
      scores.shape,
      "Error in softmaxCrossEntropy: ",
    );
    const classes = given.shape[given.rank - 1];
    const smooth = labelSmoothing > 0
      ? tf.add(
        tf.mul(given, 1 - labelSmoothing),
        labelSmoothing / classes,
      )
      : given;
    const losses = tf.neg(tf.sum(tf.mul(smooth, tf.logSoftmax(scores)), -1));
    return tf.losses.computeWeightedLoss(losses, factors, reduction);
  });
}

/** Puts it in the place of tfjs's own. */
export function mendSoftmaxCrossEntropy(): void {
  Object.assign(tf.losses, { softmaxCrossEntropy });
}
