import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createSession, evaluate, toOnnx } from "../../src/onnx/mod.ts";
import { chain, random, randomizeWeights } from "./_agreement.ts";

const { layers } = tf;
const classNames = ["a", "b", "c"];

function classifier(): tf.LayersModel {
  const model = chain(
    [4, 4, 2],
    layers.conv2d({ filters: 3, kernelSize: 2, activation: "relu" }),
    layers.flatten(),
    layers.dense({ units: 3, activation: "softmax" }),
  );
  randomizeWeights(model, random(7));
  return model;
}

const next = random(8);
const xs = Float32Array.from({ length: 23 * 32 }, () => 2 * next() - 1);
const labels = Array.from({ length: 23 }, () => Math.floor(3 * next()));

Deno.test("evaluate() refuses scores that are NaN", async () => {
  const bytes = await toOnnx(classifier());
  await using session = await createSession(bytes, { threads: 1 });
  const lost = xs.slice();
  lost[17 * 32] = NaN;
  await assertRejects(
    () => evaluate(session, { xs: lost, ys: labels }, { batchSize: 5 }),
    RangeError,
    "must be numbers: current value is NaN for example 17",
  );
});

Deno.test("evaluate() predicts what tfjs predicts, whatever the batch size", async () => {
  const model = classifier();
  const predicted = tf.tidy(() =>
    tf.argMax(model.predict(tf.tensor(xs, [23, 4, 4, 2])) as tf.Tensor, 1)
      .dataSync()
  );
  const right = labels.filter((label, i) => label === predicted[i]).length;
  await using session = await createSession(await toOnnx(model), {
    threads: 1,
  });
  for (const batchSize of [1, 5, 23, 100]) {
    const evaluation = await evaluate(session, { xs, ys: labels }, {
      batchSize,
      classNames,
    });
    assertEquals([...evaluation.predictions], [...predicted]);
    assertEquals(evaluation.accuracy, right / 23);
    assertEquals(evaluation.report.classNames, classNames);
    assertEquals(evaluation.scores.length, 23 * 3);
  }
  model.dispose();
});

Deno.test("evaluate() takes tensors, class indices and one-hot rows", async () => {
  const model = classifier();
  await using session = await createSession(await toOnnx(model), {
    threads: 1,
  });
  const { report: expected } = await evaluate(session, { xs, ys: labels });
  const examples = tf.tensor(xs, [23, 4, 4, 2]);
  const indices = tf.tensor1d(labels, "int32");
  const rows = tf.oneHot(indices, 3);
  for (const ys of [indices, rows]) {
    const { report } = await evaluate(session, { xs: examples, ys });
    assertEquals(report.confusion, expected.confusion);
  }
  assertEquals(expected.classNames, ["0", "1", "2"]);
  tf.dispose([examples, indices, rows]);
  model.dispose();
});

Deno.test("evaluate() takes tensors with channels first where the model does", async () => {
  const model = classifier();
  await using session = await createSession(
    await toOnnx(model, { inputLayout: "NCHW" }),
    { threads: 1 },
  );
  const examples = tf.tensor(xs, [23, 4, 4, 2]);
  const turned = tf.transpose(examples, [0, 3, 1, 2]);
  const { scores } = await evaluate(session, { xs: turned, ys: labels });
  const expected = model.predict(examples) as tf.Tensor;
  expected.dataSync().forEach((value, i) =>
    assertEquals(Math.abs(value - scores[i]) <= 1e-4, true)
  );
  await assertRejects(
    () => evaluate(session, { xs: examples, ys: labels }),
    RangeError,
    "xs must have shape [examples, 2, 4, 4]: current value is [23, 4, 4, 2]",
  );
  tf.dispose([examples, turned, expected]);
  model.dispose();
});

Deno.test("evaluate() takes bytes as pixels", async () => {
  const model = classifier();
  await using session = await createSession(
    await toOnnx(model, { normalization: { mean: [100, 100] } }),
    { threads: 1 },
  );
  const pixels = Uint8Array.from(xs, (x) => Math.round(100 + 50 * x));
  const { scores } = await evaluate(session, { xs: pixels, ys: labels });
  const expected = model.predict(
    tf.sub(tf.tensor(Float32Array.from(pixels), [23, 4, 4, 2]), 100),
  ) as tf.Tensor;
  expected.dataSync().forEach((value, i) =>
    assertEquals(Math.abs(value - scores[i]) <= 1e-4, true)
  );
  model.dispose();
});

Deno.test("evaluate() refuses data and models that do not fit", async () => {
  const model = classifier();
  await using session = await createSession(await toOnnx(model), {
    threads: 1,
  });
  await assertRejects(
    () => evaluate(session, { xs: xs.subarray(1), ys: labels }),
    RangeError,
    "there must be 32 numbers for each of 23 examples: current value is 735 numbers",
  );
  await assertRejects(
    () => evaluate(session, { xs, ys: labels.map(() => 3) }),
    RangeError,
    "labels[0] must be a class index from 0 to 2: current value is 3",
  );
  await assertRejects(
    () => evaluate(session, { xs, ys: labels }, { batchSize: 0 }),
    RangeError,
    "batchSize must be a positive integer: current value is 0",
  );
  const turned = tf.tensor(xs, [23, 2, 4, 4]);
  await assertRejects(
    () => evaluate(session, { xs: turned, ys: labels }),
    RangeError,
    "xs must have shape [examples, 4, 4, 2]: current value is [23, 2, 4, 4]",
  );
  turned.dispose();
  await assertRejects(
    () => evaluate(session, { xs, ys: labels }, { classNames: ["one"] }),
    RangeError,
    "that the model gives: current value is 1 of them",
  );
  const binary = chain([32], layers.dense({ units: 1, activation: "sigmoid" }));
  await using unit = await createSession(await toOnnx(binary), { threads: 1 });
  await assertRejects(
    () => evaluate(unit, { xs, ys: labels.map((label) => label % 2) }),
    TypeError,
    "one score a class, of 2 classes or more: current value is 1 score(s)",
  );
  binary.dispose();
  const image = chain([4, 4, 2], layers.conv2d({ filters: 1, kernelSize: 2 }));
  await using other = await createSession(await toOnnx(image), { threads: 1 });
  await assertRejects(
    () => evaluate(other, { xs, ys: labels }),
    TypeError,
    "one output of shape [batch, classes]",
  );
  model.dispose();
  image.dispose();
});
