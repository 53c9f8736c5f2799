import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import {
  layerRates,
  setLearningRate,
  setMomentum,
} from "../../../src/training/mod.ts";
import { TrainingSnapshot } from "../../../src/training/weights/snapshot.ts";
import { onWebGPU, relativeError, test } from "./_on_webgpu.ts";

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1, 0.2),
  adadelta: () => tf.train.adadelta(0.1, 0.9, 1e-3),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1, 0.9, 0.99, 1e-7, 0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.8),
  "rmsprop, centered": () => tf.train.rmsprop(0.01, 0.9, 0.8, 1e-3, true),
};

/** Variables of awkward sizes, and losses of which they get gradients. */
function createTask() {
  const sizes = [1, 3, 257, 4099];
  const variables = sizes.map((n, i) =>
    tf.variable(tf.randomUniform([n], -1, 1, "float32", i + 1))
  );
  const targets = sizes.map((n, i) =>
    tf.randomUniform([n], -1, 1, "float32", i + 11)
  );
  const loss = (step: number) => () =>
    tf.addN(variables.map((v, i) =>
      // Not every variable has a gradient at every step.
      i === 1 && step % 2 ? tf.scalar(0) : v.sub(targets[i]).square().sum()
    )) as tf.Scalar;
  const dispose = () => tf.dispose([variables, targets]);
  return { variables, loss, dispose };
}

/** The values after each of some steps. */
async function train(optimizer: tf.Optimizer): Promise<Float32Array[]> {
  const { variables, loss, dispose } = createTask();
  const values: Float32Array[] = [];
  for (let step = 0; step < 6; step++) {
    setLearningRate(optimizer, 0.1 / (1 + step));
    if (step === 3 && "m" in optimizer) setMomentum(optimizer, 0.5);
    if (step === 3 && "accBeta1" in optimizer) setMomentum(optimizer, 0.8);
    optimizer.minimize(loss(step), false, variables);
    for (const v of variables) {
      values.push((await v.data()).slice() as Float32Array);
    }
  }
  dispose();
  optimizer.dispose();
  return values;
}

for (const [name, create] of Object.entries(OPTIMIZERS)) {
  test(`fuseOptimizers() lets ${name} learn what it learns on CPU`, async () => {
    await selectBackend({ backend: "cpu" });
    const expected = await train(create());
    await onWebGPU(async () => {
      const actual = await train(create());
      actual.forEach((values, i) => {
        const error = relativeError(values, expected[i]);
        assert(error < 2e-6, `step ${i >> 2}, variable ${i % 4}: ${error}`);
      });
    });
  });
}

test("fuseOptimizers() never changes what shares a variable's data", async () => {
  const { variables, loss, dispose } = createTask();
  for (const create of Object.values(OPTIMIZERS)) {
    const optimizer = create();
    const before = tf.memory().numTensors;
    optimizer.minimize(loss(0), false, variables);
    const slots = tf.memory().numTensors - before;
    const read = async (tensors: tf.Tensor[]) =>
      await Promise.all(tensors.map(async (t) => Array.from(await t.data())));
    const clones = variables.map((v) => v.clone());
    const reshaped = variables[2].reshape([257, 1]);
    const snapshot = new TrainingSnapshot({ optimizer, variables });
    const values = await read(clones);
    for (let step = 1; step < 4; step++) {
      optimizer.minimize(loss(step), false, variables);
    }
    assertEquals(await read(clones), values);
    assertEquals(Array.from(await reshaped.data()), values[2]);
    const learned = await read(variables);
    assert(learned[3].some((value, i) => value !== values[3][i]));
    snapshot.restore();
    assertEquals(await read(variables), values);
    // From there it learns the same again.
    for (let step = 1; step < 4; step++) {
      optimizer.minimize(loss(step), false, variables);
    }
    assertEquals(await read(variables), learned);
    snapshot[Symbol.dispose]();
    tf.dispose([clones, reshaped]);
    assertEquals(tf.memory().numTensors - before, slots);
  }
  dispose();
});

test("fuseOptimizers() does not write to what a variable was made of", async (backend) => {
  const start = tf.ones([300]).add(0);
  const v = tf.variable(start);
  const optimizer = tf.train.sgd(0.5);
  const values = () => v.square().sum() as tf.Scalar;
  optimizer.minimize(values, false, [v]);
  assertEquals((await start.data())[299], 1);
  assertEquals((await v.data())[299], 0);
  // The second step, which shares nothing, takes no new buffer.
  optimizer.minimize(values, false, [v]);
  const before = backend.pool.numCreated;
  optimizer.minimize(values, false, [v]);
  assertEquals(backend.pool.numCreated, before);
  tf.dispose([start, v]);
  optimizer.dispose();
});

test("layerRates() holds on WebGPU as on CPU", async () => {
  const train = async () => {
    const model = tf.sequential({
      layers: ["body", "head"].map((name, i) =>
        tf.layers.dense({
          name,
          units: 3,
          inputShape: [3],
          kernelInitializer: tf.initializers.glorotUniform({ seed: i + 1 }),
        })
      ),
    });
    model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
    const frozen = (await model.getWeights()[0].data()).slice();
    const rates = layerRates(model, { "body/kernel": 0, "head/*": 0.5 });
    const xs = tf.randomNormal([8, 3], 0, 1, "float32", 1);
    for (let i = 0; i < 5; i++) await model.trainOnBatch(xs, xs);
    const weights = model.getWeights().map((w) => w.dataSync().slice());
    assertEquals(weights[0], frozen);
    rates[Symbol.dispose]();
    xs.dispose();
    model.dispose();
    return weights;
  };
  const actual = await train();
  await tf.setBackend("cpu");
  const expected = await train();
  expected.forEach((w, i) => assert(relativeError(actual[i], w) < 1e-5));
});
