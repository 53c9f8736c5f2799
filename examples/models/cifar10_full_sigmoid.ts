/**
 * Caffe's CIFAR-10 "full" network with sigmoids and batch normalization, of
 * Figure 6 in L. N. Smith, "Cyclical Learning Rates for Training Neural
 * Networks" (2015).
 *
 * Source: `examples/cifar10/cifar10_full_sigmoid_train_test_bn.prototxt` of
 * https://github.com/BVLC/caffe, as of 2015: batches of 111, a fixed rate of
 * 0.001, momentum 0.9, no weight decay (but see below), 60,000 iterations.
 *
 * Each of the three convolutions of the "full" network is followed by batch
 * normalization (scale from 1, shift from 0.001) and a sigmoid; the first
 * normalization comes after the pooling. 89,578 parameters as in the "full"
 * network and 256 scales and shifts are trained, 256 running statistics kept:
 * 90,090 in all.
 *
 * Caffe lets the biases of conv1 and conv2 learn at twice the rate and ip1's at
 * a fifth, which `layerRates` can do.
 *
 * The definition gives ip1 a decay of 250 times the solver's weight decay,
 * which the solver leaves at 0: there is none.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";

/** The number of parameters with ten classes, 256 of them running statistics. */
export const CIFAR10_FULL_SIGMOID_PARAMETERS = 90_090;

/** Builds the network; it takes [batch, 32, 32, 3] and gives class probabilities. */
export function createCifar10FullSigmoid(
  { seed = 0, classes = 10, optimizer }: ModelOptions = {},
): tf.Sequential {
  const nextSeed = layerSeeds(seed);
  const gaussian = (stddev: number) =>
    tf.initializers.randomNormal({ mean: 0, stddev, seed: nextSeed() });
  const convolution = (name: string, filters: number, stddev: number) => ({
    name,
    filters,
    kernelSize: 5,
    padding: "same" as const,
    kernelInitializer: gaussian(stddev),
  });
  const pooling = (name: string) => ({
    name,
    poolSize: 3,
    strides: 2,
    padding: "same" as const,
  });
  const normalization = (name: string) =>
    tf.layers.batchNormalization({
      name,
      betaInitializer: tf.initializers.constant({ value: 0.001 }),
    });
  const sigmoid = (name: string) =>
    tf.layers.activation({ name, activation: "sigmoid" });

  const model = tf.sequential({
    name: "cifar10_full_sigmoid",
    layers: [
      tf.layers.conv2d({
        inputShape: [32, 32, 3],
        ...convolution("conv1", 32, 1e-4),
      }),
      tf.layers.maxPooling2d(pooling("pool1")),
      normalization("bn1"),
      sigmoid("sigmoid1"),
      tf.layers.conv2d(convolution("conv2", 32, 0.01)),
      normalization("bn2"),
      sigmoid("sigmoid2"),
      tf.layers.averagePooling2d(pooling("pool2")),
      tf.layers.conv2d(convolution("conv3", 64, 0.01)),
      normalization("bn3"),
      sigmoid("sigmoid3"),
      tf.layers.averagePooling2d(pooling("pool3")),
      tf.layers.flatten(),
      tf.layers.dense({
        name: "ip1",
        units: classes,
        activation: "softmax",
        kernelInitializer: gaussian(0.01),
      }),
    ],
  });
  return compileWith(model, optimizer);
}
