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

/** Networks with shortcuts, tied weights, equations and moves. */
export const NETWORKS: readonly Problem[] = [
  {
    name: "five residual blocks of a perceptron, layer norm",
    optimizers: ["adam", "nesterov"],
    steps: 100,
    make(random) {
      const all = normalRows(random, 1600, 8).map((x) => ({
        x,
        y: (x[0] * x[1] > 0 ? 1 : 0) + (x[2] > Math.abs(x[3]) ? 2 : 0),
      }));
      const input = tf.input({ shape: [8] });
      let rows = tf.layers.dense({ units: 16 })
        .apply(input) as tf.SymbolicTensor;
      for (let i = 0; i < 5; i++) {
        const normed = tf.layers.layerNormalization({}).apply(rows);
        const hidden = tf.layers.dense({ units: 16, activation: "relu" })
          .apply(normed);
        const added = tf.layers.dense({ units: 16 })
          .apply(hidden) as tf.SymbolicTensor;
        rows = tf.layers.add().apply([rows, added]) as tf.SymbolicTensor;
      }
      const outputs = tf.layers.dense({ units: 4, activation: "softmax" })
        .apply(rows) as tf.SymbolicTensor;
      return {
        model: tf.model({ inputs: input, outputs }),
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
        ...examples(all, { y: oneHot(4) }),
      };
    },
  },
  {
    name: "three layers of selu with alpha dropout, a number",
    optimizers: ["adamw", "momentum"],
    steps: 120,
    make(random) {
      const all = normalRows(random, 1600, 10).map((x) => ({
        x,
        y: Math.sin(2 * x[0]) + x[1] * x[2] / 2 + 0.5 * x[3] +
          0.2 * normal(random),
      }));
      const model = tf.sequential();
      model.add(tf.layers.inputLayer({ inputShape: [10] }));
      for (let i = 0; i < 3; i++) {
        model.add(tf.layers.dense({
          units: 24,
          activation: "selu",
          kernelInitializer: "leCunNormal",
        }));
        model.add(tf.layers.alphaDropout({ rate: 0.05 }));
      }
      model.add(tf.layers.dense({ units: 1 }));
      return {
        model,
        loss: "meanSquaredError",
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "a third of the numbers left out, tied weights",
    optimizers: ["adam", "nesterov"],
    make(random) {
      const mixing = normalRows(random, 4, 20);
      const all = normalRows(random, 1600, 4).map((hidden) => ({
        x: times(
          20,
          (i) =>
            hidden.reduce((sum, h, k) => sum + h * mixing[k][i], 0) / 2 +
            0.1 * normal(random),
        ),
        y: 0,
      }));
      const kernel = tf.variable(
        tf.randomNormal([20, 12], 0, 1 / Math.sqrt(20)),
      ) as tf.Variable<tf.Rank.R2>;
      const inner = tf.variable(tf.zeros([12]));
      const outer = tf.variable(tf.zeros([20]));
      return {
        variables: [kernel, inner, outer],
        loss: ({ xs }) => {
          const left = tf.dropout(xs, 0.3) as tf.Tensor2D;
          const code = left.matMul(kernel).add(inner).tanh() as tf.Tensor2D;
          return tf.matMul(code, kernel, false, true).add(outer).sub(xs)
            .square().mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "a picture by its coordinates, through waves",
    optimizers: ["adam", "rmsprop"],
    batchSize: 64,
    make(random) {
      const [cx, cy] = [0.3 + 0.4 * random(), 0.3 + 0.4 * random()];
      const all = times(1600, () => {
        const [x, y] = [random(), random()];
        const isIn = Math.hypot(x - cx, y - cy) < 0.25;
        const stripes = 0.2 * Math.sin(2 * Math.PI * (3 * x + y));
        return { x: [x, y], y: (isIn ? 0.8 : 0.3 * y) + stripes };
      });
      const waves = normalRows(random, 2, 12).map((row) =>
        row.map((value) => 2 * Math.PI * 1.5 * value)
      );
      const first = tf.variable(tf.randomNormal([24, 32], 0, 0.28));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, 16], 0, 0.25));
      const third = tf.variable(tf.randomNormal([16, 1], 0, 0.25));
      const level = tf.variable(tf.zeros([1]));
      return {
        variables: [first, bias, second, third, level],
        loss: ({ xs, ys }) => {
          const angles = xs.matMul(tf.tensor2d(waves));
          const features = tf.concat([angles.sin(), angles.cos()], 1);
          const grey = features.matMul(first).add(bias).relu()
            .matMul(second).relu().matMul(third).add(level);
          return grey.sub(ys).square().mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "a damped swing by its equation, no data",
    optimizers: ["adam", "adamax"],
    steps: 200,
    make(random) {
      const all = times(800, () => ({ x: [3 * random()], y: 0 }));
      const first = tf.variable(tf.randomNormal([1, 24], 0, 1));
      const bias = tf.variable(tf.randomNormal([24], 0, 1));
      const second = tf.variable(tf.randomNormal([24, 1], 0, 0.2));
      /** The place, the speed and the acceleration at these times. */
      const moving = (times: tf.Tensor) => {
        const value = times.matMul(first as unknown as tf.Tensor).add(bias)
          .tanh();
        const slope = tf.sub(1, value.square());
        return [
          value,
          slope.mul(first),
          value.mul(slope).mul(first.square()).mul(-2),
        ].map((rows) => rows.matMul(second as unknown as tf.Tensor));
      };
      return {
        variables: [first, bias, second],
        loss: ({ xs }) => {
          const [place, speed, acceleration] = moving(xs);
          const missed = acceleration.add(speed.mul(0.5)).add(place.mul(2));
          const [start, push] = moving(tf.zeros([1, 1]));
          const begun = start.sub(1).square().add(push.square()).mean();
          return missed.square().mean().add(begun.mul(5)) as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "moves that were drawn, a clipped ratio of policies",
    optimizers: ["adam", "rmsprop"],
    steps: 120,
    batchSize: 64,
    make(random) {
      const moves = 4;
      const all = normalRows(random, 3200, 6).map((x) => {
        const move = Math.floor(moves * random());
        const gained = x[move] - 0.5 * x[(move + 1) % 6] + normal(random);
        return { x, y: [move, gained] };
      });
      const first = tf.variable(tf.randomNormal([6, 32], 0, 0.4));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, moves], 0, 0.01));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const [move, gained] = tf.unstack(ys, 1);
          const logs = tf.logSoftmax(
            xs.matMul(first).add(bias).tanh().matMul(second),
          );
          const made = tf.oneHot(move.toInt() as tf.Tensor1D, moves);
          // The moves were drawn with equal chances.
          const ratio = logs.mul(made).sum(1).exp().mul(moves);
          const kept = tf.minimum(
            ratio.mul(gained),
            ratio.clipByValue(0.8, 1.2).mul(gained),
          );
          const entropy = logs.exp().mul(logs).sum(1).neg();
          return kept.add(entropy.mul(0.01)).mean().neg() as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
];
