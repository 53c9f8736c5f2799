import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, normalRows } from "../_data.ts";

/** What is learned is neither a mean nor one class of several. */
export const LOSSES: readonly Problem[] = [
  {
    name: "three quantiles of a delay, pinball loss",
    optimizers: ["adagrad", "adam"],
    make(random) {
      const all = normalRows(random, 1600, 4).map((x) => ({
        x,
        y: 2 * x[0] + x[1] -
          (0.5 + Math.abs(x[2])) * Math.log(1 - random()),
      }));
      const first = tf.variable(tf.randomNormal([4, 24], 0, 0.5));
      const bias = tf.variable(tf.zeros([24]));
      const second = tf.variable(tf.randomNormal([24, 3], 0, 0.2));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const shares = tf.tensor1d([0.1, 0.5, 0.9]);
          const given = xs.matMul(first).add(bias).tanh().matMul(second);
          const missed = ys.sub(given);
          return tf.maximum(missed.mul(shares), missed.mul(shares.sub(1)))
            .mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "one to five stars, in their order",
    optimizers: ["nesterov", "rmsprop"],
    make(random) {
      const limits = [-1.5, -0.5, 0.5, 1.5];
      const all = normalRows(random, 1600, 8).map((x) => {
        const liked = x[0] * x[1] + x[2] - x[3] + 0.4 * normal(random);
        return { x, y: limits.map((limit) => liked > limit ? 1 : 0) };
      });
      const first = tf.variable(tf.randomNormal([8, 24], 0, 0.35));
      const bias = tf.variable(tf.zeros([24]));
      const second = tf.variable(tf.randomNormal([24, 1], 0, 0.2));
      const lowest = tf.variable(tf.scalar(-1));
      const gaps = tf.variable(tf.zeros([3]));
      return {
        variables: [first, bias, second, lowest, gaps],
        loss: ({ xs, ys }) => {
          const liked = xs.matMul(first).add(bias).relu().matMul(second);
          const above = gaps.softplus().cumsum().add(lowest);
          const thresholds = tf.concat([lowest.reshape([1]), above]);
          return tf.losses.sigmoidCrossEntropy(
            ys,
            liked.sub(thresholds),
          ) as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
  {
    name: "soft labels of a teacher, Kullback-Leibler divergence",
    optimizers: ["adamax", "sgd"],
    make(random) {
      const [inner, outer] = [
        normalRows(random, 12, 8),
        normalRows(random, 6, 12),
      ];
      const product = (matrix: readonly number[][], x: readonly number[]) =>
        matrix.map((row) =>
          row.reduce((sum, weight, i) => sum + weight * x[i], 0)
        );
      const all = normalRows(random, 1200, 8).map((x) => {
        const hidden = product(inner, x).map((value) => Math.tanh(value / 2));
        const powers = product(outer, hidden).map((value) =>
          Math.exp(value / 1.5)
        );
        const sum = powers.reduce((a, b) => a + b);
        return { x, y: powers.map((power) => power / sum) };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 24, activation: "elu", inputShape: [8] }),
          tf.layers.dense({ units: 6, activation: "softmax" }),
        ],
      });
      return { model, loss: "kullbackLeiblerDivergence", ...examples(all) };
    },
  },
  {
    name: "directions in space, cosine proximity",
    optimizers: ["momentum", "adagrad"],
    make(random) {
      const mixing = normalRows(random, 3, 6);
      const all = normalRows(random, 1200, 6).map((x) => {
        const [a, b, c] = mixing.map((row) =>
          row.reduce((sum, weight, i) => sum + weight * x[i], 0) +
          0.5 * normal(random)
        );
        const size = Math.hypot(a, b, c);
        return { x, y: [a / size, Math.abs(b) / size, c / size] };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 24, activation: "relu", inputShape: [6] }),
          tf.layers.dense({ units: 3 }),
        ],
      });
      return { model, loss: "cosineProximity", ...examples(all) };
    },
  },
  {
    name: "values of four moves, told of one",
    optimizers: ["adagrad", "sgd"],
    make(random) {
      const all = normalRows(random, 1600, 6).map((x) => {
        const move = Math.floor(4 * random());
        const value = x[move] * (move % 2 === 0 ? 1 : -1) +
          Math.abs(x[4]) + 0.3 * normal(random);
        return { x, y: [move, value] };
      });
      const first = tf.variable(tf.randomNormal([6, 32], 0, 0.4));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, 4], 0, 0.2));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const [move, value] = tf.unstack(ys, 1);
          const values = xs.matMul(first).add(bias).relu().matMul(second);
          const made = tf.oneHot(move.toInt() as tf.Tensor1D, 4);
          return tf.losses.huberLoss(
            value,
            values.mul(made).sum(1),
          ) as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
];
