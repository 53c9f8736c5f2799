/**
 * Residual networks for images of 32×32, with stochastic depth as an option.
 *
 * Source: K. He et al., "Deep Residual Learning for Image Recognition" (2015),
 * section 4.2, as `fb.resnet.torch` has them (shortcuts without parameters,
 * weights N(0, 2 / (k²·filters)), weight decay 0.0001); G. Huang et al., "Deep
 * Networks with Stochastic Depth" (2016): block l of L survives with the
 * probability 1 − l / (2L).
 *
 * A network of 6n + 2 layers has three stages of n blocks with 16, 32 and 64
 * filters. Trained parameters with ten classes: 269,722 for 20 layers, 853,018
 * for 56 and 1,727,962 for 110, which the paper gives as 0.27, 0.85 and 1.7
 * million.
 *
 * Done differently here: a branch that stochastic depth leaves out is computed
 * and multiplied by 0, so its normalization statistics go on, and no time is
 * saved; normalization's scales and shifts do not decay.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";
import { StochasticDepthAdd } from "./_counted_layer.ts";

/** Trained parameters with ten classes, by depth. */
export const RESNET_PARAMETERS = {
  20: 269_722,
  56: 853_018,
  110: 1_727_962,
} as const;

/** Options of {@linkcode createResNet}. */
export interface ResNetOptions extends ModelOptions {
  /** Layers with weights: 6n + 2. @default {20} */
  depth?: number;
  /** Whether blocks are left out at random in training. @default {false} */
  stochasticDepth?: boolean;
  /** Rows and columns of an image. @default {32} */
  imageSize?: number;
  /** What the filters of each layer are multiplied by. @default {1} */
  width?: number;
}

/** Zeros for channels that a shortcut lacks. */
class PadChannels extends tf.layers.Layer {
  static className = "PadChannels";
  readonly #channels: number;

  constructor(
    args: ConstructorParameters<typeof tf.layers.Layer>[0] & {
      channels: number;
    },
  ) {
    super(args);
    this.#channels = args.channels;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), inputShape.at(-1)! + this.#channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return tf.pad(x, [[0, 0], [0, 0], [0, 0], [0, this.#channels]]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), channels: this.#channels };
  }
}

tf.serialization.registerClass(PadChannels);

/**
 * Builds the network; it takes [batch, 32, 32, 3], or what `imageSize` says, and
 * gives class probabilities.
 *
 * @throws {RangeError} When `depth` is not 6n + 2.
 */
export function createResNet(
  {
    seed = 0,
    classes = 10,
    depth = 20,
    stochasticDepth = false,
    imageSize = 32,
    width = 1,
    optimizer,
  }: ResNetOptions = {},
): tf.LayersModel {
  const blocks = (depth - 2) / 6;
  if (!(Number.isInteger(blocks) && blocks > 0)) {
    throw new RangeError(
      `Cannot build a residual network as depth must be 6n + 2: current value is ${depth}`,
    );
  }
  const nextSeed = layerSeeds(seed);
  const decay = () => tf.regularizers.l2({ l2: 0.0001 / 2 });
  const normalize = (x: tf.SymbolicTensor) =>
    tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 })
      .apply(x) as tf.SymbolicTensor;
  const relu = (x: tf.SymbolicTensor) =>
    tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;
  const convolution = (x: tf.SymbolicTensor, filters: number, strides = 1) =>
    normalize(
      tf.layers.conv2d({
        filters,
        strides,
        kernelSize: 3,
        padding: "same",
        useBias: false,
        kernelInitializer: tf.initializers.randomNormal({
          mean: 0,
          stddev: Math.sqrt(2 / (9 * filters)),
          seed: nextSeed(),
        }),
        kernelRegularizer: decay(),
      }).apply(x) as tf.SymbolicTensor,
    );
  const shortcut = (x: tf.SymbolicTensor, filters: number, strides: number) => {
    if (strides === 1) return x;
    // Pooling over single pixels takes every other one.
    const half = tf.layers.averagePooling2d({ poolSize: 1, strides }).apply(x);
    return new PadChannels({ channels: filters - x.shape.at(-1)! })
      .apply(half) as tf.SymbolicTensor;
  };

  const input = tf.input({ shape: [imageSize, imageSize, 3] });
  let x = relu(convolution(input, 16 * width));
  let block = 0;
  for (const [stage, full] of [16, 32, 64].entries()) {
    const filters = full * width;
    for (let i = 0; i < blocks; i++) {
      const strides = stage > 0 && i === 0 ? 2 : 1;
      const residual = convolution(
        relu(convolution(x, filters, strides)),
        filters,
      );
      const survival = 1 - ++block / (6 * blocks);
      const sum = stochasticDepth
        ? new StochasticDepthAdd({ survival, seed: nextSeed() })
        : tf.layers.add();
      x = relu(
        sum.apply([
          shortcut(x, filters, strides),
          residual,
        ]) as tf.SymbolicTensor,
      );
    }
  }
  x = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: nextSeed() }),
    kernelRegularizer: decay(),
  }).apply(x) as tf.SymbolicTensor;
  return compileWith(
    tf.model({ name: `resnet${depth}`, inputs: input, outputs: output }),
    optimizer,
  );
}
