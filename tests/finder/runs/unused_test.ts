/** What a loop of one's own is seen not to take, or not to return. */

import { assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { type BatchResult, findLearningRate } from "@clr/clr";
import { borrowMathRandom, seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

interface Batch {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

function rows(count: number): Batch {
  const random = seededRandom(count);
  const kinds = Array.from({ length: count }, () => Math.floor(3 * random()));
  return {
    xs: tf.tensor2d(
      kinds.map((kind) =>
        [0, 1, 2, 3].map((k) => normal(random) + (k === kind ? 2 : 0))
      ),
    ),
    ys: tf.tensor2d(
      kinds.map((kind) => [0, 1, 2].map((k) => k === kind ? 1 : 0)),
    ),
  };
}

function createModel() {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: "relu", inputShape: [4] }),
      tf.layers.dense({ units: 3 }),
    ],
  });
}

/** One with the same weights each time. */
function firstModel() {
  using _ = borrowMathRandom(seededRandom(1));
  return createModel();
}

const entropy = (model: tf.LayersModel, { xs, ys }: Batch) =>
  tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor) as tf.Scalar;

const accuracy = (model: tf.LayersModel, { xs, ys }: Batch) =>
  tf.tidy(() =>
    (model.apply(xs) as tf.Tensor).argMax(1).equal(ys.argMax(1))
      .toFloat().mean()
  );

/** Tests a loop that lowers one loss and may return another. */
function find(
  { lowers = entropy, returns, evaluates }: {
    lowers?: (model: tf.LayersModel, batch: Batch) => tf.Scalar;
    returns?: (model: tf.LayersModel, batch: Batch) => BatchResult;
    evaluates?: (model: tf.LayersModel, batch: Batch) => BatchResult;
  },
) {
  using _ = borrowMathRandom(seededRandom(1));
  const model = createModel();
  const optimizer = tf.train.adam(0.001);
  return findLearningRate<Batch>({
    optimizer,
    variables: model.trainableWeights,
    trainOnBatch(batch) {
      const loss = optimizer.minimize(() => lowers(model, batch), true)!;
      if (!returns) return loss;
      loss.dispose();
      return returns(model, batch);
    },
    ...(evaluates && {
      evaluateOnBatch: (batch: Batch) =>
        tf.tidy(() => evaluates(model, batch) as tf.Tensor),
    }),
  }, rows(600));
}

Deno.test("findLearningRate() says of a loop that it does not take its batches, or their inputs", async () => {
  const captured = rows(32);
  const ofOne = await find({ lowers: (model) => entropy(model, captured) });
  assertEquals(ofOne.finding.kind, "batches-unused", ofOne.advice);
  assertMatch(ofOne.advice, /the very batch that trainOnBatch is given/);
  const ofOthers = await find({
    lowers: (model, { ys }) => entropy(model, { xs: captured.xs, ys }),
  });
  assertEquals(ofOthers.finding.kind, "inputs-unused", ofOthers.advice);
  assertEquals(ofOthers.verdict, "no-signal");
});

Deno.test("findLearningRate() says of a loop that its loss is no other's than its weights'", async () => {
  const other = firstModel();
  for (const isEvaluated of [false, true]) {
    const range = await find({
      returns: (_, batch) => tf.tidy(() => entropy(other, batch)),
      ...(isEvaluated && {
        evaluates: (_: tf.LayersModel, batch: Batch) => entropy(other, batch),
      }),
    });
    assertEquals(range.finding.kind, "loss-unmoved", range.advice);
    assertEquals(range.remedies.map(({ kind }) => kind), ["check-loss"]);
  }
});

Deno.test("findLearningRate() knows an accuracy that is returned for a loss", async () => {
  for (const evaluates of [undefined, accuracy, entropy]) {
    const range = await find({
      returns: accuracy,
      ...(evaluates && { evaluates }),
    });
    assertEquals(range.finding.kind, "losses-are-shares", range.advice);
    assertEquals(range.verdict, "mismatch");
    assertMatch(range.advice, /an accuracy beside it/);
  }
});

Deno.test("findLearningRate() has a loop checked first whose loss rises as it learns", async () => {
  const range = await find({
    returns: (model, batch) =>
      tf.tidy(() => entropy(model, batch).neg().exp() as tf.Scalar),
  });
  assertEquals(range.remedies.map(({ kind }) => kind)[0] === "train", false);
  assertMatch(range.advice, /not its negative/);
});
