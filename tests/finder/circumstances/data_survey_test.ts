/** What batches look like: their order, and what is the same in all of them. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, type TrainingData } from "@clr/clr";
import {
  areSame,
  DataSurvey,
} from "../../../src/finder/circumstances/data_survey.ts";
import { seededRandom } from "../../../src/runtime/random.ts";

await tf.setBackend("cpu");

const column = (values: readonly number[]) =>
  tf.tensor2d(values.map((value) => [value]));

/** The facts of batches with these targets. */
async function factsOf(
  targets: readonly (readonly number[])[],
  inputs: (batch: number) => tf.Tensor = () => tf.zeros([1, 2]),
) {
  const before = tf.memory().numTensors;
  const survey = new DataSurvey();
  targets.forEach((values, i) => {
    const batch = { xs: inputs(i), ys: column(values) };
    survey.add(batch);
    tf.dispose([batch.xs, batch.ys]);
  });
  const facts = await survey.facts();
  survey[Symbol.dispose]();
  assertEquals(tf.memory().numTensors, before);
  return facts;
}

Deno.test("DataSurvey's runs are the F of an analysis of variance, of batches of any sizes", async () => {
  const random = seededRandom(3);
  for (const sizes of [[4, 4, 4, 4, 4, 4], [7, 2, 5, 1, 9, 3, 1]]) {
    const batches = sizes.map((size) =>
      Array.from({ length: size }, () => 1e3 + random())
    );
    const all = batches.flat();
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const between = batches.reduce(
      (sum, one) => sum + one.length * (mean(one) - mean(all)) ** 2,
      0,
    ) / (batches.length - 1);
    const within = batches.flatMap((one) =>
      one.map((value) => (value - mean(one)) ** 2)
    ).reduce((sum, value) => sum + value, 0) / (all.length - batches.length);
    const { runs } = await factsOf(batches);
    assert(
      Math.abs(runs! / (between / within) - 1) < 1e-2,
      `${runs} for ${between / within}`,
    );
  }
});

Deno.test("DataSurvey knows inputs that are all the same", async () => {
  const targets = [[0, 1], [2, 3], [4, 5]];
  const same = await factsOf(targets, () => tf.ones([2, 3]));
  assertEquals(same.sameInputs, 3);
  const last = await factsOf(
    targets,
    (i) => i === 2 ? tf.tensor2d([[1, 1, 1], [1, 1, 2]]) : tf.ones([2, 3]),
  );
  assertEquals(last.sameInputs, undefined);
  const longer = await factsOf(targets, (i) => tf.ones([2, 3 + i]));
  assertEquals(longer.sameInputs, undefined);
});

Deno.test("areSame() compares every example", async () => {
  assert(await areSame({ a: tf.ones([5, 2]), b: tf.zeros([5], "int32") }));
  assert(!await areSame([tf.ones([3, 1]), tf.tensor1d([1, 1, 2])]));
});

function network(loss = "meanSquaredError", activation = "linear") {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [2],
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({
        units: 1,
        activation: activation as "linear",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer: "adam", loss });
  return model;
}

Deno.test("findLearningRate() calls no shuffled data ordered whose last batch is a single example", async () => {
  const random = seededRandom(5);
  const rows = Array.from({ length: 97 }, () => [random(), random()]);
  const data = tf.data.zip({
    xs: tf.data.array(rows),
    ys: tf.data.array(rows.map(([a, b]) => [4 * a - 3 * b])),
  } as never).shuffle(97, "7").batch(32) as unknown as TrainingData;
  const range = await findLearningRate(network(), data, { iterations: 60 });
  assert(range.verdict !== "ordered", range.advice);
});

Deno.test("findLearningRate() says that inputs are all the same", async () => {
  const ys = tf.randomNormal([200, 1], 0, 1, "float32", 1);
  for (const xs of [tf.zeros([200, 2]), tf.ones([200, 2])]) {
    const range = await findLearningRate(network(), { xs, ys }, {
      iterations: 40,
    });
    assertEquals(range.finding.kind, "inputs-constant", range.advice);
    assertEquals(range.verdict, "no-signal");
    assertMatch(range.advice, /^All inputs are the same: check that inputs/);
  }
});

Deno.test("findLearningRate() says that targets are the same of all that are at hand alone", async () => {
  const xs = tf.randomNormal([4000, 2], 0, 1, "float32", 1);
  const ys = column(Array.from({ length: 4000 }, (_, i) => i === 7 ? 1 : 0));
  const options = { maxBatches: 40 };
  const model = () => network("binaryCrossentropy", "sigmoid");
  const rare = await findLearningRate(model(), { xs, ys }, options);
  assert(rare.finding.kind !== "targets-constant", rare.advice);
  const none = await findLearningRate(
    model(),
    { xs, ys: tf.zeros([4000, 1]) },
    options,
  );
  assertEquals(none.finding.kind, "targets-constant", none.advice);
});

Deno.test("findLearningRate() says that targets are the same where a function of one's own takes them", async () => {
  const data = {
    xs: tf.randomNormal([200, 2], 0, 1, "float32", 1),
    ys: tf.ones([200, 1]),
  };
  const options = { iterations: 40 };
  const find = (loss: (ys: tf.Tensor, outputs: tf.Tensor) => tf.Tensor) => {
    const model = network();
    model.compile({ optimizer: "adam", loss });
    return findLearningRate(model, data, options);
  };
  const taken = await find((ys, outputs) => ys.sub(outputs).square().mean());
  assertEquals(taken.finding.kind, "targets-constant", taken.advice);
  const left = await find((_, outputs) => outputs.sub(3).square().mean());
  assert(left.finding.kind !== "targets-constant", left.advice);
});
