import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, normalRows, times } from "../_data.ts";

/** What is learned is which things are alike. */
export const LIKENESS: readonly Problem[] = [
  {
    name: "pairs of one kind or of two, siamese with a margin",
    optimizers: ["rmsprop", "adam"],
    steps: 120,
    make(random) {
      const centers = normalRows(random, 10, 12);
      const draw = (kind: number) =>
        centers[kind].map((value) => value + 0.7 * normal(random));
      const all = times(1600, (i) => {
        const kind = Math.floor(10 * random());
        const other = (kind + 1 + Math.floor(9 * random())) % 10;
        const isSame = i % 2 === 0;
        return {
          x: [draw(kind), draw(isSame ? kind : other)],
          y: isSame ? 1 : 0,
        };
      });
      const first = tf.variable(tf.randomNormal([12, 24], 0, 0.3));
      const bias = tf.variable(tf.zeros([24]));
      const second = tf.variable(tf.randomNormal([24, 6], 0, 0.2));
      return {
        variables: [first, bias, second],
        loss: ({ xs, ys }) => {
          const [left, right] = tf.unstack(xs, 1).map((rows) =>
            rows.matMul(first).add(bias).relu().matMul(second)
          );
          const distance = left.sub(right).square().sum(1, true).add(1e-6)
            .sqrt();
          const apart = tf.relu(tf.sub(1, distance)).square();
          return ys.mul(distance.square()).add(tf.sub(1, ys).mul(apart))
            .mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "words beside each other, with words that are not",
    optimizers: ["adam", "adagrad"],
    batchSize: 64,
    make(random) {
      const [words, topics, negatives] = [120, 8, 4];
      const all = times(3200, (i) => {
        const of = () =>
          topics * Math.floor(words / topics * random() ** 1.5) + i % topics;
        const noise = () => Math.floor(words * random());
        return { x: [of(), of(), ...times(negatives, noise)], y: 0 };
      });
      const [inner, outer] = times(
        2,
        () => tf.variable(tf.randomUniform([words, 10], -0.05, 0.05)),
      );
      return {
        variables: [inner, outer],
        loss: ({ xs }) => {
          const [word, others] = tf.split(xs, [1, 1 + negatives], 1);
          const code = inner.gather(word.toInt() as tf.Tensor2D);
          const scores = code.mul(outer.gather(others.toInt() as tf.Tensor2D))
            .sum(2);
          const signs = tf.tensor1d([-1, ...times(negatives, () => 1)]);
          return scores.mul(signs).softplus().sum(1).mean() as tf.Scalar;
        },
        ...examples(all, {
          x: (values) => tf.tensor2d(values, undefined, "int32"),
          y: column,
        }),
      };
    },
  },
  {
    name: "a dozen faces, cosines with a margin",
    optimizers: ["momentum", "adamax"],
    steps: 120,
    make(random) {
      const people = 12;
      const centers = normalRows(random, people, 16);
      const all = times(1600, (i) => ({
        x: centers[i % people].map((value) => value + 1.1 * normal(random)),
        y: times(people, (k) => k === i % people ? 1 : 0),
      }));
      const first = tf.variable(tf.randomNormal([16, 32], 0, 0.3));
      const bias = tf.variable(tf.zeros([32]));
      const second = tf.variable(tf.randomNormal([32, 8], 0, 0.2));
      const faces = tf.variable(tf.randomNormal([people, 8]));
      const unit = (rows: tf.Tensor) =>
        rows.div(rows.square().sum(1, true).add(1e-6).sqrt()) as tf.Tensor2D;
      return {
        variables: [first, bias, second, faces],
        loss: ({ xs, ys }) => {
          const codes = xs.matMul(first).add(bias).relu().matMul(second);
          const cosines = tf.matMul(unit(codes), unit(faces), false, true);
          const logits = cosines.sub(ys.mul(0.2)).mul(10);
          return tf.losses.softmaxCrossEntropy(ys, logits) as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
];
