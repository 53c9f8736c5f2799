import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../../../../src/runtime/random.ts";
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

/** Points around centers, as many of each class. */
function blobs(
  random: Random,
  options: {
    readonly count: number;
    readonly centers: readonly number[][];
    readonly noise: number;
  },
) {
  const { count, centers, noise } = options;
  return times(count, (i) => ({
    x: centers[i % centers.length].map((value) =>
      value + noise * normal(random)
    ),
    y: i % centers.length,
  }));
}

/** Networks that are deep, frozen or normalized, and the smallest batches. */
export const NETWORKS: readonly Problem[] = [
  {
    name: "twelve layers of relu, initialized as by default",
    optimizers: ["adam", "momentum"],
    make(random) {
      const centers = normalRows(random, 4, 8);
      const all = blobs(random, { count: 1200, centers, noise: 0.7 });
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [8] }));
      for (let i = 0; i < 12; i++) {
        model.add(tf.layers.dense({ units: 24, activation: "relu" }));
      }
      model.add(tf.layers.dense({ units: 4, activation: "softmax" }));
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(4) }) };
    },
  },
  {
    name: "a frozen body with batch norm, a new head",
    optimizers: ["rmsprop", "nesterov"],
    batchSize: 16,
    make(random) {
      const centers = normalRows(random, 9, 10);
      const before = blobs(random, { count: 900, centers, noise: 0.8 });
      const body = tf.sequential();
      body.add(tf.layers.inputLayer({ inputShape: [10] }));
      for (const units of [32, 16]) {
        body.add(tf.layers.dense({ units, useBias: false }));
        body.add(tf.layers.batchNormalization({ momentum: 0.9 }));
        body.add(tf.layers.activation({ activation: "relu" }));
      }
      const input = body.inputs[0];
      const codes = body.outputs[0];
      const old = tf.layers.dense({ units: 9 });
      const first = tf.model({
        inputs: input,
        outputs: old.apply(codes) as tf.SymbolicTensor,
      });
      const optimizer = tf.train.adam(0.01);
      const xs = tf.tensor2d(before.map(({ x }) => x));
      const ys = oneHot(9)(before.map(({ y }) => y));
      const trained = first.trainableWeights.map((weight) =>
        weight.read() as tf.Variable
      );
      for (let i = 0; i < 60; i++) {
        optimizer.minimize(
          () => {
            const given = first.apply(xs, { training: true }) as tf.Tensor;
            return tf.losses.softmaxCrossEntropy(ys, given) as tf.Scalar;
          },
          false,
          trained,
        );
      }
      tf.dispose([xs, ys]);
      optimizer.dispose();
      old.dispose();
      for (const layer of body.layers) layer.trainable = false;
      const outputs = tf.layers.dense({ units: 3, activation: "softmax" })
        .apply(codes) as tf.SymbolicTensor;
      // Few rows, of classes that are each made of three of before.
      const all = blobs(random, { count: 320, centers, noise: 0.8 })
        .map(({ x, y }) => ({ x, y: y % 3 }));
      return {
        model: tf.model({ inputs: input, outputs }),
        ...SOFTMAX,
        ...examples(all, { y: oneHot(3) }),
      };
    },
  },
  {
    name: "one row at a time",
    optimizers: ["sgd", "adagrad"],
    batchSize: 1,
    steps: 400,
    make(random) {
      const all = normalRows(random, 1000, 6).map((x) => ({
        x,
        y: Math.max(x[0], x[1]) - x[2] + 0.3 * normal(random),
      }));
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 16, activation: "tanh", inputShape: [6] }),
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
    name: "batch norm and PReLU, batches of eight",
    optimizers: ["sgd", "adamw"],
    batchSize: 8,
    steps: 150,
    make(random) {
      const centers = normalRows(random, 5, 10);
      const all = blobs(random, { count: 1200, centers, noise: 1.2 });
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [10] }));
      for (const units of [32, 16]) {
        model.add(tf.layers.dense({ units, useBias: false }));
        model.add(tf.layers.batchNormalization({ momentum: 0.9 }));
        model.add(tf.layers.prelu({}));
      }
      model.add(tf.layers.dropout({ rate: 0.2 }));
      model.add(tf.layers.dense({ units: 5, activation: "softmax" }));
      return { model, ...SOFTMAX, ...examples(all, { y: oneHot(5) }) };
    },
  },
  {
    name: "a disc among noise, its pixels",
    optimizers: ["nesterov", "momentum"],
    steps: 150,
    batchSize: 16,
    make(random) {
      const side = 8;
      const all = times(600, () => {
        const [cx, cy] = [1 + 6 * random(), 1 + 6 * random()];
        const radius = 1.5 + random();
        const isIn = (row: number, col: number) =>
          Math.hypot(col - cx, row - cy) < radius;
        const paint = (value: (row: number, col: number) => number) =>
          times(side, (row) => times(side, (col) => [value(row, col)]));
        const x = paint((row, col) =>
          (isIn(row, col) ? 1 : 0) + 0.6 * normal(random)
        );
        return { x, y: paint((row, col) => isIn(row, col) ? 1 : 0) };
      });
      const convolve = (filters: number, activation: "relu" | "sigmoid") =>
        tf.layers.conv2d({
          filters,
          kernelSize: 3,
          padding: "same",
          activation,
        });
      const input = tf.input({ shape: [side, side, 1] });
      const fine = convolve(4, "relu").apply(input) as tf.SymbolicTensor;
      const coarse = convolve(8, "relu").apply(
        tf.layers.maxPooling2d({ poolSize: 2 }).apply(fine),
      );
      const up = tf.layers.upSampling2d({ size: [2, 2] })
        .apply(coarse) as tf.SymbolicTensor;
      const joined = tf.layers.concatenate().apply([fine, up]);
      const outputs = convolve(1, "sigmoid").apply(joined) as tf.SymbolicTensor;
      return {
        model: tf.model({ inputs: input, outputs }),
        loss: "binaryCrossentropy",
        ...examples(all),
      };
    },
  },
];
