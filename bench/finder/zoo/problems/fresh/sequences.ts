import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, times } from "../_data.ts";

/** A random matrix, scaled by its inputs. */
function weight(rows: number, columns: number): tf.Variable<tf.Rank.R2> {
  return tf.variable(
    tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)),
  ) as tf.Variable<tf.Rank.R2>;
}

/** The same tensor, whose gradient is clipped by its norm. */
const clipGradient = tf.customGrad((x) => ({
  value: (x as tf.Tensor).clone(),
  gradFunc: (dy: tf.Tensor) =>
    tf.tidy(() => dy.mul(tf.minimum(1, tf.div(1, dy.norm().add(1e-12))))),
}));

/** Series, sentences and programs along time. */
export const SEQUENCES: readonly Problem[] = [
  {
    name: "three days to come, convolutions along four weeks",
    optimizers: ["adamax", "rmsprop"],
    make(random) {
      const [past, future] = [28, 3];
      const all = times(1000, () => {
        const [phase, trend] = [7 * random(), 0.05 * normal(random)];
        const swing = 0.5 + random();
        const sold = times(past + future, (t) =>
          trend * (t - past / 2) +
          swing * Math.sin(2 * Math.PI * (t + phase) / 7) +
          0.2 * normal(random));
        return {
          x: sold.slice(0, past).map((value) => [value]),
          y: sold.slice(past),
        };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.conv1d({
            filters: 8,
            kernelSize: 7,
            activation: "relu",
            inputShape: [past, 1],
          }),
          tf.layers.conv1d({
            filters: 8,
            kernelSize: 3,
            strides: 2,
            activation: "relu",
          }),
          tf.layers.flatten(),
          tf.layers.dense({ units: future }),
        ],
      });
      return { model, loss: "meanAbsoluteError", ...examples(all) };
    },
  },
  {
    name: "a simple RNN, gradients clipped by norm",
    optimizers: ["momentum", "adamw"],
    make(random) {
      const [length, units] = [6, 12];
      const all = times(1200, () => {
        const x = times(length, () => [normal(random), random()]);
        // A gate lets the value through, or keeps what there was.
        const y = x.reduce(
          (kept, [value, gate]) => gate > 0.6 ? Math.tanh(value) : 0.9 * kept,
          0,
        );
        return { x, y };
      });
      const [into, across, out] = [
        weight(2, units),
        weight(units, units),
        weight(units, 1),
      ];
      const bias = tf.variable(tf.zeros([units]));
      return {
        variables: [into, across, out, bias],
        loss: ({ xs, ys }) => {
          const [read, keep, tell, add] = [into, across, out, bias].map(
            (variable) => clipGradient(variable as tf.Tensor),
          );
          let state = tf.zeros([xs.shape[0], units]);
          for (const row of tf.unstack(xs, 1)) {
            state = row.matMul(read).add(state.matMul(keep)).add(add).tanh();
          }
          return state.matMul(tell).sub(ys).square().mean() as tf.Scalar;
        },
        ...examples(all, { y: column }),
      };
    },
  },
  {
    name: "three letters turned round, encoder and decoder",
    optimizers: ["adam", "adamax"],
    steps: 150,
    make(random) {
      const [length, letters] = [3, 5];
      const spell = (word: readonly number[]) =>
        word.map((letter) => times(letters, (i) => i === letter ? 1 : 0));
      const all = times(1200, () => {
        const word = times(length, () => Math.floor(letters * random()));
        return { x: spell(word), y: spell(word.toReversed()) };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.gru({ units: 20, inputShape: [length, letters] }),
          tf.layers.repeatVector({ n: length }),
          tf.layers.gru({ units: 20, returnSequences: true }),
          tf.layers.timeDistributed({
            layer: tf.layers.dense({ units: letters, activation: "softmax" }),
          }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        ...examples(all),
      };
    },
  },
  {
    name: "the next letter, causal attention",
    optimizers: ["adamw", "rmsprop"],
    steps: 150,
    batchSize: 16,
    make(random) {
      const [length, letters, width, heads] = [8, 6, 16, 2];
      // A letter comes again after two others, but for one time in ten.
      const all = times(800, () => {
        const text: number[] = [];
        for (let t = 0; t <= length; t++) {
          const isNew = t < 3 || random() < 0.1;
          text.push(isNew ? Math.floor(letters * random()) : text[t - 3]);
        }
        return { x: text.slice(0, length), y: text.slice(1) };
      });
      const [word, place] = [weight(letters, width), weight(length, width)];
      const [queries, keys, values, mixed] = times(
        4,
        () => weight(width, width),
      );
      const [wide, narrow] = [weight(width, 32), weight(32, width)];
      const output = weight(width, letters);
      const future = tf.tidy(() =>
        tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0))
          .mul(-1e9).arraySync()
      ) as number[][];
      return {
        variables: [
          word,
          place,
          queries,
          keys,
          values,
          mixed,
          wide,
          narrow,
          output,
        ],
        loss: ({ xs, ys }) => {
          const [batch] = xs.shape;
          const split = (rows: tf.Tensor) =>
            rows.reshape([batch, length, heads, width / heads])
              .transpose([0, 2, 1, 3]);
          const tokens = word.gather(xs.toInt() as tf.Tensor2D).add(place)
            .reshape([-1, width]) as tf.Tensor2D;
          const [asked, told, given] = [queries, keys, values].map((kernel) =>
            split(tokens.matMul(kernel))
          );
          const scores = tf.matMul(asked, told, false, true)
            .div(Math.sqrt(width / heads)).add(tf.tensor2d(future));
          const found = tf.matMul(tf.softmax(scores), given)
            .transpose([0, 2, 1, 3]).reshape([-1, width]) as tf.Tensor2D;
          const attended = tokens.add(found.matMul(mixed)) as tf.Tensor2D;
          const inner = attended.matMul(wide).relu().matMul(narrow);
          const logits = attended.add(inner).matMul(output);
          return tf.losses.softmaxCrossEntropy(
            tf.oneHot(ys.reshape([-1]).toInt() as tf.Tensor1D, letters),
            logits,
          ) as tf.Scalar;
        },
        ...examples(all),
      };
    },
  },
];
