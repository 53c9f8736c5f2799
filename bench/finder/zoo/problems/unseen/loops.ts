import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, normalRows, times } from "../_data.ts";

/** Losses of one's own: contrasts, densities, several at once. */
export const LOOPS: readonly Problem[] = [
  {
    name: "two views of the same, a contrast in the batch",
    optimizers: ["adam", "momentum"],
    make(random) {
      const mixing = normalRows(random, 3, 12);
      const all = normalRows(random, 1200, 3).map((hidden) => {
        const view = () =>
          times(
            12,
            (i) =>
              hidden.reduce((sum, h, k) => sum + h * mixing[k][i], 0) +
              0.5 * normal(random),
          );
        return { x: [view(), view()], y: 0 };
      });
      const first = tf.variable(tf.randomNormal([12, 24], 0, 0.3));
      const second = tf.variable(tf.randomNormal([24, 6], 0, 0.3));
      return {
        variables: [first, second],
        loss: ({ xs }) => {
          const [left, right] = tf.unstack(xs, 1).map((rows) => {
            const code = rows.matMul(first).tanh().matMul(second);
            const size = code.square().sum(1, true).add(1e-6).sqrt();
            return code.div(size);
          });
          // Of a whole validation set there are more to tell apart.
          const [count] = left.shape;
          const scores = tf.matMul(left as tf.Tensor2D, right, false, true)
            .div(0.2);
          const own = tf.oneHot(tf.range(0, count!, 1, "int32"), count!);
          return tf.losses.softmaxCrossEntropy(own, scores) as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "a mixture of two densities",
    optimizers: ["adam", "rmsprop"],
    make(random) {
      const all = times(1600, () => {
        const x = 2 * random() - 1;
        const branch = random() < 0.5 ? 1 : -1;
        return { x: [x], y: branch * (1 + x) + 0.2 * normal(random) };
      });
      const first = tf.variable(tf.randomNormal([1, 24], 0, 1));
      const bias = tf.variable(tf.randomNormal([24], 0, 0.5));
      const second = tf.variable(tf.randomNormal([24, 6], 0, 0.2));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const out = xs.matMul(first).add(bias).tanh().matMul(second);
          const [share, center, logWidth] = tf.split(out, 3, 1);
          const distance = ys.sub(center).mul(logWidth.neg().exp());
          const logs = tf.logSoftmax(share).sub(logWidth)
            .sub(distance.square().mul(0.5));
          return tf.logSumExp(logs, 1).mean().neg() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "a class and a number from one body",
    optimizers: ["adamax", "sgd"],
    make(random) {
      const all = normalRows(random, 1400, 8);
      const [sums, kinds] = [
        all.map((x) => x[0] * x[1] + x[2]),
        all.map((x) => x[3] > x[4] ? 1 : 0),
      ];
      const part = (from: number, to: number) => ({
        xs: tf.tensor2d(all.slice(from, to)),
        ys: [column(sums.slice(from, to)), column(kinds.slice(from, to))],
      });
      const input = tf.input({ shape: [8] });
      const body = tf.layers.dense({ units: 32, activation: "relu" })
        .apply(input) as tf.SymbolicTensor;
      const outputs = [
        tf.layers.dense({ units: 1 }).apply(body),
        tf.layers.dense({ units: 1, activation: "sigmoid" }).apply(body),
      ] as tf.SymbolicTensor[];
      return {
        model: tf.model({ inputs: input, outputs }),
        loss: ["meanSquaredError", "binaryCrossentropy"],
        train: part(0, 1050),
        validation: part(1050, 1400),
      };
    },
  },
];
