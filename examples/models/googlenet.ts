/**
 * GoogLeNet for ImageNet, of Table 1 in L. N. Smith, "Cyclical Learning Rates
 * for Training Neural Networks" (2015).
 *
 * Source: C. Szegedy et al., "Going Deeper with Convolutions" (2014), Table 1,
 * as `models/bvlc_googlenet` of https://github.com/BVLC/caffe has it: Xavier
 * weights, biases 0.2, 40 % of the features dropped, weight decay 0.0002 on
 * weights. The two auxiliary classifiers, which only take part in training, are
 * left out. It has 6,998,552 parameters with a thousand classes.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";
import { CountedDropout } from "./_counted_layer.ts";
import { AcrossChannelsNormalization } from "./_local_response_normalization.ts";

/** The number of parameters with a thousand classes. */
export const GOOGLENET_PARAMETERS = 6_998_552;

/** Options of {@linkcode createGoogLeNet}; there are a thousand classes by default. */
export interface GoogLeNetOptions extends ModelOptions {
  /** Height and width of the images, a multiple of 32. @default {224} */
  size?: number;
}

/** Filters of a module: 1×1; 3×3 with those before it; 5×5 likewise; after pooling. */
type Inception = readonly [
  ones: number,
  reduce3: number,
  threes: number,
  reduce5: number,
  fives: number,
  pooled: number,
];

const STAGES: readonly (readonly Inception[])[] = [
  [[64, 96, 128, 16, 32, 32], [128, 128, 192, 32, 96, 64]],
  [
    [192, 96, 208, 16, 48, 64],
    [160, 112, 224, 24, 64, 64],
    [128, 128, 256, 24, 64, 64],
    [112, 144, 288, 32, 64, 64],
    [256, 160, 320, 32, 128, 128],
  ],
  [[256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128]],
];

/** Builds the network; it takes [batch, size, size, 3] and gives class probabilities. */
export function createGoogLeNet(
  { seed = 0, classes = 1000, size = 224, optimizer }: GoogLeNetOptions = {},
): tf.LayersModel {
  const nextSeed = layerSeeds(seed);
  const parameters = (bias: number) => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed: nextSeed() }),
    biasInitializer: tf.initializers.constant({ value: bias }),
    kernelRegularizer: tf.regularizers.l2({ l2: 0.0002 / 2 }),
  });
  const convolution = (
    x: tf.SymbolicTensor,
    { filters, kernelSize, strides = 1 }: {
      readonly filters: number;
      readonly kernelSize: number;
      readonly strides?: number;
    },
  ) =>
    tf.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: "same",
      activation: "relu",
      ...parameters(0.2),
    }).apply(x) as tf.SymbolicTensor;
  const pool = (x: tf.SymbolicTensor, strides: number) =>
    tf.layers.maxPooling2d({ poolSize: 3, strides, padding: "same" })
      .apply(x) as tf.SymbolicTensor;
  const normalize = (x: tf.SymbolicTensor) =>
    new AcrossChannelsNormalization().apply(x) as tf.SymbolicTensor;
  const inception = (
    x: tf.SymbolicTensor,
    [ones, reduce3, threes, reduce5, fives, pooled]: Inception,
  ) =>
    tf.layers.concatenate().apply([
      convolution(x, { filters: ones, kernelSize: 1 }),
      convolution(convolution(x, { filters: reduce3, kernelSize: 1 }), {
        filters: threes,
        kernelSize: 3,
      }),
      convolution(convolution(x, { filters: reduce5, kernelSize: 1 }), {
        filters: fives,
        kernelSize: 5,
      }),
      convolution(pool(x, 1), { filters: pooled, kernelSize: 1 }),
    ]) as tf.SymbolicTensor;

  const input = tf.input({ shape: [size, size, 3] });
  let x = normalize(
    pool(convolution(input, { filters: 64, kernelSize: 7, strides: 2 }), 2),
  );
  x = pool(
    normalize(
      convolution(convolution(x, { filters: 64, kernelSize: 1 }), {
        filters: 192,
        kernelSize: 3,
      }),
    ),
    2,
  );
  STAGES.forEach((stage, i) => {
    if (i > 0) x = pool(x, 2);
    for (const module of stage) x = inception(x, module);
  });
  x = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  x = new CountedDropout({ rate: 0.4, seed: nextSeed() })
    .apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    ...parameters(0),
  }).apply(x) as tf.SymbolicTensor;
  return compileWith(
    tf.model({ name: "googlenet", inputs: input, outputs: output }),
    optimizer,
  );
}
