/** tfjs's batch normalization layer, trained by one kernel. */

import * as tf from "@tensorflow/tfjs";
import { BATCH_NORM, BATCH_NORM_GRAD } from "./kernels/batch_norm.ts";
import {
  firstOf,
  layerPrototype,
  registerGradient,
  runKernel,
} from "../_engine.ts";
import { isFirstOrder } from "./_gradient.ts";

/** What the layer's types hide. */
interface BatchNormalization extends tf.layers.Layer {
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly gamma: tf.LayerVariable | null;
  readonly beta: tf.LayerVariable | null;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
  call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: Kwargs,
  ): tf.Tensor | tf.Tensor[];
}

interface Kwargs {
  readonly training?: boolean;
}

/** Registers the gradient, and lets the layer use the kernel where it can. */
export function installBatchNorm(): void {
  registerGradient({
    kernelName: BATCH_NORM,
    inputsToSave: ["x", "gamma"],
    outputsToSave: [false, true, true, false, false],
    gradFunc(dys, [x, gamma, mean, inverse]) {
      const dy = firstOf(dys);
      const inputs = { dy, x, gamma, mean, inverse };
      const [dx, dgamma, dbeta] = runKernel<tf.Tensor[]>(
        BATCH_NORM_GRAD,
        inputs,
      );
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
  const prototype = layerPrototype<BatchNormalization>("BatchNormalization");
  const stock = prototype.call;
  prototype.call = function (this: BatchNormalization, inputs, kwargs) {
    const [x, second] = Array.isArray(inputs) ? inputs : [inputs];
    const { axis, gamma, beta, epsilon, momentum } = this;
    const isFused = kwargs?.training && isFirstOrder(1) && !second &&
      x.dtype === "float32" && x.rank > 1 && x.size > 0 &&
      (axis === -1 || axis === x.rank - 1);
    if (!isFused) return stock.call(this, inputs, kwargs);
    const channels = [x.shape[x.rank - 1]];
    return tf.tidy(() => {
      const [y, _mean, _inverse, movingMean, movingVariance] = runKernel<
        tf.Tensor[]
      >(
        BATCH_NORM,
        {
          x,
          gamma: gamma?.read() ?? tf.ones(channels),
          beta: beta?.read() ?? tf.zeros(channels),
          movingMean: this.movingMean.read(),
          movingVariance: this.movingVariance.read(),
        },
        { epsilon, momentum },
      );
      this.movingMean.write(movingMean);
      this.movingVariance.write(movingVariance);
      return y;
    });
  };
}
