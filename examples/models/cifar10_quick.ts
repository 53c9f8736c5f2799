/**
 * Caffe's CIFAR-10 "quick" network, the architecture of the experiments in
 * L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2015).
 *
 * Source: `examples/cifar10/cifar10_quick_train_test.prototxt` and
 * `cifar10_quick_solver.prototxt` of https://github.com/BVLC/caffe.
 *
 * | layer | output | parameters |
 * | --- | --- | --- |
 * | conv1: 32 filters of 5×5, weights N(0, 0.0001²) | 32×32×32 | 2,432 |
 * | pool1: maximum of 3×3, stride 2; relu1 | 16×16×32 | |
 * | conv2: 32 filters of 5×5, weights N(0, 0.01²); relu2 | 16×16×32 | 25,632 |
 * | pool2: average of 3×3, stride 2 | 8×8×32 | |
 * | conv3: 64 filters of 5×5, weights N(0, 0.01²); relu3 | 8×8×64 | 51,264 |
 * | pool3: average of 3×3, stride 2 | 4×4×64 | |
 * | ip1: 64 units, weights N(0, 0.1²), no activation | 64 | 65,600 |
 * | ip2: 10 units, weights N(0, 0.1²), softmax | 10 | 650 |
 *
 * In all 145,578 parameters. What else there is to know:
 *
 * - Caffe rounds the size of a pooled map up and lets the last window hang over
 *   the edge, counting only what is inside. On maps of 32, 16 and 8 tfjs's
 *   padding "same" has the very same windows, and its average counts alike.
 * - The weight decay of 0.004 is added to the gradient, as 0.004 · w, for
 *   weights and biases. The same gradient comes from 0.002 · Σw² in the loss,
 *   so the training loss that tfjs shows contains that penalty (about 1.3 at
 *   the start) where Caffe's does not. The evaluated loss contains it neither
 *   here nor there.
 * - Caffe lets biases learn at twice the rate of weights. Here they learn at
 *   the same rate, unless `layerRates(model, { "*bias": 2 })` of
 *   `@clr/clr/training` is in force.
 * - It takes pixels of 0–255 less the mean image of the training images.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, type ModelOptions } from "./_compile.ts";

/** Options of {@linkcode createCifar10Quick}. */
export interface Cifar10QuickOptions extends ModelOptions {
  /** Caffe's `weight_decay`: this times the weight is added to its gradient. @default {0.004} */
  weightDecay?: number;
  /** Rows and columns of an image: Caffe's pooling is tfjs's on any even map. @default {32} */
  imageSize?: number;
  /** What the filters and units of each layer are multiplied by. @default {1} */
  width?: number;
}

/** The number of parameters with ten classes. */
export const CIFAR10_QUICK_PARAMETERS = 145_578;

/** The paper's optimizer for it: momentum 0.9, and 0.001 as Caffe's first rate. */
export function createCifar10QuickOptimizer(
  learningRate = 0.001,
): tf.MomentumOptimizer {
  return tf.train.momentum(learningRate, 0.9);
}

/**
 * Builds the network; it takes [batch, 32, 32, 3], or what `imageSize` says, and
 * gives class probabilities.
 */
export function createCifar10Quick(
  {
    seed = 0,
    classes = 10,
    weightDecay = 0.004,
    imageSize = 32,
    width = 1,
    optimizer,
  }: Cifar10QuickOptions = {},
): tf.Sequential {
  const regularizer = () =>
    weightDecay === 0 ? undefined : tf.regularizers.l2({ l2: weightDecay / 2 });
  let layer = 0;
  // One seed for all layers would make their weights multiples of each other.
  const parameters = (stddev: number) => ({
    kernelInitializer: tf.initializers.randomNormal({
      mean: 0,
      stddev,
      seed: 8 * seed + ++layer,
    }),
    biasInitializer: "zeros" as const,
    kernelRegularizer: regularizer(),
    biasRegularizer: regularizer(),
  });
  const convolution = (name: string, filters: number, stddev: number) => ({
    name,
    filters: filters * width,
    kernelSize: 5,
    padding: "same" as const,
    ...parameters(stddev),
  });
  const pooling = (name: string) => ({
    name,
    poolSize: 3,
    strides: 2,
    padding: "same" as const,
  });

  const model = tf.sequential({
    name: "cifar10_quick",
    layers: [
      tf.layers.conv2d({
        inputShape: [imageSize, imageSize, 3],
        ...convolution("conv1", 32, 1e-4),
      }),
      tf.layers.maxPooling2d(pooling("pool1")),
      tf.layers.activation({ name: "relu1", activation: "relu" }),
      tf.layers.conv2d(convolution("conv2", 32, 0.01)),
      tf.layers.activation({ name: "relu2", activation: "relu" }),
      tf.layers.averagePooling2d(pooling("pool2")),
      tf.layers.conv2d(convolution("conv3", 64, 0.01)),
      tf.layers.activation({ name: "relu3", activation: "relu" }),
      tf.layers.averagePooling2d(pooling("pool3")),
      tf.layers.flatten(),
      tf.layers.dense({
        name: "ip1",
        units: 64 * width,
        ...parameters(0.1),
      }),
      tf.layers.dense({
        name: "ip2",
        units: classes,
        activation: "softmax",
        ...parameters(0.1),
      }),
    ],
  });
  // Built now: until then tfjs knows no penalty of a sequential model.
  model.build();
  return compileWith(model, optimizer);
}
