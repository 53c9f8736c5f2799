import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../problem.ts";
import { column, examples, oneHot, shuffled, times } from "./_data.ts";

const SOFTMAX = {
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
};

/** Sequences: bags of words, recurrent layers, attention, the next word. */
export const SEQUENCES: readonly Problem[] = [
  {
    name: "mean of embeddings",
    optimizers: ["adam", "adagrad"],
    make(random) {
      const tone = times(60, () => 2 * random() - 1);
      const all = times(1600, () => {
        const x = times(10, () => Math.floor(60 * random()));
        return {
          x,
          y: x.reduce((sum, word) => sum + tone[word], 0) > 0 ? 1 : 0,
        };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 60, outputDim: 8, inputLength: 10 }),
          tf.layers.globalAveragePooling1d({}),
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
    name: "LSTM that counts",
    optimizers: ["adam", "rmsprop"],
    steps: 150,
    make(random) {
      const all = times(800, () => {
        const x = times(6, () => [random() < 0.5 ? 0 : 1]);
        return { x, y: x.filter(([bit]) => bit === 1).length / 6 };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.lstm({ units: 8, inputShape: [6, 1] }),
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
    name: "GRU that remembers the first",
    optimizers: ["rmsprop", "momentum"],
    steps: 150,
    make(random) {
      const all = times(800, () => {
        const x = times(6, () => times(2, () => 2 * random() - 1));
        return { x, y: x[0][0] > 0 ? 1 : 0 };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.gru({ units: 8, inputShape: [6, 2] }),
          tf.layers.dense({ units: 2, activation: "softmax" }),
        ],
      });
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(2) }) };
    },
  },
  {
    name: "next of twenty words",
    optimizers: ["adam", "sgd"],
    make(random) {
      const successors = times(
        20,
        () => times(3, () => Math.floor(20 * random())),
      );
      let word = 0;
      const words = times(1602, () => {
        word = random() < 0.1
          ? Math.floor(20 * random())
          : successors[word][Math.floor(3 * random() ** 2)];
        return word;
      });
      const all = times(1600, (i) => ({
        x: [words[i], words[i + 1]],
        y: words[i + 2],
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 20, outputDim: 12, inputLength: 2 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 32, activation: "relu" }),
          tf.layers.dense({ units: 20, activation: "softmax" }),
        ],
      });
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(20) }) };
    },
  },
  {
    name: "attention that looks a key up",
    optimizers: ["adam", "momentum"],
    steps: 300,
    make(random) {
      const [length, keys, width] = [5, 5, 12];
      const all = times(1200, () => {
        const order = shuffled(times(keys, (i) => i), random);
        const values = times(length, () => Math.floor(4 * random()));
        const asked = Math.floor(length * random());
        const row = (key: number, value: number) => [
          ...times(keys, (k) => k === key ? 1 : 0),
          ...times(4, (v) => v === value ? 1 : 0),
        ];
        return {
          x: [
            ...order.map((key, i) => row(key, values[i])),
            row(order[asked], -1),
          ],
          y: values[asked],
        };
      });
      const weight = (rows: number, columns: number) =>
        tf.variable(
          tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)),
        );
      const [query, key, value, output] = [
        weight(keys + 4, width),
        weight(keys + 4, width),
        weight(keys + 4, width),
        weight(width, 4),
      ];
      const project = (xs: tf.Tensor, kernel: tf.Variable) => {
        const [batch, rows, columns] = xs.shape;
        return xs.reshape([batch * rows, columns])
          .matMul(kernel as tf.Tensor2D).reshape([batch, rows, width]);
      };
      return {
        variables: [query, key, value, output],
        loss: ({ xs, ys }) => {
          const asked = xs.slice([0, length, 0], [-1, 1, -1]);
          const told = xs.slice([0, 0, 0], [-1, length, -1]);
          const scores = tf.matMul(
            project(asked, query),
            project(told, key),
            false,
            true,
          ).div(Math.sqrt(width));
          const found = tf.matMul(tf.softmax(scores), project(told, value));
          const logits = found.reshape([-1, width]).matMul(
            output as tf.Tensor2D,
          );
          return tf.losses.softmaxCrossEntropy(ys, logits) as tf.Scalar;
        },
        ...examples(all, { y: oneHot(4) }),
      };
    },
  },
];
