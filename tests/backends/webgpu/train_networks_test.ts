/** Networks of many kinds learn on WebGPU what they learn on CPU. */

import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { ignore, onWebGPU } from "./_on_webgpu.ts";
import { random } from "./_compare.ts";

const STEPS = 30;

interface Network {
  readonly input: number[];
  readonly build: (x: tf.SymbolicTensor) => tf.SymbolicTensor;
  readonly optimizer: () => tf.Optimizer;
  readonly loss: string;
  /** Inputs that are whole numbers below this. */
  readonly vocabulary?: number;
}

let seed = 0;
const init = () => tf.initializers.glorotUniform({ seed: ++seed });
const kernel = () => ({
  kernelInitializer: init(),
  kernelRegularizer: tf.regularizers.l2({ l2: 0.001 }),
});
const through = (...layers: tf.layers.Layer[]) => (x: tf.SymbolicTensor) =>
  layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, x);
const classifier = () =>
  tf.layers.dense({ units: 4, activation: "softmax", ...kernel() });

const NETWORKS: Record<string, Network> = {
  "a perceptron with dropout": {
    input: [6],
    build: (x) =>
      through(
        tf.layers.dense({ units: 16, activation: "tanh", ...kernel() }),
        tf.layers.dropout({ rate: 0.5, seed: 3 }),
        classifier(),
      )(x),
    optimizer: () => tf.train.adam(0.01),
    loss: "categoricalCrossentropy",
  },
  "a convolutional network": {
    input: [8, 8, 3],
    build: (x) =>
      through(
        tf.layers.conv2d({
          filters: 8,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          ...kernel(),
        }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({
          filters: 6,
          kernelSize: 3,
          activation: "sigmoid",
          ...kernel(),
        }),
        tf.layers.flatten(),
        classifier(),
      )(x),
    optimizer: () => tf.train.momentum(0.02, 0.9, true),
    loss: "categoricalCrossentropy",
  },
  "a residual network with batch norm": {
    input: [6, 6, 4],
    build(x) {
      const normed = (strides: number) => [
        tf.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          strides,
          padding: "same",
          useBias: false,
          ...kernel(),
        }),
        tf.layers.batchNormalization(),
      ];
      const y = through(...normed(1), tf.layers.reLU(), ...normed(1))(x);
      const sum = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
      return through(
        tf.layers.reLU(),
        ...normed(2),
        tf.layers.globalAveragePooling2d({ dataFormat: "channelsLast" }),
        classifier(),
      )(sum);
    },
    optimizer: () => tf.train.momentum(0.02, 0.9),
    loss: "categoricalCrossentropy",
  },
  "an inception network with dropout": {
    input: [6, 6, 3],
    build(x) {
      const branches = [1, 3, 5].map((kernelSize) =>
        through(
          tf.layers.conv2d({
            filters: 4,
            kernelSize,
            padding: "same",
            ...kernel(),
          }),
          tf.layers.batchNormalization(),
          tf.layers.reLU({ maxValue: 6 }),
        )(x)
      );
      const joined = tf.layers.concatenate().apply(branches);
      return through(
        tf.layers.averagePooling2d({ poolSize: 3, strides: 2 }),
        tf.layers.dropout({ rate: 0.25, seed: 7 }),
        tf.layers.flatten(),
        classifier(),
      )(joined as tf.SymbolicTensor);
    },
    optimizer: () => tf.train.rmsprop(0.003, 0.9, 0.5),
    loss: "categoricalCrossentropy",
  },
  "a separable network": {
    input: [8, 8, 3],
    build: (x) =>
      through(
        tf.layers.separableConv2d({
          filters: 6,
          kernelSize: 3,
          depthMultiplier: 2,
          depthwiseInitializer: init(),
          pointwiseInitializer: init(),
        }),
        tf.layers.depthwiseConv2d({
          kernelSize: 3,
          strides: 2,
          depthwiseInitializer: init(),
        }),
        tf.layers.elu(),
        tf.layers.flatten(),
        classifier(),
      )(x),
    optimizer: () => tf.train.adagrad(0.05),
    loss: "categoricalCrossentropy",
  },
  "a recurrent network": {
    input: [5],
    vocabulary: 9,
    build: (x) =>
      through(
        tf.layers.embedding({
          inputDim: 9,
          outputDim: 4,
          embeddingsInitializer: init(),
        }),
        tf.layers.lstm({
          units: 5,
          kernelInitializer: init(),
          recurrentInitializer: init(),
          returnSequences: true,
        }),
        tf.layers.gru({
          units: 4,
          kernelInitializer: init(),
          recurrentInitializer: init(),
        }),
        classifier(),
      )(x),
    optimizer: () => tf.train.adamax(0.02),
    loss: "categoricalCrossentropy",
  },
  "an autoencoder": {
    input: [8, 8, 2],
    build: (x) =>
      through(
        tf.layers.conv2d({
          filters: 5,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          ...kernel(),
        }),
        tf.layers.layerNormalization(),
        tf.layers.conv2dTranspose({
          filters: 2,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          ...kernel(),
        }),
      )(x),
    optimizer: () => tf.train.adadelta(0.5, 0.9, 1e-4),
    loss: "meanSquaredError",
  },
};

async function train(network: Network): Promise<number[]> {
  seed = 0;
  const x = tf.input({ shape: network.input });
  const model = tf.model({ inputs: x, outputs: network.build(x) });
  const optimizer = network.optimizer();
  model.compile({ optimizer, loss: network.loss });
  const batch = 6;
  const { xs, ys } = tf.tidy(() => {
    const noise = random([batch, ...network.input], 1);
    const { vocabulary } = network;
    const xs = vocabulary
      ? noise.abs().mul(4).floor().clipByValue(0, vocabulary - 1)
      : noise;
    const labels = tf.tensor1d([0, 1, 2, 3, 0, 1], "int32");
    const ys = network.loss === "meanSquaredError"
      ? noise.tanh()
      : tf.oneHot(labels, 4);
    return { xs, ys };
  });
  const losses = [];
  for (let i = 0; i < STEPS; i++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  tf.dispose([xs, ys]);
  optimizer.dispose();
  model.dispose();
  return losses;
}

for (const [name, network] of Object.entries(NETWORKS)) {
  Deno.test({
    name: `${name} learns on WebGPU what it learns on CPU`,
    ignore,
    async fn() {
      await tf.setBackend("cpu");
      const expected = await train(network);
      assert(expected[STEPS - 1] < expected[0]);
      await onWebGPU(async () => {
        const actual = await train(network);
        expected.forEach((loss, i) => {
          const error = Math.abs(actual[i] - loss);
          assert(error <= 1e-5, `loss ${i}: ${actual[i]} and not ${loss}`);
        });
      });
    },
  });
}
