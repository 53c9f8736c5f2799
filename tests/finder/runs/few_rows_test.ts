/** What training on few rows shows, which are learned by heart. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { borrowMathRandom, seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

const ROWS = 40;

/** Three classes with means apart; with labels that fit, or one another's. */
function rows(areShuffled: boolean) {
  const random = seededRandom(3);
  const kinds = Array.from({ length: ROWS }, () => Math.floor(3 * random()));
  const labels = areShuffled
    ? kinds.map(() => Math.floor(3 * random()))
    : kinds;
  return {
    xs: tf.tensor2d(
      kinds.map((kind) =>
        [0, 1, 2, 3].map((k) => normal(random) + (k === kind ? 2 : 0))
      ),
    ),
    ys: tf.tensor2d(
      labels.map((label) => [0, 1, 2].map((k) => k === label ? 1 : 0)),
    ),
  };
}

function network(activation: "softmax" | "linear") {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, activation: "relu", inputShape: [4] }),
      tf.layers.dense({ units: 3, activation }),
    ],
  });
}

function findOfModel(areShuffled: boolean, asDataset = false) {
  using _ = borrowMathRandom(seededRandom(1));
  const model = network("softmax");
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  const { xs, ys } = rows(areShuffled);
  const array = (tensor: tf.Tensor2D) => tf.data.array(tensor.arraySync());
  return findLearningRate(
    model,
    asDataset
      ? tf.data.zip({ xs: array(xs), ys: array(ys) } as never)
        .shuffle(ROWS, "1").batch(8) as never
      : { xs, ys },
    { batchSize: 8 },
  );
}

function findOfLoop(areShuffled: boolean) {
  using _ = borrowMathRandom(seededRandom(1));
  const model = network("linear");
  const optimizer = tf.train.adam(0.001);
  const data = rows(areShuffled);
  const loss = (batch: typeof data) =>
    tf.losses.softmaxCrossEntropy(
      batch.ys,
      model.apply(batch.xs) as tf.Tensor,
    ) as tf.Scalar;
  return findLearningRate<typeof data>(
    {
      optimizer,
      variables: model.trainableWeights,
      trainOnBatch: (batch) => optimizer.minimize(() => loss(batch), true)!,
      evaluateOnBatch: (batch) => tf.tidy(() => loss(batch)),
    },
    data,
    { batchSize: 8 },
  );
}

for (
  const [what, find] of [
    ["a model", findOfModel],
    ["a model's Dataset", (are: boolean) => findOfModel(are, true)],
    ["a loop", findOfLoop],
  ] as const
) {
  Deno.test(`findLearningRate() says good of few rows of ${what} whose labels fit, and not of shuffled ones`, async () => {
    const fitting = await find(false);
    assertEquals(fitting.verdict, "good", fitting.advice);
    const before = tf.memory().numTensors;
    const shuffled = await find(true);
    assertEquals(
      shuffled.finding.kind,
      "pairs-not-learned",
      shuffled.advice,
    );
    assertMatch(shuffled.advice, /shuffled.*kept out.*40 are soon learned/);
    assert(shuffled.baseLr! < shuffled.maxLr!);
    assert(shuffled.cost!.trained <= 500, `${shuffled.cost!.trained}`);
    // The rows, the weights and the optimizer's own.
    assert(tf.memory().numTensors - before < 25);
  });
}
