/**
 * MiniGoogLeNet: a small network of inception modules for images of 32×32.
 *
 * Source: the "Inception" of C. Zhang et al., "Understanding deep learning
 * requires rethinking generalization" (2016), Figure 3, in the form in which
 * A. Rosebrock's tutorials on cyclical learning rates (2019) train it: every
 * convolution has biases and is followed by batch normalization and relu, and
 * half of the features are dropped before the last layer.
 *
 * Convolution kernels, normalization shifts and the last layer are the
 * 1,649,402 parameters that Zhang et al. count. With the tutorials' biases and
 * scales 1,652,826 are trained; with the running statistics it is 1,656,250.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";
import { CountedDropout } from "./_counted_layer.ts";

/** The number of parameters with three channels and ten classes. */
export const MINIGOOGLENET_PARAMETERS = 1_656_250;

/** Options of {@linkcode createMiniGoogLeNet}. */
export interface MiniGoogLeNetOptions extends ModelOptions {
  /** Channels of the images: 3, or 1 for Fashion-MNIST. @default {3} */
  channels?: number;
  /** Rows and columns of an image; the last pooling covers what is left of it. @default {32} */
  imageSize?: number;
  /** What the features of each convolution are multiplied by. @default {1} */
  width?: number;
}

/** Rows of a map after a window of 3 with stride 2 that stays inside. */
const halved = (size: number) => Math.floor((size - 3) / 2) + 1;

/**
 * Builds the network; it takes [batch, 32, 32, channels], or what `imageSize`
 * says, and gives class probabilities.
 */
export function createMiniGoogLeNet(
  {
    seed = 0,
    classes = 10,
    channels = 3,
    imageSize = 32,
    width = 1,
    optimizer,
  }: MiniGoogLeNetOptions = {},
): tf.LayersModel {
  const nextSeed = layerSeeds(seed);
  const weights = () => tf.initializers.glorotUniform({ seed: nextSeed() });
  const convolution = (
    x: tf.SymbolicTensor,
    filters: number,
    shape: {
      readonly kernelSize: number;
      readonly strides?: number;
      readonly padding?: "same" | "valid";
    },
  ) => {
    const y = tf.layers.conv2d({
      filters: filters * width,
      padding: "same",
      ...shape,
      kernelInitializer: weights(),
    }).apply(x);
    const normalized = tf.layers.batchNormalization().apply(y);
    return tf.layers.activation({ activation: "relu" })
      .apply(normalized) as tf.SymbolicTensor;
  };
  const join = (...branches: tf.SymbolicTensor[]) =>
    tf.layers.concatenate().apply(branches) as tf.SymbolicTensor;
  const inception = (x: tf.SymbolicTensor, ones: number, threes: number) =>
    join(
      convolution(x, ones, { kernelSize: 1 }),
      convolution(x, threes, { kernelSize: 3 }),
    );
  const downsample = (x: tf.SymbolicTensor, filters: number) =>
    join(
      convolution(x, filters, {
        kernelSize: 3,
        strides: 2,
        padding: "valid",
      }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2 })
        .apply(x) as tf.SymbolicTensor,
    );

  const input = tf.input({ shape: [imageSize, imageSize, channels] });
  let x = convolution(input, 96, { kernelSize: 3 });
  x = inception(x, 32, 32);
  x = inception(x, 32, 48);
  x = downsample(x, 80);
  x = inception(x, 112, 48);
  x = inception(x, 96, 64);
  x = inception(x, 80, 80);
  x = inception(x, 48, 96);
  x = downsample(x, 96);
  x = inception(x, 176, 160);
  x = inception(x, 176, 160);
  x = tf.layers.averagePooling2d({ poolSize: halved(halved(imageSize)) })
    .apply(x) as tf.SymbolicTensor;
  x = new CountedDropout({ rate: 0.5, seed: nextSeed() })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: weights(),
  }).apply(x) as tf.SymbolicTensor;
  return compileWith(
    tf.model({ name: "minigooglenet", inputs: input, outputs: output }),
    optimizer,
  );
}
