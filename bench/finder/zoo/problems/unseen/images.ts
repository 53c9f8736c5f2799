import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../../../../src/runtime/random.ts";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, oneHot, times } from "../_data.ts";

const SIDE = 10;

/** Waves of one of four directions, of any phase, in noise. */
function waves(random: Random, count: number) {
  const directions = times(4, (k) => [
    Math.cos(k * Math.PI / 4),
    Math.sin(k * Math.PI / 4),
  ]);
  return times(count, (i) => {
    const [dx, dy] = directions[i % 4];
    const [phase, length] = [2 * Math.PI * random(), 1 + random()];
    const x = times(SIDE, (row) =>
      times(SIDE, (col) => [
        Math.sin(length * (dx * col + dy * row) + phase) +
        0.5 * normal(random),
      ]));
    return { x, y: i % 4 };
  });
}

/** Some round spots on dark ground. */
function spots(random: Random, count: number) {
  return times(count, () => {
    const centers = times(1 + Math.floor(3 * random()), () => [
      1 + (SIDE - 2) * random(),
      1 + (SIDE - 2) * random(),
    ]);
    const x = times(SIDE, (row) =>
      times(SIDE, (col) => [
        Math.min(
          1,
          centers.reduce(
            (sum, [cx, cy]) =>
              sum + Math.exp(-((col - cx) ** 2 + (row - cy) ** 2) / 3),
            0,
          ),
        ),
      ]));
    return { x, y: centers.length };
  });
}

/** Convolutions that are separable, residual, or give a picture back. */
export const IMAGES: readonly Problem[] = [
  {
    name: "separable convolutions on waves",
    optimizers: ["adam", "rmsprop"],
    steps: 150,
    make(random) {
      const model = tf.sequential({
        layers: [
          tf.layers.separableConv2d({
            filters: 8,
            kernelSize: 3,
            activation: "relu",
            inputShape: [SIDE, SIDE, 1],
          }),
          tf.layers.separableConv2d({
            filters: 12,
            kernelSize: 3,
            activation: "relu",
          }),
          tf.layers.globalMaxPooling2d({}),
          tf.layers.dense({ units: 4, activation: "softmax" }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
        ...examples(waves(random, 1200), { y: oneHot(4) }),
      };
    },
  },
  {
    name: "a residual block with batch norm on waves",
    optimizers: ["nesterov", "adamw"],
    steps: 150,
    make(random) {
      const convolve = (input: tf.SymbolicTensor) =>
        tf.layers.batchNormalization({ momentum: 0.9 }).apply(
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 3,
            padding: "same",
            useBias: false,
          }).apply(input),
        ) as tf.SymbolicTensor;
      const relu = (input: tf.SymbolicTensor) =>
        tf.layers.activation({ activation: "relu" })
          .apply(input) as tf.SymbolicTensor;
      const input = tf.input({ shape: [SIDE, SIDE, 1] });
      const first = relu(convolve(input));
      const inner = convolve(relu(convolve(first)));
      const sum = tf.layers.add().apply([first, inner]) as tf.SymbolicTensor;
      const pooled = tf.layers.globalAveragePooling2d({}).apply(relu(sum));
      const outputs = tf.layers.dense({ units: 4, activation: "softmax" })
        .apply(pooled) as tf.SymbolicTensor;
      return {
        model: tf.model({ inputs: input, outputs }),
        loss: "categoricalCrossentropy",
        ...examples(waves(random, 1000), { y: oneHot(4) }),
      };
    },
  },
  {
    name: "pictures through a narrow code and back",
    optimizers: ["adam", "nesterov"],
    steps: 150,
    make(random) {
      const all = spots(random, 1000).map(({ x }) => ({ x, y: x }));
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 6,
            kernelSize: 3,
            strides: 2,
            padding: "same",
            activation: "relu",
            inputShape: [SIDE, SIDE, 1],
          }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 8 }),
          tf.layers.dense({ units: 5 * 5 * 6, activation: "relu" }),
          tf.layers.reshape({ targetShape: [5, 5, 6] }),
          tf.layers.conv2dTranspose({
            filters: 1,
            kernelSize: 3,
            strides: 2,
            padding: "same",
            activation: "sigmoid",
          }),
        ],
      });
      return { model, loss: "binaryCrossentropy", ...examples(all) };
    },
  },
  {
    name: "how many spots, a number",
    optimizers: ["momentum", "adam"],
    steps: 150,
    make(random) {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 5,
            activation: "relu",
            inputShape: [SIDE, SIDE, 1],
          }),
          tf.layers.averagePooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 16, activation: "relu" }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      return {
        model,
        loss: "meanAbsoluteError",
        ...examples(spots(random, 1200), { y: column }),
      };
    },
  },
];
