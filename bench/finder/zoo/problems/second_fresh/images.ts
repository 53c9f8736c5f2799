import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../../../../src/runtime/random.ts";
import type { Problem } from "../../problem.ts";
import { examples, normal, oneHot, times } from "../_data.ts";

const SIDE = 8;

/** A cross, a frame, or a bar, somewhere in noise. */
function shapes(random: Random, count: number) {
  const isOn = [
    (row: number, col: number) => row === 2 || col === 2,
    (row: number, col: number) => Math.max(row % 4, col % 4) === 0,
    (row: number) => row === 1 || row === 3,
  ];
  return times(count, (i) => {
    const [top, left] = times(2, () => Math.floor((SIDE - 4) * random()));
    const x = times(SIDE, (row) =>
      times(SIDE, (col) => {
        const [r, c] = [row - top, col - left];
        const isInside = r >= 0 && r < 5 && c >= 0 && c < 5;
        const ink = isInside && isOn[i % 3](r, c) ? 1 : 0;
        return [ink + 0.4 * normal(random)];
      }));
    return { x, y: i % 3 };
  });
}

/** A picture made larger, and convolutions for the smallest batches. */
export const IMAGES: readonly Problem[] = [
  {
    name: "pictures made twice as large, transposed convolutions",
    optimizers: ["adam", "adamax"],
    steps: 100,
    batchSize: 16,
    make(random) {
      const all = times(600, () => {
        const [turn, phase] = [Math.PI * random(), 2 * Math.PI * random()];
        const [dx, dy] = [Math.cos(turn), Math.sin(turn)];
        const at = (row: number, col: number) =>
          0.5 + 0.5 * Math.sin(0.9 * (dx * col + dy * row) + phase);
        const grid = (side: number, step: number) =>
          times(
            side,
            (row) =>
              times(side, (col) => [
                at(step * (row + 0.5), step * (col + 0.5)),
              ]),
          );
        return { x: grid(5, 2), y: grid(10, 1) };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 8,
            kernelSize: 3,
            padding: "same",
            activation: "relu",
            inputShape: [5, 5, 1],
          }),
          tf.layers.conv2dTranspose({
            filters: 6,
            kernelSize: 4,
            strides: 2,
            padding: "same",
            activation: "relu",
          }),
          tf.layers.conv2d({ filters: 1, kernelSize: 3, padding: "same" }),
        ],
      });
      return { model, loss: "meanSquaredError", ...examples(all) };
    },
  },
  {
    name: "convolutions with group norm, batches of eight",
    optimizers: ["sgd", "adamw"],
    batchSize: 8,
    steps: 100,
    make(random) {
      const [groups, filters] = [2, 8];
      const kernel = (...shape: [number, number, number, number]) =>
        tf.variable(
          tf.randomNormal(shape, 0, Math.sqrt(2 / (9 * shape[2]))),
        ) as tf.Variable<tf.Rank.R4>;
      const kernels = [
        kernel(3, 3, 1, filters),
        kernel(3, 3, filters, filters),
      ];
      const gains = kernels.map(() => tf.variable(tf.ones([filters])));
      const shifts = kernels.map(() => tf.variable(tf.zeros([filters])));
      const out = tf.variable(tf.randomNormal([filters, 3], 0, 0.3));
      const normalize = (rows: tf.Tensor) => {
        const [batch, height, width] = rows.shape;
        const split = rows.reshape([batch, height * width, groups, -1]);
        const { mean, variance } = tf.moments(split, [1, 3], true);
        return split.sub(mean).div(variance.add(1e-5).sqrt())
          .reshape(rows.shape);
      };
      return {
        variables: [...kernels, ...gains, ...shifts, out],
        loss: ({ xs, ys }) => {
          let rows = xs as tf.Tensor4D;
          for (const [i, filter] of kernels.entries()) {
            rows = normalize(tf.conv2d(rows, filter, i + 1, "same"))
              .mul(gains[i]).add(shifts[i]).relu() as tf.Tensor4D;
          }
          const logits = tf.max(rows, [1, 2]).matMul(out);
          return tf.losses.softmaxCrossEntropy(ys, logits) as tf.Scalar;
        },
        ...examples(shapes(random, 900), { y: oneHot(3) }),
      };
    },
  },
];
