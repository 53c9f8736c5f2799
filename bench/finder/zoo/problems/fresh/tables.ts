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

/** Tables that are wide, short, or in the units in which they come. */
export const TABLES: readonly Problem[] = [
  {
    name: "a thousand words, few of them in a text",
    optimizers: ["nesterov", "adamax"],
    make(random) {
      const [words, topics, own] = [1000, 5, 80];
      const all = times(1000, (i) => {
        const topic = i % topics;
        const x = new Array<number>(words).fill(0);
        for (let n = 0; n < 25; n++) {
          const isOwn = random() < 0.25;
          // Some words are in every text, most in hardly any.
          const word = isOwn
            ? 200 + topic * own + Math.floor(own * random())
            : Math.floor(words ** random());
          x[word] = 1;
        }
        return { x, y: topic };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 16,
            activation: "relu",
            kernelRegularizer: tf.regularizers.l2({ l2: 1e-3 }),
            inputShape: [words],
          }),
          tf.layers.dense({ units: topics, activation: "softmax" }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
        ...examples(all, { y: oneHot(topics) }),
      };
    },
  },
  {
    name: "prices of houses in dollars",
    optimizers: ["adam", "rmsprop"],
    steps: 300,
    make(random) {
      const all = normalRows(random, 1000, 6).map((x) => ({
        x,
        y: 300_000 *
          Math.exp(
            0.3 * x[0] + 0.2 * x[1] - 0.1 * x[2] + 0.1 * normal(random),
          ),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 32, activation: "relu", inputShape: [6] }),
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
    name: "targets of thousandths, linear from zeros",
    optimizers: ["momentum", "adamw"],
    make(random) {
      const weights = times(10, () => 0.002 * normal(random));
      const all = normalRows(random, 1200, 10).map((x) => ({
        x,
        y: x.reduce((sum, value, i) => sum + weights[i] * value, 0) +
          0.002 * normal(random),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 1,
            kernelInitializer: "zeros",
            inputShape: [10],
          }),
        ],
      });
      return {
        model,
        loss: "meanSquaredError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "ages beside incomes, columns as they come",
    optimizers: ["adam", "adagrad"],
    make(random) {
      const all = times(1200, () => {
        const age = 18 + 60 * random();
        const income = 40 * Math.exp(0.5 * normal(random));
        const debts = income * random();
        const children = Math.floor(4 * random());
        const spent = 5 + 0.4 * income - 0.2 * debts + 2 * children +
          0.1 * Math.abs(age - 45) + normal(random);
        return { x: [age, income, debts, children], y: spent };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 24, activation: "relu", inputShape: [4] }),
          tf.layers.dense({ units: 12, activation: "relu" }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return {
        model,
        loss: "meanSquaredError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "thirty rows, all of them in a batch",
    optimizers: ["sgd", "adamax"],
    batchSize: 30,
    make(random) {
      // Many are kept to validate, so that it is the training that is judged.
      const all = normalRows(random, 330, 3).map((x) => ({
        x,
        y: x[0] - 0.5 * x[1] + 0.5 * Math.abs(x[2]) + 0.1 * normal(random),
      }));
      const part = (from: number, to: number) => ({
        xs: tf.tensor2d(all.slice(from, to).map(({ x }) => x)),
        ys: column(all.slice(from, to).map(({ y }) => y)),
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 8, activation: "tanh", inputShape: [3] }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return {
        model,
        loss: "meanSquaredError",
        train: part(0, 30),
        validation: part(30, 330),
      };
    },
  },
  {
    name: "shops and weekdays by embedding, beside numbers",
    optimizers: ["adamw", "nesterov"],
    make(random) {
      const shops = times(30, () => [normal(random), normal(random)]);
      const weekdays = times(7, () => normal(random));
      const all = times(1600, () => {
        const [shop, day] = [30, 7].map((kinds) =>
          Math.floor(kinds * random())
        );
        const numbers = [normal(random), normal(random)];
        const [level, effect] = shops[shop];
        return {
          shop: [shop],
          day: [day],
          numbers,
          sold: level + weekdays[day] + effect * numbers[0] +
            0.5 * numbers[1] + 0.3 * normal(random),
        };
      });
      const part = (from: number, to: number) => {
        const some = all.slice(from, to);
        return {
          xs: [
            tf.tensor2d(some.map(({ shop }) => shop)),
            tf.tensor2d(some.map(({ day }) => day)),
            tf.tensor2d(some.map(({ numbers }) => numbers)),
          ],
          ys: column(some.map(({ sold }) => sold)),
        };
      };
      const inputs = [1, 1, 2].map((size) => tf.input({ shape: [size] }));
      const embed = (
        input: tf.SymbolicTensor,
        sizes: { inputDim: number; outputDim: number },
      ) =>
        tf.layers.flatten().apply(
          tf.layers.embedding({ ...sizes, inputLength: 1 }).apply(input),
        ) as tf.SymbolicTensor;
      const joined = tf.layers.concatenate().apply([
        embed(inputs[0], { inputDim: 30, outputDim: 4 }),
        embed(inputs[1], { inputDim: 7, outputDim: 2 }),
        inputs[2],
      ]);
      const hidden = tf.layers.dense({ units: 24, activation: "relu" })
        .apply(joined);
      const outputs = tf.layers.dense({ units: 1 })
        .apply(hidden) as tf.SymbolicTensor;
      return {
        model: tf.model({ inputs, outputs }),
        loss: "meanSquaredError",
        train: part(0, 1200),
        validation: part(1200, 1600),
      };
    },
  },
];
