import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../problem.ts";
import { column, examples, normal, normalRows, times } from "./_data.ts";

/** Numbers to predict, from well and from badly scaled inputs. */
export const REGRESSION: readonly Problem[] = [
  {
    name: "linear, features scaled 0.1 to 10",
    optimizers: ["sgd", "adam"],
    make(random) {
      const weights = times(8, () => normal(random));
      const scales = times(8, (i) => 10 ** (2 * i / 7 - 1));
      const all = normalRows(random, 1200, 8).map((x) => {
        const scaled = x.map((value, i) => value * scales[i]);
        const y = x.reduce((sum, value, i) => sum + weights[i] * value, 0);
        return { x: scaled, y: y + 0.1 * normal(random) };
      });
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [8] })],
      });
      return {
        model,
        loss: "meanSquaredError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "linear, noisy",
    optimizers: ["momentum", "adagrad"],
    make(random) {
      const weights = times(10, () => normal(random));
      const all = normalRows(random, 1600, 10).map((x) => ({
        x,
        y: x.reduce((sum, value, i) => sum + weights[i] * value, 0) +
          2 * normal(random),
      }));
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [10] })],
      });
      return {
        model,
        loss: "meanSquaredError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "perceptron, sum of sines",
    optimizers: ["adam", "sgd"],
    make(random) {
      const all = normalRows(random, 1600, 3).map((x) => ({
        x,
        y: Math.sin(2 * x[0]) + Math.cos(x[1] + x[2]),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 32, activation: "tanh", inputShape: [3] }),
          tf.layers.dense({ units: 32, activation: "tanh" }),
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
    name: "perceptron, targets around 200",
    optimizers: ["momentum", "adam"],
    make(random) {
      const all = normalRows(random, 1200, 6).map((x) => ({
        x,
        y: 200 + 50 * (x[0] - Math.abs(x[1]) + 0.3 * normal(random)),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 24, activation: "relu", inputShape: [6] }),
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
    name: "absolute error with outliers",
    optimizers: ["rmsprop", "sgd"],
    make(random) {
      const all = normalRows(random, 1200, 5).map((x) => ({
        x,
        y: x[0] + x[1] * x[2] +
          (random() < 0.05 ? 30 * normal(random) : 0.1 * normal(random)),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 24, activation: "relu", inputShape: [5] }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return {
        model,
        loss: "meanAbsoluteError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "two inputs, two outputs",
    optimizers: ["adam", "momentum"],
    make(random) {
      const rows = normalRows(random, 1200, 8);
      const left = rows.map((x) => x.slice(0, 5));
      const right = rows.map((x) => x.slice(5));
      const sums = rows.map((x) => x[0] * x[1] + x[6]);
      const signs = rows.map((x) => x[2] + x[7] > 0 ? 1 : 0);
      const part = (from: number, to: number) => ({
        xs: [
          tf.tensor2d(left.slice(from, to)),
          tf.tensor2d(right.slice(from, to)),
        ],
        ys: [column(sums.slice(from, to)), column(signs.slice(from, to))],
      });
      const a = tf.input({ shape: [5] });
      const b = tf.input({ shape: [3] });
      const joined = tf.layers.concatenate().apply([
        tf.layers.dense({ units: 16, activation: "relu" }).apply(
          a,
        ) as tf.SymbolicTensor,
        tf.layers.dense({ units: 16, activation: "relu" }).apply(
          b,
        ) as tf.SymbolicTensor,
      ]);
      const hidden = tf.layers.dense({ units: 16, activation: "relu" })
        .apply(joined) as tf.SymbolicTensor;
      const outputs = [
        tf.layers.dense({ units: 1 }).apply(hidden),
        tf.layers.dense({ units: 1, activation: "sigmoid" }).apply(hidden),
      ] as tf.SymbolicTensor[];
      return {
        model: tf.model({ inputs: [a, b], outputs }),
        loss: ["meanSquaredError", "binaryCrossentropy"],
        train: part(0, 900),
        validation: part(900, 1200),
      };
    },
  },
];
