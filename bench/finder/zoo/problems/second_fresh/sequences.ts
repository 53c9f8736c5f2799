import * as tf from "@tensorflow/tfjs";
import type { Problem } from "../../problem.ts";
import { examples, oneHot, times } from "../_data.ts";

/** Tags of words, and letters that are hidden. */
export const SEQUENCES: readonly Problem[] = [
  {
    name: "a tag for each word, both directions of a GRU",
    optimizers: ["adam", "nesterov"],
    steps: 80,
    make(random) {
      const [length, words, tags] = [6, 20, 4];
      // A word's tag depends on its neighbours; sentences end in padding.
      const all = times(800, () => {
        const count = 3 + Math.floor((length - 2) * random());
        const text = times(
          length,
          (t) => t < count ? 1 + Math.floor((words - 1) * random()) : 0,
        );
        const tag = (word: number, t: number) => {
          if (word === 0) return 0;
          if (word < 12) return 1;
          return (text[t - 1] ?? 0) < 12 && (text[t + 1] ?? 0) > 0 ? 2 : 3;
        };
        return {
          x: text,
          y: text.map((word, t) =>
            times(tags, (i) => i === tag(word, t) ? 1 : 0)
          ),
        };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.embedding({
            inputDim: words,
            outputDim: 8,
            inputLength: length,
          }),
          tf.layers.bidirectional({
            layer: tf.layers.gru({ units: 8, returnSequences: true }) as tf.RNN,
            mergeMode: "concat",
          }),
          tf.layers.timeDistributed({
            layer: tf.layers.dense({ units: tags, activation: "softmax" }),
          }),
        ],
      });
      return {
        model,
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
        ...examples(all),
      };
    },
  },
  {
    name: "hidden letters guessed, layer norm after attention",
    optimizers: ["adamw", "adam"],
    steps: 100,
    batchSize: 16,
    make(random) {
      const [length, letters, width] = [6, 6, 16];
      // Each letter is one or two on from the one before it.
      const all = times(1200, () => {
        const [begin, step] = [
          Math.floor(letters * random()),
          1 + Math.floor(2 * random()),
        ];
        const text = times(length, (t) => (begin + step * t) % letters);
        const hidden = Math.floor(length * random());
        const given = text.map((letter, t) => t === hidden ? letters : letter);
        return { x: [...given, hidden], y: text[hidden] };
      });
      const weight = (rows: number, columns: number) =>
        tf.variable(
          tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)),
        ) as tf.Variable<tf.Rank.R2>;
      const [word, place] = [weight(letters + 1, width), weight(length, width)];
      const [query, key, value] = times(3, () => weight(width, width));
      const [wide, narrow] = [weight(width, 32), weight(32, width)];
      const output = weight(width, letters);
      const gains = times(2, () => tf.variable(tf.ones([width])));
      const normalize = (rows: tf.Tensor, gain: tf.Variable) => {
        const { mean, variance } = tf.moments(rows, -1, true);
        return rows.sub(mean).div(variance.add(1e-5).sqrt()).mul(gain);
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
          const [text, hidden] = tf.split(xs.toInt(), [length, 1], 1);
          const tokens = word.gather(text as tf.Tensor2D).add(place);
          const apply = (kernel: tf.Variable<tf.Rank.R2>) =>
            tokens.reshape<tf.Tensor2D>([-1, width]).matMul(kernel)
              .reshape([batch, length, width]);
          const scores = tf.matMul(apply(query), apply(key), false, true)
            .div(Math.sqrt(width));
          const found = tf.matMul(tf.softmax(scores), apply(value));
          const attended = normalize(tokens.add(found), gains[0])
            .reshape<tf.Tensor2D>([-1, width]);
          const inner = attended.matMul(wide).relu().matMul(narrow);
          const last = normalize(attended.add(inner), gains[1])
            .reshape([batch, length, width]);
          const asked = tf.oneHot(hidden.reshape<tf.Tensor1D>([-1]), length)
            .expandDims(2);
          const logits = last.mul(asked).sum<tf.Tensor2D>(1).matMul(output);
          return tf.losses.softmaxCrossEntropy(ys, logits) as tf.Scalar;
        },
        ...examples(all, {
          x: (values) => tf.tensor2d(values, undefined, "int32"),
          y: oneHot(letters),
        }),
      };
    },
  },
];
