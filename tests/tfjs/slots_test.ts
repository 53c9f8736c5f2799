import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import {
  AdamW,
  LearningRateScheduler,
  loadCheckpoint,
  saveCheckpoint,
  SGDW,
} from "@clr/clr/training";
import { TrainingSnapshot } from "../../src/training/weights/snapshot.ts";

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1, 0.05),
  adadelta: () => tf.train.adadelta(0.1, 0.9),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
  rmsprop: () => tf.train.rmsprop(0.1, 0.9, 0.3),
  centered: () => tf.train.rmsprop(0.1, 0.9, 0.3, 1e-3, true),
  AdamW: () => new AdamW(0.1, { weightDecay: 0.02 }),
  SGDW: () => new SGDW(0.1, { weightDecay: 0.02 }),
};

/** Two layers side by side, whose weights have the same shape. */
function branches(): { model: tf.LayersModel; first: tf.layers.Layer } {
  const input = tf.input({ shape: [3] });
  const dense = (kernelInitializer: "zeros" | "ones") =>
    tf.layers.dense({ units: 3, useBias: false, kernelInitializer });
  const first = dense("zeros");
  const outputs = [first, dense("ones")]
    .map((layer) => layer.apply(input) as tf.SymbolicTensor);
  return { model: tf.model({ inputs: input, outputs }), first };
}

function compile(model: tf.LayersModel, optimizer: tf.Optimizer): void {
  model.compile({ optimizer, loss: "meanSquaredError" });
}

const XS = [[1, -2, 3], [0.5, 1, -1]];

async function fit(
  model: tf.LayersModel,
  { target, isFollowed }: { target: number; isFollowed: boolean },
): Promise<void> {
  const xs = tf.tensor2d(XS);
  const ys = [tf.fill([2, 3], target), tf.fill([2, 3], 2)];
  await model.fit(xs, ys, {
    epochs: 3,
    // Another order of the rows may round a sum of products another way.
    shuffle: false,
    verbose: 0,
    callbacks: isFollowed ? [new LearningRateScheduler(() => 0.1)] : [],
  });
  tf.dispose([xs, ys]);
}

function weightsOf(model: tf.LayersModel): number[][] {
  return model.layers.flatMap((layer) =>
    layer.getWeights().map((weight) => [...weight.dataSync()])
  );
}

for (
  const [backend, isFollowed] of [
    ["cpu", true],
    ["wasm", false],
  ] as const
) {
  for (const [name, make] of Object.entries(OPTIMIZERS)) {
    Deno.test(`${name} keeps each weight's slots when a layer is unfrozen, on ${backend}`, async () => {
      await selectBackend({ backend });
      // A gradient of zero leaves the slots of the first layer as new.
      const never = branches();
      compile(never.model, make());
      await fit(never.model, { target: 0, isFollowed });
      await fit(never.model, { target: 1, isFollowed });

      const { model, first } = branches();
      const optimizer = make();
      first.trainable = false;
      compile(model, optimizer);
      await fit(model, { target: 0, isFollowed });
      first.trainable = true;
      compile(model, optimizer);
      const tensors = tf.memory().numTensors;
      await fit(model, { target: 1, isFollowed });
      const slots = tf.memory().numTensors - tensors;

      assertEquals(weightsOf(model), weightsOf(never.model));
      // Those of the layer that is new, and no others.
      assert(slots >= 1 && slots <= 3, `${slots}`);
      await tf.setBackend("cpu");
    });
  }
}

function momentsByOwner(optimizer: tf.Optimizer): Map<string, number[]> {
  const { accumulations } = optimizer as unknown as {
    accumulations: { originalName: string; variable: tf.Variable }[];
  };
  return new Map(accumulations.map(({ originalName, variable }) => [
    originalName,
    [...variable.dataSync()],
  ]));
}

Deno.test("slots of a layer that is frozen for a while are kept", async () => {
  const { model, first } = branches();
  const optimizer = tf.train.momentum(0.1, 0.9);
  const run = async () => {
    compile(model, optimizer);
    await fit(model, { target: 1, isFollowed: true });
  };
  await run();
  const before = momentsByOwner(optimizer);
  const [frozen, other] = before.keys();
  first.trainable = false;
  await run();
  const between = momentsByOwner(optimizer);
  assertEquals(between.get(frozen), before.get(frozen));
  assert(`${between.get(other)}` !== `${before.get(other)}`);
  first.trainable = true;
  await run();
  assertEquals(momentsByOwner(optimizer).size, 2);
});

Deno.test("slots go with their weights where one layer is frozen for another", async () => {
  const { model, first } = branches();
  const [, , second] = model.layers;
  const optimizer = tf.train.momentum(0.1, 0.9);
  second.trainable = false;
  compile(model, optimizer);
  await fit(model, { target: 1, isFollowed: true });
  const [name] = momentsByOwner(optimizer).keys();
  first.trainable = false;
  second.trainable = true;
  compile(model, optimizer);
  await fit(model, { target: 1, isFollowed: true });

  const alone = branches();
  alone.first.trainable = false;
  compile(alone.model, tf.train.momentum(0.1, 0.9));
  await fit(alone.model, { target: 1, isFollowed: true });
  assertEquals(weightsOf(model)[1], weightsOf(alone.model)[1]);
  assert(momentsByOwner(optimizer).has(name));
});

Deno.test("slots that setWeights took from a copy of the model are those of the weights in order", async () => {
  const copies = [branches(), branches()];
  const [from, to] = copies.map(({ model }) => {
    compile(model, tf.train.momentum(0.1, 0.9));
    return model;
  });
  await fit(from, { target: 1, isFollowed: true });
  to.setWeights(from.getWeights());
  await to.optimizer.setWeights(await from.optimizer.getWeights());
  await fit(from, { target: 1, isFollowed: true });
  await fit(to, { target: 1, isFollowed: true });
  assertEquals(weightsOf(to), weightsOf(from));
});

Deno.test("a checkpoint between unfreezing and the next step has each slot with its weight", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { model, first } = branches();
    const optimizer = tf.train.adam(0.1);
    first.trainable = false;
    compile(model, optimizer);
    await fit(model, { target: 0, isFollowed: true });
    first.trainable = true;
    compile(model, optimizer);
    await saveCheckpoint(folder, { model });
    const resumed = branches();
    compile(resumed.model, tf.train.adam(0.1));
    // Slots of its own, with names of its own, which the saved ones replace.
    await fit(resumed.model, { target: 3, isFollowed: true });
    (await loadCheckpoint(folder))!.restore({ model: resumed.model });
    await fit(model, { target: 1, isFollowed: true });
    await fit(resumed.model, { target: 1, isFollowed: true });
    assertEquals(weightsOf(resumed.model), weightsOf(model));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("TrainingSnapshot puts slots back that an unfrozen layer's have moved", async () => {
  const { model, first } = branches();
  const optimizer = tf.train.momentum(0.1, 0.9);
  first.trainable = false;
  compile(model, optimizer);
  await fit(model, { target: 1, isFollowed: true });
  const before = [momentsByOwner(optimizer), weightsOf(model)];
  const snapshot = new TrainingSnapshot(model);
  const { numTensors } = tf.memory();
  first.trainable = true;
  compile(model, optimizer);
  await fit(model, { target: 1, isFollowed: true });
  assertEquals(momentsByOwner(optimizer).size, 2);
  snapshot.restore();
  assertEquals([momentsByOwner(optimizer), weightsOf(model)], before);
  assertEquals(tf.memory().numTensors, numTensors);
  snapshot[Symbol.dispose]();
});
