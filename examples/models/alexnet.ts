/**
 * Caffe's AlexNet for ImageNet, of Table 1 in L. N. Smith, "Cyclical Learning
 * Rates for Training Neural Networks" (2015).
 *
 * Source: A. Krizhevsky et al., "ImageNet Classification with Deep
 * Convolutional Neural Networks" (2012), as `models/bvlc_alexnet` of
 * https://github.com/BVLC/caffe has it: convolutions 2, 4 and 5 in two groups,
 * weights N(0, 0.01²), in fc6 and fc7 N(0, 0.005²), biases 0 or 0.1, half of fc6
 * and fc7 dropped, weight decay 0.0005 on weights. It has 60,965,224 parameters
 * with a thousand classes.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";
import { CountedDropout } from "./_counted_layer.ts";
import { gaussianTensor } from "./_gaussian.ts";
import { AcrossChannelsNormalization } from "./_local_response_normalization.ts";

/** The number of parameters with a thousand classes. */
export const ALEXNET_PARAMETERS = 60_965_224;

/** Options of {@linkcode createAlexNet}; there are a thousand classes by default. */
export interface AlexNetOptions extends ModelOptions {
  /** Height and width of the images, at least 67. @default {227} */
  size?: number;
}

/** One of several equal parts of the channels. */
class ChannelPart extends tf.layers.Layer {
  static className = "ChannelPart";
  readonly #part: number;
  readonly #parts: number;

  constructor(
    args: ConstructorParameters<typeof tf.layers.Layer>[0] & {
      part: number;
      parts: number;
    },
  ) {
    super(args);
    this.#part = args.part;
    this.#parts = args.parts;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), inputShape.at(-1)! / this.#parts];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const size = x.shape[3]! / this.#parts;
    return tf.slice(x, [0, 0, 0, this.#part * size], [-1, -1, -1, size]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), part: this.#part, parts: this.#parts };
  }
}

tf.serialization.registerClass(ChannelPart);

/** Builds the network; it takes [batch, size, size, 3] and gives class probabilities. */
export function createAlexNet(
  { seed = 0, classes = 1000, size = 227, optimizer }: AlexNetOptions = {},
): tf.LayersModel {
  const nextSeed = layerSeeds(seed);
  const kernels: { layer: tf.layers.Layer; stddev: number }[] = [];
  /** Applies a layer whose weights are drawn once all of them are there. */
  const apply = (
    layer: tf.layers.Layer,
    stddev: number,
    x: tf.SymbolicTensor,
  ) => {
    kernels.push({ layer, stddev });
    return layer.apply(x) as tf.SymbolicTensor;
  };
  const parameters = (bias: number) => ({
    kernelInitializer: "zeros" as const,
    biasInitializer: tf.initializers.constant({ value: bias }),
    kernelRegularizer: tf.regularizers.l2({ l2: 0.0005 / 2 }),
  });
  const convolution = (
    x: tf.SymbolicTensor,
    { filters, kernelSize, bias, groups = 1, strides = 1 }: {
      readonly filters: number;
      readonly kernelSize: number;
      readonly bias: number;
      readonly groups?: number;
      readonly strides?: number;
    },
  ) => {
    const parts = Array.from({ length: groups }, (_, part) => {
      const input = groups === 1
        ? x
        : new ChannelPart({ part, parts: groups }).apply(x);
      const layer = tf.layers.conv2d({
        filters: filters / groups,
        kernelSize,
        strides,
        padding: strides === 1 ? "same" : "valid",
        activation: "relu",
        ...parameters(bias),
      });
      return apply(layer, 0.01, input as tf.SymbolicTensor);
    });
    return groups === 1
      ? parts[0]
      : tf.layers.concatenate().apply(parts) as tf.SymbolicTensor;
  };
  const normalize = (x: tf.SymbolicTensor) =>
    new AcrossChannelsNormalization().apply(x) as tf.SymbolicTensor;
  const pool = (x: tf.SymbolicTensor) =>
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2 })
      .apply(x) as tf.SymbolicTensor;
  const dense = (x: tf.SymbolicTensor) => {
    const layer = tf.layers.dense({
      units: 4096,
      activation: "relu",
      ...parameters(0.1),
    });
    return new CountedDropout({ rate: 0.5, seed: nextSeed() })
      .apply(apply(layer, 0.005, x)) as tf.SymbolicTensor;
  };

  const input = tf.input({ shape: [size, size, 3] });
  let x = pool(
    normalize(
      convolution(input, { filters: 96, kernelSize: 11, bias: 0, strides: 4 }),
    ),
  );
  x = pool(
    normalize(
      convolution(x, { filters: 256, kernelSize: 5, bias: 0.1, groups: 2 }),
    ),
  );
  x = convolution(x, { filters: 384, kernelSize: 3, bias: 0 });
  x = convolution(x, { filters: 384, kernelSize: 3, bias: 0.1, groups: 2 });
  x = pool(
    convolution(x, { filters: 256, kernelSize: 3, bias: 0.1, groups: 2 }),
  );
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  x = dense(dense(x));
  const last = tf.layers.dense({
    units: classes,
    activation: "softmax",
    ...parameters(0),
  });
  const output = apply(last, 0.01, x);
  for (const { layer, stddev } of kernels) {
    const [kernel, bias] = layer.getWeights();
    const drawn = gaussianTensor(kernel.shape, stddev, nextSeed());
    layer.setWeights([drawn, bias]);
    drawn.dispose();
  }
  return compileWith(
    tf.model({ name: "alexnet", inputs: input, outputs: output }),
    optimizer,
  );
}
