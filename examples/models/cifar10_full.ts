/**
 * Caffe's CIFAR-10 "full" network: the "quick" one's convolutions with local
 * response normalization and one fully connected layer. Its standard solver
 * runs for 70,000 iterations, the "fixed" line of Table 1 in L. N. Smith,
 * "Cyclical Learning Rates for Training Neural Networks" (2015).
 *
 * Source: `examples/cifar10/cifar10_full_train_test.prototxt` of
 * https://github.com/BVLC/caffe.
 *
 * | layer | output | parameters |
 * | --- | --- | --- |
 * | conv1: 32 filters of 5×5, weights N(0, 0.0001²) | 32×32×32 | 2,432 |
 * | pool1: maximum of 3×3, stride 2; relu1; norm1 | 16×16×32 | |
 * | conv2: 32 filters of 5×5, weights N(0, 0.01²); relu2 | 16×16×32 | 25,632 |
 * | pool2: average of 3×3, stride 2; norm2 | 8×8×32 | |
 * | conv3: 64 filters of 5×5, weights N(0, 0.01²); relu3 | 8×8×64 | 51,264 |
 * | pool3: average of 3×3, stride 2 | 4×4×64 | |
 * | ip1: 10 units, weights N(0, 0.01²), softmax | 10 | 10,250 |
 *
 * In all 89,578 parameters. Weight decay is 0.004, and 250 times that for the
 * weights of ip1, none for its biases. Caffe lets the biases of conv1, conv2 and
 * ip1 learn at twice the rate, which `layerRates` can do; poolings and the
 * penalty in the training loss are as `cifar10_quick.ts` says.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";
import { WithinChannelNormalization } from "./_local_response_normalization.ts";

/** The number of parameters with ten classes. */
export const CIFAR10_FULL_PARAMETERS = 89_578;

/** Builds the network; it takes [batch, 32, 32, 3] and gives class probabilities. */
export function createCifar10Full(
  { seed = 0, classes = 10, optimizer }: ModelOptions = {},
): tf.Sequential {
  const nextSeed = layerSeeds(seed);
  const decay = (weightDecay: number) =>
    tf.regularizers.l2({ l2: weightDecay / 2 });
  const gaussian = (stddev: number) =>
    tf.initializers.randomNormal({ mean: 0, stddev, seed: nextSeed() });
  const convolution = (name: string, filters: number, stddev: number) => ({
    name,
    filters,
    kernelSize: 5,
    padding: "same" as const,
    kernelInitializer: gaussian(stddev),
    kernelRegularizer: decay(0.004),
    biasRegularizer: decay(0.004),
  });
  const pooling = (name: string) => ({
    name,
    poolSize: 3,
    strides: 2,
    padding: "same" as const,
  });
  const relu = (name: string) =>
    tf.layers.activation({ name, activation: "relu" });

  const model = tf.sequential({
    name: "cifar10_full",
    layers: [
      tf.layers.conv2d({
        inputShape: [32, 32, 3],
        ...convolution("conv1", 32, 1e-4),
      }),
      tf.layers.maxPooling2d(pooling("pool1")),
      relu("relu1"),
      new WithinChannelNormalization({ name: "norm1" }),
      tf.layers.conv2d(convolution("conv2", 32, 0.01)),
      relu("relu2"),
      tf.layers.averagePooling2d(pooling("pool2")),
      new WithinChannelNormalization({ name: "norm2" }),
      tf.layers.conv2d(convolution("conv3", 64, 0.01)),
      relu("relu3"),
      tf.layers.averagePooling2d(pooling("pool3")),
      tf.layers.flatten(),
      tf.layers.dense({
        name: "ip1",
        units: classes,
        activation: "softmax",
        kernelInitializer: gaussian(0.01),
        kernelRegularizer: decay(250 * 0.004),
      }),
    ],
  });
  // Built now: until then tfjs knows no penalty of a sequential model.
  model.build();
  return compileWith(model, optimizer);
}
