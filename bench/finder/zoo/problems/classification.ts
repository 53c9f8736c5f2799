import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../problem.ts";
import {
  column,
  examples,
  normal,
  normalRows,
  oneHot,
  times,
} from "./_data.ts";

const SOFTMAX = {
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
};

function perceptron(
  inputs: number,
  classes: number,
  { hidden, activation = "relu" }: {
    readonly hidden: readonly number[];
    readonly activation?: "relu" | "tanh" | "sigmoid";
  },
): tf.LayersModel {
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [inputs] }));
  for (const units of hidden) model.add(tf.layers.dense({ units, activation }));
  model.add(tf.layers.dense({ units: classes, activation: "softmax" }));
  return model;
}

/** Classes to tell apart: easy, noisy, rare, many, and behind a plateau. */
export const CLASSIFICATION: readonly Problem[] = [
  {
    name: "softmax regression on blobs",
    optimizers: ["sgd", "adagrad"],
    make(random) {
      const centers = normalRows(random, 4, 6);
      const all = times(1200, (i) => ({
        x: centers[i % 4].map((value) => 1.5 * value + normal(random)),
        y: i % 4,
      }));
      const data = examples(all, { y: oneHot(4) });
      return { model: perceptron(6, 4, { hidden: [] }), ...SOFTMAX, ...data };
    },
  },
  {
    name: "perceptron on spirals",
    optimizers: ["adam", "momentum"],
    steps: 300,
    make(random) {
      const all = times(1500, (i) => {
        const radius = random();
        const angle = 4 * radius + i % 3 * 2 * Math.PI / 3;
        return {
          x: [
            2 * radius * Math.cos(angle) + 0.05 * normal(random),
            2 * radius * Math.sin(angle) + 0.05 * normal(random),
          ],
          y: i % 3,
        };
      });
      const data = examples(all, { y: oneHot(3) });
      return {
        model: perceptron(2, 3, { hidden: [32, 32] }),
        ...SOFTMAX,
        ...data,
      };
    },
  },
  {
    name: "perceptron, 30 % of labels wrong",
    optimizers: ["momentum", "adam"],
    make(random) {
      const centers = normalRows(random, 5, 10);
      const all = times(1600, (i) => ({
        x: centers[i % 5].map((value) => value + normal(random)),
        y: random() < 0.3 ? Math.floor(5 * random()) : i % 5,
      }));
      const data = examples(all, { y: oneHot(5) });
      return {
        model: perceptron(10, 5, { hidden: [32] }),
        ...SOFTMAX,
        ...data,
      };
    },
  },
  {
    name: "perceptron, one in twenty positive",
    optimizers: ["adam", "sgd"],
    make(random) {
      const all = normalRows(random, 1600, 8).map((x) => {
        const y = random() < 0.05 ? 1 : 0;
        return { x: x.map((value, i) => value + (i < 3 ? 1.5 * y : 0)), y };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 16, activation: "relu", inputShape: [8] }),
          tf.layers.dense({ units: 1, activation: "sigmoid" }),
        ],
      });
      return {
        model,
        loss: "binaryCrossentropy",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "eight layers of tanh",
    optimizers: ["sgd", "rmsprop"],
    make(random) {
      const all = normalRows(random, 1600, 8).map((x) => ({
        x,
        y: (x[0] + x[1] > 0 ? 1 : 0) + (x[2] - x[3] > 0 ? 2 : 0),
      }));
      const data = examples(all, { y: oneHot(4) });
      const model = perceptron(8, 4, {
        hidden: Array(8).fill(16),
        activation: "tanh",
      });
      return { model, ...SOFTMAX, ...data };
    },
  },
  {
    name: "sigmoid layers, a plateau first",
    optimizers: ["momentum", "adam"],
    steps: 300,
    make(random) {
      const all = normalRows(random, 1600, 6).map((x) => ({
        x,
        y: x[0] * x[1] > 0 ? 1 : 0,
      }));
      const data = examples(all, { y: oneHot(2) });
      return {
        model: perceptron(6, 2, { hidden: [24, 24], activation: "sigmoid" }),
        ...SOFTMAX,
        ...data,
      };
    },
  },
  {
    name: "parity of four bits",
    optimizers: ["adam", "momentum"],
    steps: 300,
    make(random) {
      const all = times(1600, () => {
        const x = times(4, () => random() < 0.5 ? -1 : 1);
        return {
          x: x.map((bit) => bit + 0.1 * normal(random)),
          y: x.filter((bit) => bit > 0).length % 2,
        };
      });
      const data = examples(all, { y: oneHot(2) });
      return { model: perceptron(4, 2, { hidden: [32] }), ...SOFTMAX, ...data };
    },
  },
  {
    name: "perceptron, thirty classes",
    optimizers: ["adam", "adagrad"],
    make(random) {
      const centers = normalRows(random, 30, 16);
      const all = times(2100, (i) => ({
        x: centers[i % 30].map((value) => value + 0.7 * normal(random)),
        y: i % 30,
      }));
      const data = examples(all, { y: oneHot(30) });
      return {
        model: perceptron(16, 30, { hidden: [48] }),
        ...SOFTMAX,
        ...data,
      };
    },
  },
  {
    name: "perceptron with dropout",
    optimizers: ["rmsprop", "sgd"],
    make(random) {
      const centers = normalRows(random, 3, 12);
      const all = times(1500, (i) => ({
        x: centers[i % 3].map((value) => 0.8 * value + normal(random)),
        y: i % 3,
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 48, activation: "relu", inputShape: [12] }),
          tf.layers.dropout({ rate: 0.4 }),
          tf.layers.dense({ units: 3, activation: "softmax" }),
        ],
      });
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(3) }) };
    },
  },
  {
    name: "wide perceptron with weight penalty",
    optimizers: ["momentum", "adamax"],
    make(random) {
      const all = normalRows(random, 1600, 10).map((x) => ({
        x,
        y: Math.hypot(x[0], x[1], x[2]) > 1.5 ? 1 : 0,
      }));
      const kernelRegularizer = tf.regularizers.l2({ l2: 1e-3 });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 128,
            activation: "relu",
            inputShape: [10],
            kernelRegularizer,
          }),
          tf.layers.dense({
            units: 2,
            activation: "softmax",
            kernelRegularizer,
          }),
        ],
      });
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(2) }) };
    },
  },
];
