import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { TrainingSnapshot } from "../../../src/training/weights/snapshot.ts";
import {
  getLearningRate,
  setLearningRate,
} from "../../../src/tfjs/learning_rate.ts";

await tf.setBackend("cpu");

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.1),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
  rmsprop: () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-7, true),
};

/** One variable, and a step of (weight − 3)² that can be repeated. */
function loop(optimizer: tf.Optimizer) {
  const weight = tf.variable(tf.tensor1d([1, 2]));
  const step = () => {
    optimizer.minimize(() => weight.sub(3).square().sum() as tf.Scalar, false, [
      weight,
    ]);
    return Array.from(weight.dataSync());
  };
  const dispose = () => {
    weight.dispose();
    optimizer.dispose();
  };
  return { weight, step, dispose, variables: [weight] };
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  for (const before of [0, 2]) {
    Deno.test(`TrainingSnapshot restores ${name} after ${before} steps, more than once`, () => {
      const optimizer = create();
      const { step, variables, dispose } = loop(optimizer);
      for (let i = 0; i < before; i++) step();
      const snapshot = new TrainingSnapshot({ optimizer, variables });
      const expected = [step(), step(), step()];
      for (let time = 0; time < 2; time++) {
        snapshot.restore();
        assertEquals(optimizer.iterations, before);
        assertEquals([step(), step(), step()], expected);
      }
      snapshot.restore();
      const { numTensors } = tf.memory();
      snapshot[Symbol.dispose]();
      assert(tf.memory().numTensors < numTensors);
      assertEquals([step(), step(), step()], expected);
      dispose();
    });
  }
}

Deno.test("TrainingSnapshot leaves the tensor count as it was", () => {
  for (const create of Object.values(OPTIMIZERS)) {
    const optimizer = create();
    const { step, variables, dispose } = loop(optimizer);
    const { numTensors, numDataBuffers } = tf.memory();
    {
      using snapshot = new TrainingSnapshot({ optimizer, variables });
      step();
      setLearningRate(optimizer, 0.5);
      step();
      snapshot.restore();
    }
    assertEquals(tf.memory().numTensors, numTensors);
    assertEquals(tf.memory().numDataBuffers, numDataBuffers);
    dispose();
  }
});

Deno.test("TrainingSnapshot copies nothing until the weights change", () => {
  const optimizer = tf.train.adam(0.1);
  const { step, weight, variables, dispose } = loop(optimizer);
  step();
  const { numDataBuffers } = tf.memory();
  using _snapshot = new TrainingSnapshot({ optimizer, variables });
  assertEquals(tf.memory().numDataBuffers, numDataBuffers);
  step();
  assert(tf.memory().numDataBuffers > numDataBuffers);
  weight.dataSync();
  dispose();
});

Deno.test("TrainingSnapshot restores rate and momentum, and what they are cached in", () => {
  const optimizer = tf.train.momentum(0.1, 0.9);
  const { step, variables, dispose } = loop(optimizer);
  step();
  using snapshot = new TrainingSnapshot({ optimizer, variables });
  const expected = step();
  snapshot.restore();
  setLearningRate(optimizer, 7);
  const internals = optimizer as unknown as { m: tf.Scalar; momentum: number };
  internals.m.dispose();
  internals.m = tf.keep(tf.scalar(0.1));
  internals.momentum = 0.1;
  snapshot.restore();
  assertEquals(getLearningRate(optimizer), 0.1);
  assertEquals(internals.momentum, 0.9);
  assertEquals(step(), expected);
  dispose();
});

Deno.test("TrainingSnapshot restores Adam's beta powers after beta1 was changed", () => {
  const optimizer = tf.train.adam(0.1);
  const { step, variables, dispose } = loop(optimizer);
  step();
  (optimizer as unknown as { beta1: number }).beta1 = 0.5;
  step();
  using snapshot = new TrainingSnapshot({ optimizer, variables });
  const expected = [step(), step()];
  snapshot.restore();
  assertEquals([step(), step()], expected);
  dispose();
});

Deno.test("TrainingSnapshot restores statistics, stateful layers and what fit leaves on a model", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({
        units: 3,
        stateful: true,
        batchInputShape: [4, 2, 2],
      }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const optimizer = tf.train.adam(0.1);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const xs = tf.randomNormal([4, 2, 2], 0, 1, "float32", 1);
  const ys = tf.ones([4, 1]);
  const options = { batchSize: 4, shuffle: false, verbose: 0 };
  await model.fit(xs, ys, options);
  const inner = (model as unknown as { model: tf.LayersModel }).model;
  const rnn = model.layers[0] as unknown as { states_: tf.Tensor[] };
  const values = () => [
    ...model.getWeights().map((weight) => Array.from(weight.dataSync())),
    ...rnn.states_.map((state) => Array.from(state.dataSync())),
  ];
  const [before, history] = [values(), inner.history];
  const { numTensors } = tf.memory();
  {
    using snapshot = new TrainingSnapshot(model);
    await model.fit(xs, ys, { ...options, epochs: 2 });
    model.stopTraining = true;
    assert(values().some((value, i) => value[0] !== before[i][0]));
    snapshot.restore();
  }
  assertEquals(values(), before);
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals(inner.history, history);
  assertEquals(model.stopTraining, false);
  optimizer.dispose();
  tf.dispose([xs, ys]);
  model.dispose();
});

Deno.test("TrainingSnapshot restores the states of both directions", async () => {
  for (const kind of ["simpleRNN", "gru", "lstm"] as const) {
    const model = tf.sequential({
      layers: [
        tf.layers.bidirectional({
          layer: tf.layers[kind]({ units: 2, stateful: true }) as never,
          batchInputShape: [4, 2, 2],
        } as never),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const xs = tf.randomNormal([4, 2, 2], 0, 1, "float32", 1);
    const fit = () =>
      model.fit(xs, tf.ones([4, 1]), { batchSize: 4, verbose: 0 });
    const predict = () => {
      using kept = new TrainingSnapshot(model);
      const output = model.predict(xs, { batchSize: 4 }) as tf.Tensor;
      const values = [...output.dataSync()];
      kept.restore();
      return values;
    };
    await fit();
    const before = predict();
    using snapshot = new TrainingSnapshot(model);
    await fit();
    snapshot.restore();
    assertEquals(predict(), before);
    // The states are not those of the beginning.
    model.resetStates();
    assertNotEquals(predict(), before);
  }
});
