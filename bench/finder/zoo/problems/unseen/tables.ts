import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import {
  column,
  examples,
  normal,
  normalRows,
  oneHot,
  times,
} from "../_data.ts";

/** Tables of the kinds that are met in practice, and the losses for them. */
export const TABLES: readonly Problem[] = [
  {
    name: "customers, numbers beside one-hot columns",
    optimizers: ["adam", "nesterov"],
    batchSize: 16,
    make(random) {
      const effect = times(9, () => normal(random));
      const all = times(800, () => {
        const [city, plan] = [5, 4].map((kinds) =>
          Math.floor(kinds * random())
        );
        const numbers = [random(), random(), normal(random)];
        const x = [
          ...numbers,
          ...times(5, (i) => i === city ? 1 : 0),
          ...times(4, (i) => i === plan ? 1 : 0),
        ];
        const score = 1.5 * effect[city] + effect[5 + plan] +
          3 * (numbers[0] - numbers[1]) + 0.5 * normal(random);
        return { x, y: score > 0 ? 1 : 0 };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 20, activation: "relu", inputShape: [12] }),
          tf.layers.dense({ units: 10, activation: "relu" }),
          tf.layers.dense({ units: 1, activation: "sigmoid" }),
        ],
      });
      return {
        model,
        loss: "binaryCrossentropy",
        metrics: ["accuracy"],
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "features far from 0, log-cosh",
    optimizers: ["rmsprop", "adam"],
    make(random) {
      const centers = times(5, (i) => 10 * (i + 1));
      const all = normalRows(random, 1200, 5).map((x) => ({
        x: x.map((value, i) => centers[i] + 3 * value),
        y: 2 * x[0] - x[1] + x[2] * x[3] + 0.2 * normal(random),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 32, activation: "relu", inputShape: [5] }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return { model, loss: "logcosh", ...examples(all, { y: column }) };
    },
  },
  {
    name: "Huber loss, heavy tails",
    optimizers: ["momentum", "adagrad"],
    make(random) {
      const all = normalRows(random, 1200, 6).map((x) => ({
        x,
        y: 4 * Math.max(x[0], x[1]) - 2 * x[2] +
          normal(random) / Math.max(0.1, Math.abs(normal(random))),
      }));
      const first = tf.variable(tf.randomNormal([6, 32], 0, 0.5));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, 1], 0, 0.2));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) =>
          tf.losses.huberLoss(
            ys,
            xs.matMul(first).add(bias).relu().matMul(second),
          ) as tf.Scalar,
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "one in ten positive, weighed by class",
    optimizers: ["adam", "sgd"],
    make(random) {
      const all = normalRows(random, 1600, 10).map((x) => {
        const y = random() < 0.1 ? 1 : 0;
        return { x: x.map((value, i) => i < 4 ? value + 1.2 * y : value), y };
      });
      const first = tf.variable(tf.randomNormal([10, 16], 0, 0.4));
      const bias = tf.variable(tf.zeros([16]));
      const second = tf.variable(tf.randomNormal([16, 1], 0, 0.3));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const logits = xs.matMul(first).add(bias).relu().matMul(second);
          const weights = ys.mul(8).add(1);
          return tf.losses.sigmoidCrossEntropy(ys, logits, weights);
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "eight tags at once",
    optimizers: ["adamax", "adam"],
    make(random) {
      const mixing = normalRows(random, 8, 14);
      const all = normalRows(random, 1600, 14).map((x) => ({
        x,
        y: mixing.map((weights) =>
          x.reduce((sum, value, i) => sum + weights[i] * value, 0) +
                2 * normal(random) > 2
            ? 1
            : 0
        ),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 32, activation: "elu", inputShape: [14] }),
          tf.layers.dense({ units: 8, activation: "sigmoid" }),
        ],
      });
      return { model, loss: "binaryCrossentropy", ...examples(all) };
    },
  },
  {
    name: "margins, hinge loss",
    optimizers: ["sgd", "adagrad"],
    make(random) {
      const all = normalRows(random, 1200, 8).map((x) => ({
        x,
        y: x[0] + x[1] - x[2] + 0.5 * normal(random) > 0 ? 1 : -1,
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 16, activation: "relu", inputShape: [8] }),
          tf.layers.dense({ units: 1, activation: "tanh" }),
        ],
      });
      return { model, loss: "hinge", ...examples(all, { y: column }) };
    },
  },
  {
    name: "flowers, a hundred and fifty rows",
    optimizers: ["adam", "sgd"],
    batchSize: 16,
    make(random) {
      const means = [[5, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [
        6.6,
        3,
        5.6,
        2,
      ]];
      const all = times(150, () => {
        const kind = Math.floor(3 * random());
        return {
          x: means[kind].map((value) => value + 0.4 * normal(random)),
          y: kind,
        };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 10, activation: "relu", inputShape: [4] }),
          tf.layers.dense({ units: 3, activation: "softmax" }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
        ...examples(all, { y: oneHot(3) }),
      };
    },
  },
  {
    name: "visits an hour, Poisson loss of a model",
    optimizers: ["adam", "rmsprop"],
    make(random) {
      const draw = (rate: number) => {
        let [count, product] = [-1, 1];
        do {
          product *= random();
          count++;
        } while (product > Math.exp(-rate));
        return count;
      };
      const all = times(1200, () => {
        const hour = 2 * Math.PI * random();
        const isWeekend = random() < 0.3 ? 1 : 0;
        const x = [Math.sin(hour), Math.cos(hour), isWeekend, normal(random)];
        return { x, y: draw(Math.exp(1.5 + x[0] - 0.7 * isWeekend)) };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 16, activation: "tanh", inputShape: [4] }),
          tf.layers.dense({ units: 1, activation: "softplus" }),
        ],
      });
      return { model, loss: "poisson", ...examples(all, { y: column }) };
    },
  },
];
