import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, normalRows, times } from "../_data.ts";

/** Tables with losses, penalties and batches of their own. */
export const TABLES: readonly Problem[] = [
  {
    name: "lifetimes, some of them cut off, Weibull likelihood",
    optimizers: ["adam", "sgd"],
    steps: 120,
    make(random) {
      const all = normalRows(random, 1600, 6).map((x) => {
        const scale = Math.exp(0.8 + 0.5 * x[0] - 0.4 * Math.abs(x[1]));
        const lived = scale * (-Math.log(1 - random())) ** (1 / 1.5);
        const watched = 8 * random();
        return {
          x,
          y: [Math.min(lived, watched), lived <= watched ? 1 : 0],
        };
      });
      const first = tf.variable(tf.randomNormal([6, 24], 0, 0.4));
      const bias = tf.variable(tf.zeros([24]));
      const second = tf.variable(tf.randomNormal([24, 1], 0, 0.2));
      const logShape = tf.variable(tf.zeros([1]));
      return {
        variables: [first, bias, second, logShape],
        loss: ({ xs, ys }) => {
          const [time, isOver] = tf.split(ys, 2, 1);
          const logScale = xs.matMul(first).add(bias).relu().matMul(second);
          const ratio = time.add(1e-6).log().sub(logScale).mul(logShape.exp());
          const density = ratio.add(logShape).sub(time.add(1e-6).log());
          return ratio.exp().sub(isOver.mul(density)).mean() as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
  {
    name: "logarithms of incomes, penalties of both kinds",
    optimizers: ["nesterov", "rmsprop"],
    steps: 120,
    make(random) {
      const trades = times(8, () => 0.3 * normal(random));
      const all = normalRows(random, 1600, 5).map((numbers) => {
        const trade = Math.floor(8 * random());
        const log = 10.3 + trades[trade] + 0.3 * numbers[0] -
          0.1 * numbers[1] ** 2 + 0.2 * normal(random);
        return {
          x: [...numbers, ...times(8, (i) => i === trade ? 1 : 0)],
          y: log,
        };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 32,
            activation: "relu",
            kernelRegularizer: tf.regularizers.l1l2({ l1: 1e-3, l2: 1e-3 }),
            inputShape: [13],
          }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return {
        model,
        loss: "meanSquaredError",
        metrics: ["mae"],
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "clicks of users on items, a factorization machine",
    optimizers: ["adagrad", "adam"],
    steps: 120,
    batchSize: 64,
    make(random) {
      const sizes = [50, 40, 5];
      const tastes = sizes.map((size) => normalRows(random, size, 2));
      const all = times(3200, () => {
        const x = sizes.map((size) => Math.floor(size * random()));
        const [user, item, place] = x.map((row, i) => tastes[i][row]);
        const logit = -1 + user[0] * item[0] + user[1] * item[1] +
          0.5 * item[0] * place[0];
        return { x, y: random() < 1 / (1 + Math.exp(-2 * logit)) ? 1 : 0 };
      });
      const factors = sizes.map((size) =>
        tf.variable(tf.randomNormal([size, 4], 0, 0.1))
      );
      const levels = sizes.map((size) => tf.variable(tf.zeros([size, 1])));
      const level = tf.variable(tf.zeros([1]));
      return {
        variables: [...factors, ...levels, level],
        loss: ({ xs, ys }) => {
          const rows = tf.unstack(xs, 1) as tf.Tensor1D[];
          const found = rows.map((row, i) => factors[i].gather(row));
          const sum = tf.addN(found);
          const pairs = sum.square().sub(tf.addN(found.map((f) => f.square())))
            .sum(1, true).mul(0.5);
          const own = tf.addN(rows.map((row, i) => levels[i].gather(row)));
          return tf.losses.sigmoidCrossEntropy(
            ys,
            pairs.add(own).add(level),
          ) as tf.Scalar;
        },
        ...examples(all, {
          x: (values) => tf.tensor2d(values, undefined, "int32"),
          y: column,
        }),
      };
    },
  },
  {
    name: "one in thirty a fraud, focal loss",
    optimizers: ["adamw", "rmsprop"],
    steps: 120,
    batchSize: 64,
    make(random) {
      const all = normalRows(random, 3200, 8).map((x) => {
        const odd = x[0] * x[1] + x[2] + Math.abs(x[3]);
        return { x, y: odd + 0.3 * normal(random) > 3.3 ? 1 : 0 };
      });
      const first = tf.variable(tf.randomNormal([8, 32], 0, 0.4));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, 1], 0, 0.1));
      // As its authors begin: nearly nothing is a fraud.
      const level = tf.variable(tf.tensor1d([-3]));
      return {
        variables: [first, bias, second, level],
        loss: ({ xs, ys }) => {
          const logits = xs.matMul(first).add(bias).relu().matMul(second)
            .add(level);
          const sign = ys.mul(2).sub(1);
          const log = logits.mul(sign).neg().softplus();
          const missed = tf.sigmoid(logits.mul(sign).neg()).square();
          const weights = ys.mul(0.5).add(0.25);
          return missed.mul(log).mul(weights).mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "batches of five hundred and twelve, inside of a shell",
    optimizers: ["momentum", "adamw"],
    batchSize: 512,
    steps: 100,
    make(random) {
      const all = normalRows(random, 5120, 10).map((x) => ({
        x,
        y: Math.hypot(x[0], x[1], x[2], x[3]) < 1.83 ? 1 : 0,
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 32,
            activation: "relu",
            kernelInitializer: "heNormal",
            inputShape: [10],
          }),
          tf.layers.dense({
            units: 16,
            activation: "relu",
            kernelInitializer: "heNormal",
          }),
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
];
