import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { CycleSnapshots } from "@clr/clr/training";

await tf.setBackend("cpu");

/** One weight, which a test sets by hand: predicts weight · x. */
function createScale(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

function setWeight(model: tf.LayersModel, value: number): void {
  tf.tidy(() => model.setWeights([tf.tensor2d([[value]])]));
}

function weightOf(model: tf.LayersModel): number {
  return model.getWeights()[0].dataSync()[0];
}

function takeAll(model: tf.LayersModel, snapshots: CycleSnapshots): void {
  for (const [weight, score] of [[1, 0.5], [8, 0.75], [3, 0.25]]) {
    setWeight(model, weight);
    snapshots.take(score);
  }
  setWeight(model, 100);
}

Deno.test("CycleSnapshots.predict() is the mean of the snapshots' predictions", () => {
  const model = createScale();
  const before = tf.memory().numTensors;
  {
    using snapshots = new CycleSnapshots(model);
    takeAll(model, snapshots);
    assertEquals(snapshots.count, 3);
    const xs = tf.tensor2d([[1], [2]]);
    const all = snapshots.predict(xs) as tf.Tensor;
    assertEquals([...all.dataSync()], [4, 8]);
    const last = snapshots.predict(xs, { last: 2 }) as tf.Tensor;
    assertEquals([...last.dataSync()], [5.5, 11]);
    assertEquals(weightOf(model), 100);
    tf.dispose([xs, all, last]);
  }
  assertEquals(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("CycleSnapshots.average() gives the model the mean weights", async () => {
  const model = createScale();
  using snapshots = new CycleSnapshots(model);
  takeAll(model, snapshots);
  await snapshots.average();
  assertEquals(weightOf(model), 4);
  await snapshots.average({ last: 2 });
  assertEquals(weightOf(model), 5.5);
  model.dispose();
});

Deno.test("CycleSnapshots.useBest() goes by the score, kept or not", () => {
  const model = createScale();
  const before = tf.memory().numTensors;
  {
    using snapshots = new CycleSnapshots(model, { keep: 1 });
    takeAll(model, snapshots);
    assertEquals(snapshots.count, 1);
    assertEquals(snapshots.bestScore, 0.75);
    snapshots.take(NaN);
    assertEquals(tf.memory().numTensors, before + 2);
    snapshots.useBest();
    assertEquals(weightOf(model), 8);
  }
  assertEquals(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("CycleSnapshots.average() estimates the statistics of normalization anew", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 2,
        inputShape: [2],
        kernelInitializer: tf.initializers.randomNormal({ seed: 1 }),
      }),
      tf.layers.batchNormalization({ momentum: 0.9 }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  using snapshots = new CycleSnapshots(model);
  snapshots.take();
  const inputs = [1, 2, 3].map((seed) =>
    tf.randomNormal([6, 2], seed, 2, "float32", seed)
  );
  const tensors = tf.memory().numTensors;
  await snapshots.average({ batches: inputs.map((xs) => xs.clone()) });
  assertEquals(tf.memory().numTensors, tensors);

  // The mean over the batches of each batch's own mean and variance.
  const [kernel, bias] = model.getWeights();
  const expected = inputs.map((xs) =>
    tf.tidy(() => {
      const { mean, variance } = tf.moments(
        xs.matMul(kernel as tf.Tensor2D).add(bias),
        0,
      );
      return [...mean.dataSync(), ...variance.dataSync()];
    })
  );
  const actual = model.getWeights().slice(4)
    .flatMap((weight) => [...weight.dataSync()]);
  assertEquals(actual.length, 4);
  actual.forEach((value, i) =>
    assertAlmostEquals(
      value,
      expected.reduce((sum, row) => sum + row[i], 0) / 3,
      1e-5,
    )
  );

  // A step of training moves them by the layer's own momentum again.
  const ys = tf.zeros([6, 2]);
  await model.trainOnBatch(inputs[0], ys);
  const moved = model.getWeights()[4].dataSync()[0];
  assertAlmostEquals(moved, 0.9 * actual[0] + 0.1 * expected[0][0], 1e-5);

  const before = weightsOf(model);
  await assertRejects(
    () => snapshots.average(),
    RangeError,
    "must be given batches",
  );
  assertEquals(weightsOf(model), before);
  tf.dispose([inputs, ys]);
  model.dispose();
});

function weightsOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

Deno.test("CycleSnapshots refuses what it does not have", () => {
  const model = createScale();
  assertThrows(
    () => new CycleSnapshots(model, { keep: 0 }),
    RangeError,
    "keep must be a whole number >= 1: current value is 0",
  );
  using snapshots = new CycleSnapshots(model);
  const xs = tf.tensor2d([[1]]);
  assertThrows(
    () => snapshots.predict(xs),
    RangeError,
    "one must have been taken",
  );
  assertThrows(() => snapshots.useBest(), RangeError, "taken with a score");
  snapshots.take();
  assertThrows(
    () => snapshots.predict(xs, { last: 2 }),
    RangeError,
    "last must be a whole number from 1 to the 1 that are kept: current value is 2",
  );
  xs.dispose();
  model.dispose();
});

Deno.test("CyclicLR calls onCycleEnd after each cycle, and fit() waits for it", async () => {
  const model = createScale();
  const xs = tf.ones([10, 1]);
  const events: string[] = [];
  using snapshots = new CycleSnapshots(model);
  const weights: number[] = [];
  const clr = new CyclicLR({
    baseLr: 0.01,
    maxLr: 0.1,
    stepSize: 2,
    stepSizeDown: 1,
    onCycleEnd: async ({ cycle, totalIterations }) => {
      snapshots.take(totalIterations);
      weights.push(weightOf(model));
      events.push(`begin ${cycle}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`end ${cycle} after ${totalIterations}`);
    },
  });
  await model.fit(xs, xs, {
    batchSize: 1,
    verbose: 0,
    callbacks: [clr],
  });
  assertEquals(events, [
    "begin 1",
    "end 1 after 3",
    "begin 2",
    "end 2 after 6",
    "begin 3",
    "end 3 after 9",
  ]);
  snapshots.useBest();
  assertEquals(weightOf(model), weights[2]);
  assertNotEquals(weights[0], weights[1]);
  xs.dispose();
  model.dispose();
});

Deno.test("CyclicLR stops fit() after stopAfterCycles, and no sooner", async () => {
  const model = createScale();
  const xs = tf.ones([5, 1]);
  const clr = new CyclicLR({ stepSize: 2, stopAfterCycles: 3 });
  const fit = () =>
    model.fit(xs, xs, {
      batchSize: 1,
      epochs: 10,
      verbose: 0,
      callbacks: [clr],
    });
  await fit();
  assertEquals(clr.totalIterations, 12);
  assertEquals(clr.learningRate, 0.001);
  assert(clr.finished);
  await assertRejects(fit, RangeError, "call reset() to start a new run");

  const again = CyclicLR.fromJSON(JSON.stringify(clr));
  assert(again.finished);
  clr.reset();
  assert(!clr.finished);
  await fit();
  assertEquals(clr.totalIterations, 24);
  assertThrows(
    () => new CyclicLR({ stopAfterCycles: 0 }),
    RangeError,
    "stopAfterCycles must be a whole number >= 1: current value is 0",
  );
  xs.dispose();
  model.dispose();
});

Deno.test("CyclicLR tells the ends of cycles in a loop of one's own", async () => {
  const weight = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.1);
  const ends: number[] = [];
  const clr = new CyclicLR({
    stepSize: 1.5,
    stopAfterCycles: 2,
    onCycleEnd: async ({ totalIterations }) => {
      await Promise.resolve();
      ends.push(totalIterations);
    },
  }).attach(optimizer);
  let batches = 0;
  while (!clr.finished) {
    optimizer.minimize(() => weight.square().asScalar());
    clr.step();
    batches++;
  }
  await clr.flush();
  assertEquals([batches, ends], [6, [3, 6]]);
  optimizer.dispose();
  weight.dispose();
});

Deno.test("CycleSnapshots give each layer its own weights, whatever is frozen meanwhile", async () => {
  const layer = (name: string) =>
    tf.layers.dense({ name, units: 2, inputShape: [2], useBias: false });
  const model = tf.sequential({ layers: ["a", "b", "c"].map(layer) });
  const set = (values: number[]) =>
    tf.tidy(() =>
      model.layers.forEach((layer, i) =>
        layer.setWeights([tf.fill([2, 2], values[i])])
      )
    );
  const values = () =>
    model.layers.map((layer) => layer.getWeights()[0].dataSync()[0]);
  const freeze = (frozen: string) =>
    model.layers.forEach((layer) => layer.trainable = layer.name !== frozen);
  using snapshots = new CycleSnapshots(model);
  set([1, 2, 3]);
  freeze("a");
  snapshots.take(2);
  freeze("b");
  set([3, 4, 5]);
  snapshots.take(1);
  freeze("c");
  snapshots.useBest();
  assertEquals(values(), [1, 2, 3]);
  await snapshots.average();
  assertEquals(values(), [2, 3, 4]);
  freeze("");
  tf.dispose(snapshots.predict(tf.ones([1, 2])));
  assertEquals(values(), [2, 3, 4]);

  model.add(layer("d"));
  assertThrows(
    () => snapshots.useBest(),
    RangeError,
    "it has d/kernel besides",
  );
  model.dispose();
});

Deno.test("CycleSnapshots.average() refuses batches that are not of inputs alone, and stays as it was", async () => {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [layers.batchNormalization({ inputShape: [2] })],
  });
  using snapshots = new CycleSnapshots(model);
  snapshots.take();
  const { numTensors } = tf.memory();
  const before = model.getWeights().map((weight) => weight.arraySync());
  const faults: [() => unknown, string][] = [
    [() => ({ xs: tf.ones([2, 2]) }), 'value is {"xs":a Tensor}'],
    [() => [1, 2], "value is [1,2]"],
  ];
  for (const [batch, message] of faults) {
    const given = [tf.ones([3, 2]), batch()];
    await assertRejects(
      () => snapshots.average({ batches: given as never }),
      TypeError,
      "batch 1 must be the inputs alone, a tensor or a list of tensors: current " +
        message,
    );
    tf.dispose(given as never);
  }
  // One that the model cannot take is disposed all the same.
  await assertRejects(() => snapshots.average({ batches: [tf.ones([2, 3])] }));
  const after = model.getWeights().map((weight) => weight.arraySync());
  assertEquals(after, before);
  assertEquals(tf.memory().numTensors, numTensors);
});

Deno.test("CycleSnapshots.average() estimates statistics over all calls of a layer", async () => {
  const { layers } = tf;
  const normalize = () => layers.batchNormalization({ momentum: 0.9 });
  const input = tf.input({ shape: [2, 3] });
  // Run for each step of a sequence, and for two inputs.
  const steps = layers.timeDistributed({ layer: normalize() }).apply(input);
  const shared = normalize();
  const scaled = layers.dense({ units: 3, kernelInitializer: "identity" });
  const calls = [
    input,
    scaled.apply(layers.add().apply([input, input] as never)),
  ]
    .map((given) => shared.apply(given) as tf.SymbolicTensor);
  const outputs = [steps as tf.SymbolicTensor, ...calls];
  const model = tf.model({ inputs: input, outputs });
  using snapshots = new CycleSnapshots(model);
  snapshots.take();
  const batches = [1, 2, 3].map((seed) =>
    tf.randomNormal([6, 2, 3], seed, seed, "float32", seed)
  );
  await snapshots.average({ batches: batches.map((xs) => xs.clone()) });

  /** Mean and variance of each of the last axis, in doubles. */
  const momentsOf = (rows: number[][]) => {
    const mean = (of: (row: number[], i: number) => number) =>
      [0, 1, 2].map((i) =>
        rows.reduce((sum, row) => sum + of(row, i), 0) / rows.length
      );
    const means = mean((row, i) => row[i]);
    return [...means, ...mean((row, i) => (row[i] - means[i]) ** 2)];
  };
  const values = batches.map((xs) => xs.arraySync() as number[][][]);
  const perStep = values.flatMap((xs) =>
    [0, 1].map((step) => momentsOf(xs.map((example) => example[step])))
  );
  const perCall = values.flatMap((xs) =>
    [1, 2].map((factor) =>
      momentsOf(xs.flat().map((row) => row.map((value) => factor * value)))
    )
  );
  const wrapper = model.layers.find((layer) =>
    layer.getClassName() === "TimeDistributed"
  )!;
  for (
    const [layer, expected] of [[wrapper, perStep], [shared, perCall]] as const
  ) {
    const actual = layer.getWeights().slice(2)
      .flatMap((weight) => [...weight.dataSync()]);
    actual.forEach((value, i) =>
      assertAlmostEquals(
        value,
        expected.reduce((sum, row) => sum + row[i], 0) / expected.length,
        1e-3,
      )
    );
  }
});

Deno.test("CycleSnapshots.predict() refuses layers that go on with the state of another snapshot", () => {
  const lstm = tf.layers.lstm({
    name: "states",
    units: 1,
    stateful: true,
    batchInputShape: [1, 2, 1],
  });
  using snapshots = new CycleSnapshots(tf.sequential({ layers: [lstm] }));
  snapshots.take();
  assertThrows(
    () => snapshots.predict(tf.ones([1, 2, 1])),
    TypeError,
    'no stateful recurrent layer: current value has "states"',
  );
});
