/**
 * The densely connected network of 40 layers with growth 12 for images of
 * 32×32, without bottlenecks or compression.
 *
 * Source: G. Huang et al., "Densely Connected Convolutional Networks" (2016),
 * section 3 and Table 2; https://github.com/liuzhuang13/DenseNet (weights
 * N(0, 2 / (k²·filters)), weight decay 0.0001). Trained parameters with ten
 * classes: 1,019,722, which the paper gives as 1.0 million.
 *
 * Done differently here: normalization's scales and shifts do not decay.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { compileWith, layerSeeds, type ModelOptions } from "./_compile.ts";

/** Trained parameters with 40 layers, growth 12 and ten classes. */
export const DENSENET_PARAMETERS = 1_019_722;

/** Options of {@linkcode createDenseNet}. */
export interface DenseNetOptions extends ModelOptions {
  /** Layers with weights: 3n + 4. @default {40} */
  depth?: number;
  /** Maps that each layer adds. @default {12} */
  growth?: number;
}

/**
 * Builds the network; it takes [batch, 32, 32, 3] and gives class probabilities.
 *
 * @throws {RangeError} When `depth` is not 3n + 4.
 */
export function createDenseNet(
  { seed = 0, classes = 10, depth = 40, growth = 12, optimizer }:
    DenseNetOptions = {},
): tf.LayersModel {
  const layers = (depth - 4) / 3;
  if (!(Number.isInteger(layers) && layers > 0)) {
    throw new RangeError(
      `Cannot build a dense network as depth must be 3n + 4: current value is ${depth}`,
    );
  }
  const nextSeed = layerSeeds(seed);
  const decay = () => tf.regularizers.l2({ l2: 0.0001 / 2 });
  const convolution = (x: tf.SymbolicTensor, filters: number, size: number) =>
    tf.layers.conv2d({
      filters,
      kernelSize: size,
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.randomNormal({
        mean: 0,
        stddev: Math.sqrt(2 / (size * size * filters)),
        seed: nextSeed(),
      }),
      kernelRegularizer: decay(),
    }).apply(x) as tf.SymbolicTensor;
  const activate = (x: tf.SymbolicTensor) =>
    tf.layers.activation({ activation: "relu" }).apply(
      tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }).apply(x),
    ) as tf.SymbolicTensor;

  const input = tf.input({ shape: [32, 32, 3] });
  let x = convolution(input, 16, 3);
  for (const block of [1, 2, 3]) {
    for (let i = 0; i < layers; i++) {
      x = tf.layers.concatenate()
        .apply([x, convolution(activate(x), growth, 3)]) as tf.SymbolicTensor;
    }
    if (block === 3) break;
    x = tf.layers.averagePooling2d({ poolSize: 2 })
      .apply(convolution(activate(x), x.shape.at(-1)!, 1)) as tf.SymbolicTensor;
  }
  x = tf.layers.globalAveragePooling2d({})
    .apply(activate(x)) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: nextSeed() }),
    kernelRegularizer: decay(),
  }).apply(x) as tf.SymbolicTensor;
  return compileWith(
    tf.model({ name: `densenet${depth}`, inputs: input, outputs: output }),
    optimizer,
  );
}
