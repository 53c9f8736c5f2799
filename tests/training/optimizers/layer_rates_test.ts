import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { layerRates } from "@clr/clr/training";

await tf.setBackend("cpu");

const OPTIMIZERS: Record<string, (lr: number) => tf.Optimizer> = {
  sgd: (lr) => tf.train.sgd(lr),
  momentum: (lr) => tf.train.momentum(lr, 0.9),
  nesterov: (lr) => tf.train.momentum(lr, 0.9, true),
  adagrad: (lr) => tf.train.adagrad(lr),
  adadelta: (lr) => tf.train.adadelta(lr),
  adam: (lr) => tf.train.adam(lr),
  adamax: (lr) => tf.train.adamax(lr),
  rmsprop: (lr) => tf.train.rmsprop(lr, 0.9, 0.5),
};

function createModel(optimizer: tf.Optimizer): tf.LayersModel {
  const dense = (name: string, units: number, seed: number) =>
    tf.layers.dense({
      name,
      units,
      kernelInitializer: tf.initializers.randomNormal({ seed }),
      ...(name === "body" && { inputShape: [3] }),
    });
  const model = tf.sequential({
    layers: [dense("body", 4, 1), dense("head", 2, 2)],
  });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

async function train(
  model: tf.LayersModel,
  options: { batches?: number; clr?: CyclicLR } = {},
): Promise<number[][]> {
  const { batches = 5, clr } = options;
  clr?.attach(model.optimizer);
  for (let t = 0; t < batches; t++) {
    const xs = tf.randomNormal([4, 3], 0, 1, "float32", t + 1);
    const ys = tf.ones([4, 2]);
    await model.trainOnBatch(xs, ys);
    clr?.step();
    tf.dispose([xs, ys]);
  }
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

/** Weights after a run at a rate, and those of a fresh model trained at 0. */
async function trained(
  optimizer: tf.Optimizer,
  factors?: Record<string, number>,
  clr?: CyclicLR,
): Promise<number[][]> {
  const model = createModel(optimizer);
  const layers = factors && layerRates(model, factors);
  const weights = await train(model, { clr });
  layers?.[Symbol.dispose]();
  model.optimizer.dispose();
  model.dispose();
  return weights;
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  Deno.test(`layerRates() freezes to the bit with 0, and 1 changes no bit, with ${name}`, async () => {
    const plain = await trained(create(0.01));
    assertEquals(await trained(create(0.01), { "*": 1 }), plain);

    const start = createModel(create(0.01));
    const initial = start.getWeights().map((weight) => [...weight.dataSync()]);
    start.dispose();
    const frozen = await trained(create(0.01), { body: 0 });
    assertEquals(frozen.slice(0, 2), initial.slice(0, 2));
    assertNotEquals(frozen.slice(2), initial.slice(2));
  });

  Deno.test(`layerRates() of one factor for all is ${name} at that rate`, async () => {
    for (const factor of [0.25, 3]) {
      const actual = await trained(create(0.01), { "*": factor });
      const expected = await trained(create(0.01 * factor));
      actual.flat().forEach((value, i) =>
        assertAlmostEquals(value, expected.flat()[i], 2e-6)
      );
    }
  });
}

Deno.test("layerRates() goes with a schedule", async () => {
  const options = { baseLr: 0.01, maxLr: 0.08, stepSize: 2 };
  const half = { baseLr: 0.005, maxLr: 0.04, stepSize: 2 };
  const actual = await trained(
    tf.train.adam(),
    { "*": 0.5 },
    new CyclicLR(options),
  );
  const expected = await trained(
    tf.train.adam(),
    undefined,
    new CyclicLR(half),
  );
  actual.flat().forEach((value, i) =>
    assertAlmostEquals(value, expected.flat()[i], 1e-6)
  );
});

Deno.test("layerRates() reads its patterns in order", () => {
  const model = createModel(tf.train.sgd(0.1));
  using layers = layerRates(model, { "*/bias": 2, "bo*": 0.1 });
  assertEquals(layers.rates, [
    { weight: "body/kernel", factor: 0.1 },
    { weight: "body/bias", factor: 2 },
    { weight: "head/kernel", factor: 1 },
    { weight: "head/bias", factor: 2 },
  ]);
  model.dispose();
});

Deno.test("layerRates() leaves no tensor behind, and none in the step", async () => {
  const model = createModel(tf.train.adam(0.1));
  await train(model, { batches: 1 });
  const before = tf.memory().numTensors;
  {
    using _ = layerRates(model, { body: 0.5, head: 0 });
    await train(model, { batches: 3 });
    assertEquals(tf.memory().numTensors, before);
  }
  assert(!Object.hasOwn(model.optimizer, "applyGradients"));
  model.optimizer.dispose();
  model.dispose();
});

Deno.test("layerRates() reaches the layers of a model within a model", () => {
  const inner = tf.sequential({
    name: "inner",
    layers: [tf.layers.dense({ name: "deep", units: 2, inputShape: [3] })],
  });
  const model = tf.sequential({
    layers: [inner, tf.layers.dense({ name: "top", units: 1 })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  using layers = layerRates(model, { deep: 0 });
  assertEquals(layers.rates.map(({ factor }) => factor), [0, 0, 1, 1]);
  model.dispose();
});

Deno.test("layerRates() refuses what it cannot do", () => {
  const model = createModel(tf.train.sgd(0.1));
  assertThrows(
    () => layerRates(model, { body: -1 }),
    RangeError,
    'the factor of "body" must be a finite number >= 0: current value is -1',
  );
  assertThrows(
    () => layerRates(model, { tail: 1 }),
    RangeError,
    '"tail" must match a layer or a weight of body/kernel, body/bias, head/',
  );
  {
    using _ = layerRates(model, { body: 0.5 });
    assertThrows(
      () => layerRates(model, { head: 0.5 }),
      TypeError,
      "must have none yet",
    );
  }
  assertThrows(
    () => layerRates(tf.sequential(), { body: 1 }),
    TypeError,
    "must be compiled",
  );
  model.dispose();
});

Deno.test("layerRates() takes the name of a model within the model for all of its layers", () => {
  const base = tf.sequential({
    name: "base",
    layers: [tf.layers.dense({ name: "b1", units: 2, inputShape: [2] })],
  });
  const model = tf.sequential();
  model.add(base);
  model.add(tf.layers.dense({ name: "head", units: 1 }));
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  using layers = layerRates(model, { "base": 0.5, "*bias": 2 });
  assertEquals(layers.rates, [
    { weight: "b1/kernel", factor: 0.5 },
    { weight: "b1/bias", factor: 0.5 },
    { weight: "head/kernel", factor: 1 },
    { weight: "head/bias", factor: 2 },
  ]);
});

Deno.test("layerRates() tells the two directions of a bidirectional layer apart", () => {
  const model = tf.sequential({
    layers: [
      tf.layers.bidirectional({
        name: "both",
        layer: tf.layers.gru({ name: "cell", units: 2 }) as tf.RNN,
        mergeMode: "concat",
        inputShape: [3, 2],
      }),
      tf.layers.dense({ name: "head", units: 1 }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  using layers = layerRates(model, {
    "both/forward_cell/*": 0.5,
    "both/bias": 3,
    "both": 2,
  });
  assertEquals(
    layers.rates.map(({ weight, factor }) => `${weight} ${factor}`),
    [
      "both/forward_cell/kernel 0.5",
      "both/forward_cell/recurrent_kernel 0.5",
      "both/forward_cell/bias 0.5",
      "both/backward_cell/kernel 2",
      "both/backward_cell/recurrent_kernel 2",
      "both/backward_cell/bias 3",
      "head/kernel 1",
      "head/bias 1",
    ],
  );
  model.dispose();
});

Deno.test("layerRates() stays in force when earlier ones are disposed of again", async () => {
  const model = createModel(tf.train.sgd(1));
  const first = layerRates(model, { "*": 0 });
  first[Symbol.dispose]();
  using _second = layerRates(model, { "*": 0 });
  first[Symbol.dispose]();
  const before = model.getWeights().map((weight) => weight.arraySync());
  await model.trainOnBatch(tf.ones([2, 3]), tf.ones([2, 2]));
  const after = model.getWeights().map((weight) => weight.arraySync());
  assertEquals(after, before);
});

Deno.test("layerRates() goes with what clips gradients, before it and around it", async () => {
  type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];
  const signs = (optimizer: tf.Optimizer) => {
    const apply = optimizer.applyGradients.bind(optimizer);
    optimizer.applyGradients = (gradients: Gradients) =>
      tf.tidy(() => {
        assert(Array.isArray(gradients));
        apply(gradients.map(({ name, tensor }) => ({
          name,
          tensor: tensor.sign(),
        })));
      });
  };
  const [xs, ys] = [tf.ones([2, 3]), tf.fill([2, 2], 1000)];
  for (const isBefore of [true, false]) {
    const optimizer = tf.train.sgd(1);
    const model = createModel(optimizer);
    /** By how much a step of the rate 1 changes the last bias. */
    const step = async () => {
      const bias = model.getWeights().at(-1)!;
      const before = bias.dataSync()[0];
      await model.trainOnBatch(xs, ys);
      return model.getWeights().at(-1)!.dataSync()[0] - before;
    };
    if (isBefore) signs(optimizer);
    const rates = layerRates(model, { "*": 0.25 });
    if (!isBefore) signs(optimizer);
    assertAlmostEquals(await step(), 0.25, 1e-4);
    assertThrows(() => layerRates(model, { "*": 1 }), TypeError, "dispose");
    rates[Symbol.dispose]();
    // The clipping stays.
    assertAlmostEquals(await step(), 1, 1e-4);
    const again = layerRates(model, { "*": 0.5 });
    assertAlmostEquals(await step(), 0.5, 1e-4);
    again[Symbol.dispose]();
  }
});
