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

const SOFTMAX = {
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
};

/** Networks that are deep, regularized, normalized or trained before. */
export const NETWORKS: readonly Problem[] = [
  {
    name: "twelve layers of selu",
    optimizers: ["sgd", "adam"],
    make(random) {
      const centers = normalRows(random, 6, 10);
      const all = times(1600, (i) => ({
        x: centers[i % 6].map((value) => value + 0.8 * normal(random)),
        y: i % 6,
      }));
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [10] }));
      for (let i = 0; i < 12; i++) {
        model.add(tf.layers.dense({
          units: 16,
          activation: "selu",
          kernelInitializer: "leCunNormal",
        }));
      }
      model.add(tf.layers.dense({ units: 6, activation: "softmax" }));
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(6) }) };
    },
  },
  {
    name: "five layers, all linear",
    optimizers: ["momentum", "adam"],
    make(random) {
      const mixing = normalRows(random, 4, 8);
      const all = normalRows(random, 1200, 8).map((x) => ({
        x,
        y: mixing.map((weights) =>
          x.reduce((sum, value, i) => sum + weights[i] * value, 0) / 3 +
          0.1 * normal(random)
        ),
      }));
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [8] }));
      for (const units of [12, 12, 12, 12, 4]) {
        model.add(tf.layers.dense({ units, useBias: false }));
      }
      return { model, loss: "meanSquaredError", ...examples(all) };
    },
  },
  {
    name: "dropout of a half, three times",
    optimizers: ["adam", "momentum"],
    make(random) {
      const all = normalRows(random, 1600, 12).map((x) => ({
        x,
        y: x[0] * x[1] + x[2] > 0 ? 1 : 0,
      }));
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [12] }));
      for (let i = 0; i < 3; i++) {
        model.add(tf.layers.dense({ units: 64, activation: "relu" }));
        model.add(tf.layers.dropout({ rate: 0.5 }));
      }
      model.add(tf.layers.dense({ units: 2, activation: "softmax" }));
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(2) }) };
    },
  },
  {
    name: "a new head on a trained body",
    optimizers: ["adam", "sgd"],
    make(random) {
      const centers = normalRows(random, 8, 10);
      const draw = (count: number, classOf: (kind: number) => number) =>
        times(count, (i) => ({
          x: centers[i % 8].map((value) => value + 0.6 * normal(random)),
          y: classOf(i % 8),
        }));
      const body = tf.layers.dense({
        units: 32,
        activation: "relu",
        inputShape: [10],
      });
      const before = examples(draw(800, (kind) => kind), { y: oneHot(8) });
      const first = tf.sequential({
        layers: [body, tf.layers.dense({ units: 8, activation: "softmax" })],
      });
      const optimizer = tf.train.adam(0.01);
      for (let i = 0; i < 60; i++) {
        optimizer.minimize(() => {
          const given = first.predict(before.train.xs) as tf.Tensor;
          return tf.metrics.categoricalCrossentropy(before.train.ys, given)
            .mean() as tf.Scalar;
        });
      }
      optimizer.dispose();
      tf.dispose([before.train, before.validation] as never);
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 32,
            activation: "relu",
            inputShape: [10],
            weights: body.getWeights().map((weight) => weight.clone()),
          }),
          tf.layers.dense({ units: 3, activation: "softmax" }),
        ],
      });
      const data = examples(draw(800, (kind) => kind % 3), { y: oneHot(3) });
      return { model, ...SOFTMAX, ...data };
    },
  },
  {
    name: "batches of four",
    optimizers: ["sgd", "adam"],
    batchSize: 4,
    steps: 300,
    make(random) {
      const all = normalRows(random, 800, 5).map((x) => ({
        x,
        y: Math.abs(x[0]) + 0.5 * x[1] + 0.1 * normal(random),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 20, activation: "tanh", inputShape: [5] }),
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
    name: "batches of two hundred and fifty-six",
    optimizers: ["adamw", "momentum"],
    batchSize: 256,
    make(random) {
      const centers = normalRows(random, 10, 12);
      const all = times(2400, (i) => ({
        x: centers[i % 10].map((value) => value + normal(random)),
        y: i % 10,
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 48,
            useBias: false,
            inputShape: [12],
          }),
          tf.layers.layerNormalization({}),
          tf.layers.activation({ activation: "relu" }),
          tf.layers.dense({ units: 10, activation: "softmax" }),
        ],
      });
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(10) }) };
    },
  },
];
