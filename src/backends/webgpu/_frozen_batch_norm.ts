/**
 * The gradient of batch normalization by given statistics, as in a network that
 * is only fine-tuned. tfjs repeats each statistic until it is as large as the
 * input; here they are broadcast, once they are put together.
 */

import * as tf from "@tensorflow/tfjs";
import { replaceGradient } from "./_gradient.ts";

/** Lets the gradient of FusedBatchNorm do so. */
export function replaceFrozenBatchNormGradient(): void {
  replaceGradient<tf.FusedBatchNormAttrs>(
    "FusedBatchNorm",
    (dy, saved, attrs) => {
      const [x, mean, variance, scale] = saved;
      if (mean.rank !== 1 || variance.rank !== 1 || scale?.rank !== 1) {
        return undefined;
      }
      const axes = x.shape.map((_, i) => i).slice(0, -1);
      const epsilon = attrs.varianceEpsilon;
      const inverse = () => tf.rsqrt(variance.add(epsilon));
      const sums = () => dy.sum(axes);
      const products = () => dy.mul(x.sub(mean)).sum(axes);
      return {
        x: () => dy.mul(inverse().mul(scale)),
        mean: () => sums().mul(inverse()).mul(scale).neg(),
        variance: () => products().mul(inverse().pow(3)).mul(scale).mul(-0.5),
        scale: () => products().mul(inverse()),
        offset: sums,
      };
    },
  );
}
