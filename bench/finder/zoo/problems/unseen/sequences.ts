import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { column, examples, normal, oneHot, times } from "../_data.ts";

/** Text and signals: convolutions along time, both directions, attention. */
export const SEQUENCES: readonly Problem[] = [
  {
    name: "pairs of words, convolutions along a text",
    optimizers: ["adam", "adagrad"],
    make(random) {
      const all = times(1600, () => {
        const x = times(12, () => Math.floor(40 * random()));
        const y = random() < 0.5 ? 1 : 0;
        // "not good" against "good": a word and the one before it.
        const at = Math.floor(11 * random());
        x[at] = y ? 1 : 2;
        x[at + 1] = 3;
        return { x, y };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 40, outputDim: 8, inputLength: 12 }),
          tf.layers.conv1d({ filters: 16, kernelSize: 2, activation: "relu" }),
          tf.layers.globalMaxPooling1d({}),
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
    name: "both directions of an LSTM",
    optimizers: ["adam", "rmsprop"],
    steps: 150,
    make(random) {
      const all = times(800, () => {
        const x = times(6, () => times(2, () => normal(random)));
        return { x, y: x[0][0] + x[5][1] > 0 ? 1 : 0 };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.bidirectional({
            layer: tf.layers.lstm({ units: 6 }) as tf.RNN,
            mergeMode: "concat",
            inputShape: [6, 2],
          }),
          tf.layers.dense({ units: 2, activation: "softmax" }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        ...examples(all, { y: oneHot(2) }),
      };
    },
  },
  {
    name: "the next value of a wave, GRU",
    optimizers: ["adam", "nesterov"],
    steps: 150,
    make(random) {
      const all = times(800, () => {
        const [phase, speed] = [2 * Math.PI * random(), 0.4 + random()];
        const at = (t: number) =>
          Math.sin(phase + speed * t) + 0.05 * normal(random);
        return { x: times(8, (t) => [at(t)]), y: at(8) };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.gru({ units: 10, inputShape: [8, 1] }),
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
    name: "a block of attention with layer norm",
    optimizers: ["adamw", "adam"],
    steps: 150,
    make(random) {
      const [length, words, width] = [6, 12, 12];
      // How often the first word comes again.
      const all = times(1200, () => {
        const x = times(length, () => Math.floor(4 * random()));
        const again = x.slice(1).filter((word) => word === x[0]).length;
        return { x, y: Math.min(2, again) };
      });
      const weight = (rows: number, columns: number) =>
        tf.variable(tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)));
      const [word, place] = [weight(words, width), weight(length, width)];
      const [query, key, value] = times(3, () => weight(width, width));
      const [wide, narrow] = [weight(width, 24), weight(24, width)];
      const output = weight(width, 3);
      const gains = times(2, () => tf.variable(tf.ones([width])));
      const normalize = (xs: tf.Tensor, gain: tf.Variable) => {
        const { mean, variance } = tf.moments(xs, -1, true);
        return xs.sub(mean).div(variance.add(1e-5).sqrt()).mul(gain);
      };
      return {
        variables: [
          word,
          place,
          query,
          key,
          value,
          wide,
          narrow,
          output,
          ...gains,
        ],
        loss: ({ xs, ys }) => {
          const [batch] = xs.shape;
          const apply = (tokens: tf.Tensor, kernel: tf.Variable) =>
            tokens.reshape([-1, kernel.shape[0]]).matMul(kernel as tf.Tensor2D)
              .reshape([batch, length, kernel.shape[1]!]);
          const tokens = word.gather(xs.toInt()).add(place);
          const normal = normalize(tokens, gains[0]);
          const scores = tf.matMul(
            apply(normal, query),
            apply(normal, key),
            false,
            true,
          ).div(Math.sqrt(width));
          const mixed = tokens.add(
            tf.matMul(tf.softmax(scores), apply(normal, value)),
          );
          const inner = apply(normalize(mixed, gains[1]), wide).relu();
          const pooled = mixed.add(apply(inner, narrow)).mean(1);
          const logits = pooled.matMul(output as unknown as tf.Tensor);
          return tf.losses.softmaxCrossEntropy(ys, logits) as tf.Scalar;
        },
        ...examples(all, {
          x: (values) => tf.tensor2d(values, undefined, "int32"),
          y: oneHot(3),
        }),
      };
    },
  },
];
