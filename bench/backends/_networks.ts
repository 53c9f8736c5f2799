/** The networks whose training step `deno task bench:step` measures. */

import * as tf from "@tensorflow/tfjs";
import {
  createCifar10Quick,
  createCifar10QuickOptimizer,
} from "../../examples/models/cifar10_quick.ts";
import { createMiniGoogLeNet } from "../../examples/models/minigooglenet.ts";
import { createMnistPerceptron } from "../../examples/models/mnist_perceptron.ts";
import { createResNet } from "../../examples/models/resnet.ts";
import { createTransformerStep } from "./_transformer.ts";

/** A network at work. */
export interface Network {
  readonly title: string;
  readonly batchSize: number;
  /** Builds it with a random batch, and gives a training step on that batch. */
  create(batchSize: number): () => Promise<unknown>;
}

function randomClasses(count: number, classes: number): tf.Tensor {
  return tf.oneHot(tf.randomUniform([count], 0, classes, "int32"), classes);
}

function classifierStep(
  model: tf.LayersModel,
  xs: tf.Tensor,
  classes = 10,
): () => Promise<unknown> {
  const ys = randomClasses(xs.shape[0], classes);
  return () => model.trainOnBatch(xs, ys);
}

/** Sentences of words among 20,000, told apart by the last state of an LSTM. */
function createLstmStep(batchSize: number): () => Promise<unknown> {
  const words = 20_000;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({
        inputDim: words,
        outputDim: 64,
        inputLength: 80,
      }),
      // As PyTorch's: tfjs's default is the hard sigmoid.
      tf.layers.lstm({ units: 64, recurrentActivation: "sigmoid" }),
      tf.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
  model.compile({
    optimizer: tf.train.adam(0.001),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const xs = tf.randomUniform([batchSize, 80], 0, words, "int32");
  return classifierStep(model, xs, 2);
}

/** The networks by the names that the flag takes. */
export const networks = {
  quick: {
    title: "CIFAR-10 quick network",
    batchSize: 100,
    create: (batchSize) =>
      classifierStep(
        createCifar10Quick({ optimizer: createCifar10QuickOptimizer() }),
        tf.randomNormal([batchSize, 32, 32, 3]),
      ),
  },
  resnet20: {
    title: "ResNet-20",
    batchSize: 128,
    create: (batchSize) =>
      classifierStep(
        createResNet({ optimizer: tf.train.momentum(0.1, 0.9) }),
        tf.randomNormal([batchSize, 32, 32, 3]),
      ),
  },
  minigooglenet: {
    title: "MiniGoogLeNet",
    batchSize: 64,
    create: (batchSize) =>
      classifierStep(
        createMiniGoogLeNet({ optimizer: tf.train.momentum(0.01, 0.9) }),
        tf.randomNormal([batchSize, 32, 32, 3]),
      ),
  },
  perceptron: {
    title: "MNIST perceptron, Adam",
    batchSize: 128,
    create: (batchSize) =>
      classifierStep(
        createMnistPerceptron({ optimizer: tf.train.adam(0.001) }),
        tf.randomUniform([batchSize, 28, 28, 1]),
      ),
  },
  lstm: {
    title: "embedding + LSTM 64, 80 steps",
    batchSize: 32,
    create: createLstmStep,
  },
  transformer: {
    title: "transformer block, 64 tokens",
    batchSize: 32,
    create: createTransformerStep,
  },
} as const satisfies Record<string, Network>;

/** The name of a network. */
export type NetworkName = keyof typeof networks;

/** The names in the order of the table. */
export const networkNames = Object.keys(networks) as NetworkName[];
