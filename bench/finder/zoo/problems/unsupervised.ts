import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../problem.ts";
import { column, examples, normal, normalRows, times } from "./_data.ts";

/** Structure without labels, and losses that are likelihoods. */
export const UNSUPERVISED: readonly Problem[] = [
  {
    name: "autoencoder",
    optimizers: ["adam", "momentum"],
    make(random) {
      const mixing = normalRows(random, 3, 16);
      const all = normalRows(random, 1600, 3).map((hidden) => {
        const x = times(
          16,
          (i) =>
            Math.tanh(hidden.reduce((sum, h, k) => sum + h * mixing[k][i], 0)),
        );
        return { x, y: x };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 12, activation: "relu", inputShape: [16] }),
          tf.layers.dense({ units: 3 }),
          tf.layers.dense({ units: 12, activation: "relu" }),
          tf.layers.dense({ units: 16, activation: "tanh" }),
        ],
      });
      return { model, loss: "meanSquaredError", ...examples(all) };
    },
  },
  {
    name: "variational autoencoder",
    optimizers: ["adam", "rmsprop"],
    make(random) {
      const mixing = normalRows(random, 2, 10);
      const all = normalRows(random, 1200, 2).map((hidden) => ({
        x: times(
          10,
          (i) =>
            hidden.reduce((sum, h, k) => sum + h * mixing[k][i], 0) +
            0.2 * normal(random),
        ),
        y: 0,
      }));
      const weight = (rows: number, columns: number) =>
        tf.variable(tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)));
      const [encode, moments, decode, output] = [
        weight(10, 16),
        weight(16, 4),
        weight(2, 16),
        weight(16, 10),
      ] as tf.Variable<tf.Rank.R2>[];
      return {
        variables: [encode, moments, decode, output],
        loss: ({ xs }) => {
          const hidden = xs.matMul(encode as unknown as tf.Tensor).tanh();
          const both = hidden.matMul(moments as unknown as tf.Tensor);
          const [mean, logVariance] = tf.split(both, 2, 1);
          const drawn = mean.add(
            tf.randomNormal(mean.shape).mul(logVariance.mul(0.5).exp()),
          );
          const back = drawn.matMul(decode as unknown as tf.Tensor).tanh()
            .matMul(output as unknown as tf.Tensor);
          const error = back.sub(xs).square().sum(1);
          const divergence = mean.square().add(logVariance.exp()).sub(1)
            .sub(logVariance).sum(1).mul(0.5);
          return error.add(divergence).mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "matrix factorization",
    optimizers: ["adagrad", "sgd"],
    make(random) {
      const [users, items] = [
        normalRows(random, 40, 3),
        normalRows(random, 30, 3),
      ];
      const all = times(2000, () => {
        const user = Math.floor(40 * random());
        const item = Math.floor(30 * random());
        const score = users[user].reduce(
          (sum, value, i) => sum + value * items[item][i],
          0,
        );
        return { x: [user, item], y: score + 0.2 * normal(random) };
      });
      const [left, right] = [40, 30].map((rows) =>
        tf.variable(tf.randomNormal([rows, 4], 0, 0.3))
      );
      return {
        variables: [left, right],
        loss: ({ xs, ys }) => {
          const [user, item] = tf.unstack(xs, 1);
          const scores = left.gather(user as tf.Tensor1D).mul(
            right.gather(item as tf.Tensor1D),
          ).sum(1, true);
          return scores.sub(ys).square().mean() as tf.Scalar;
        },
        ...examples(all, {
          x: (values) => tf.tensor2d(values, undefined, "int32"),
          y: column,
        }),
      };
    },
  },
  {
    name: "mean and variance, a negative loss",
    optimizers: ["adam", "sgd"],
    make(random) {
      const all = normalRows(random, 1600, 4).map((x) => ({
        x,
        y: 0.1 * x[0] + 0.02 * (1 + Math.abs(x[1])) * normal(random),
      }));
      const first = tf.variable(tf.randomNormal([4, 24], 0, 0.5));
      const second = tf.variable(tf.randomNormal([24, 2], 0, 0.2));
      const bias = tf.variable(tf.zeros([24]));
      return {
        variables: [first, second, bias],
        loss: ({ xs, ys }) => {
          const hidden = xs.matMul(first).add(bias).tanh();
          const [mean, logVariance] = tf.split(hidden.matMul(second), 2, 1);
          const scaled = ys.sub(mean).square().mul(logVariance.neg().exp());
          return scaled.add(logVariance).mul(0.5).mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "counts, Poisson likelihood",
    optimizers: ["adam", "sgd"],
    make(random) {
      const poisson = (rate: number) => {
        let [count, product] = [-1, 1];
        do {
          product *= random();
          count++;
        } while (product > Math.exp(-rate));
        return count;
      };
      const all = normalRows(random, 1200, 5).map((x) => ({
        x,
        y: poisson(Math.exp(1 + 0.5 * x[0] - 0.3 * x[1])),
      }));
      const weights = tf.variable(tf.zeros([5, 1]));
      const bias = tf.variable(tf.zeros([1]));
      return {
        variables: [weights, bias],
        loss: ({ xs, ys }) => {
          const log = xs.matMul(weights).add(bias);
          return log.exp().sub(ys.mul(log)).mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "triplets of a metric embedding",
    optimizers: ["adam", "momentum"],
    make(random) {
      const centers = normalRows(random, 5, 12);
      const draw = (kind: number) =>
        centers[kind].map((value) => value + 0.8 * normal(random));
      const all = times(1200, () => {
        const kind = Math.floor(5 * random());
        const other = (kind + 1 + Math.floor(4 * random())) % 5;
        return { x: [draw(kind), draw(kind), draw(other)], y: 0 };
      });
      const first = tf.variable(tf.randomNormal([12, 16], 0, 0.3));
      const second = tf.variable(tf.randomNormal([16, 4], 0, 0.3));
      return {
        variables: [first, second],
        loss: ({ xs }) => {
          const [anchor, same, other] = tf.unstack(xs, 1).map((rows) =>
            rows.matMul(first).relu().matMul(second)
          );
          const near = anchor.sub(same).square().sum(1);
          const far = anchor.sub(other).square().sum(1);
          return near.sub(far).add(1).relu().mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "reward of a policy, a negative loss",
    optimizers: ["sgd", "adam"],
    make(random) {
      const all = normalRows(random, 1600, 6).map((x) => ({
        x,
        y: times(
          4,
          (arm) => 5 * (x[arm] + 0.5 * x[(arm + 1) % 6]) + normal(random),
        ),
      }));
      const first = tf.variable(tf.randomNormal([6, 16], 0, 0.3));
      const second = tf.variable(tf.randomNormal([16, 4], 0, 0.3));
      return {
        variables: [first, second],
        loss: ({ xs, ys }) => {
          const policy = tf.softmax(xs.matMul(first).tanh().matMul(second));
          return policy.mul(ys).sum(1).mean().neg() as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
];
