import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../../../src/runtime/random.ts";
import type { Problem } from "../problem.ts";
import { examples, normal, oneHot, times } from "./_data.ts";

const SIDE = 8;
const SOFTMAX = {
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
};

/** Bars, crosses, frames and dots, somewhere, in noise. */
function pictures(
  random: Random,
  options: { count: number; channels: number; scale: number; noise: number },
) {
  const { count, channels, scale, noise } = options;
  const draw: ((x: number, y: number) => boolean)[] = [
    (_, y) => y === 2,
    (x) => x === 2,
    (x, y) => x === y,
    (x, y) => x % 4 === 0 || y % 4 === 0,
    (x, y) => x === 2 && y === 2,
  ];
  const all = times(count, (i) => {
    const kind = i % draw.length;
    const [dx, dy] = [Math.floor(4 * random()), Math.floor(4 * random())];
    const tint = times(channels, () => 0.5 + random());
    const x = times(SIDE, (row) =>
      times(SIDE, (col) => {
        const isOn = row >= dy && col >= dx && row < dy + 5 && col < dx + 5 &&
          draw[kind](col - dx, row - dy);
        return times(channels, (c) =>
          scale * ((isOn ? tint[c] : 0) + noise * normal(random)));
      }));
    return { x, y: kind };
  });
  return examples(all, { y: oneHot(draw.length) });
}

/** Convolutions: plain, normalized, separable, residual, on raw pixels. */
export const IMAGES: readonly Problem[] = [
  {
    name: "convolutions",
    optimizers: ["momentum", "adam"],
    steps: 150,
    make(random) {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 3,
            activation: "relu",
            inputShape: [SIDE, SIDE, 1],
          }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 5, activation: "softmax" }),
        ],
      });
      const data = pictures(random, {
        count: 1200,
        channels: 1,
        scale: 1,
        noise: 0.2,
      });
      return { model, ...SOFTMAX, ...data };
    },
  },
  {
    name: "convolutions with batch norm",
    optimizers: ["sgd", "adam"],
    steps: 150,
    make(random) {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 3,
            useBias: false,
            inputShape: [SIDE, SIDE, 1],
          }),
          tf.layers.batchNormalization({ momentum: 0.9 }),
          tf.layers.activation({ activation: "relu" }),
          tf.layers.conv2d({ filters: 8, kernelSize: 3, useBias: false }),
          tf.layers.batchNormalization({ momentum: 0.9 }),
          tf.layers.activation({ activation: "relu" }),
          tf.layers.globalAveragePooling2d({}),
          tf.layers.dense({ units: 5, activation: "softmax" }),
        ],
      });
      const data = pictures(random, {
        count: 1200,
        channels: 1,
        scale: 1,
        noise: 0.2,
      });
      return { model, ...SOFTMAX, ...data };
    },
  },
  {
    name: "residual and depthwise convolutions",
    optimizers: ["momentum", "rmsprop"],
    steps: 150,
    make(random) {
      const input = tf.input({ shape: [SIDE, SIDE, 2] });
      const first = tf.layers.conv2d({
        filters: 8,
        kernelSize: 1,
        activation: "relu",
      }).apply(input) as tf.SymbolicTensor;
      const inner = tf.layers.depthwiseConv2d({
        kernelSize: 3,
        padding: "same",
        activation: "relu",
      }).apply(first) as tf.SymbolicTensor;
      const sum = tf.layers.add().apply([first, inner]) as tf.SymbolicTensor;
      const pooled = tf.layers.maxPooling2d({ poolSize: 2 }).apply(sum);
      const flat = tf.layers.flatten().apply(pooled);
      const output = tf.layers.dense({ units: 5, activation: "softmax" })
        .apply(flat) as tf.SymbolicTensor;
      const data = pictures(random, {
        count: 1200,
        channels: 2,
        scale: 1,
        noise: 0.2,
      });
      return {
        model: tf.model({ inputs: input, outputs: output }),
        ...SOFTMAX,
        ...data,
      };
    },
  },
  {
    name: "convolutions on pixels of 0 to 255",
    optimizers: ["adam", "momentum"],
    steps: 150,
    make(random) {
      const kernelInitializer = tf.initializers.randomNormal({ stddev: 0.01 });
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 3,
            strides: 2,
            activation: "relu",
            kernelInitializer,
            inputShape: [SIDE, SIDE, 3],
          }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 24, activation: "relu" }),
          tf.layers.dense({ units: 5, activation: "softmax" }),
        ],
      });
      const data = pictures(random, {
        count: 1200,
        channels: 3,
        scale: 100,
        noise: 0.4,
      });
      return { model, ...SOFTMAX, ...data };
    },
  },
];
