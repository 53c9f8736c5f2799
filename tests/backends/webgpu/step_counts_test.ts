/**
 * What a training step asks of the GPU, which may not grow. The commands are
 * emptied, so that an adapter of any speed will do.
 */

import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createCifar10Full } from "../../../examples/models/cifar10_full.ts";
import { createCifar10Quick } from "../../../examples/models/cifar10_quick.ts";
import { createMiniGoogLeNet } from "../../../examples/models/minigooglenet.ts";
import { createResNet } from "../../../examples/models/resnet.ts";
import { Counting } from "./_counting.ts";
import { test } from "./_on_webgpu.ts";

const BATCH = 20;

interface Budget {
  readonly create: () => tf.LayersModel;
  readonly dispatches: number;
  readonly submits: number;
}

const BUDGETS: Record<string, Budget> = {
  quick: { create: createCifar10Quick, dispatches: 82, submits: 2 },
  full: { create: createCifar10Full, dispatches: 102, submits: 2 },
  MiniGoogLeNet: { create: createMiniGoogLeNet, dispatches: 415, submits: 4 },
  "ResNet-20": {
    create: () => createResNet({ depth: 20 }),
    dispatches: 390,
    submits: 4,
  },
};

/** A step as `fit` makes it, but for the reading of the loss. */
function stepOf(model: tf.LayersModel): (data: tf.Tensor[]) => tf.Scalar {
  interface Internals {
    readonly model?: Internals;
    makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[];
  }
  const internals = model as unknown as Internals;
  const step = (internals.model ?? internals).makeTrainFunction();
  return (data) => tf.tidy(() => step(data)[0]);
}

for (const [name, { create, dispatches, submits }] of Object.entries(BUDGETS)) {
  test(`a training step of ${name} sends no more to the GPU than it must`, async () => {
    using counting = new Counting({ empty: true });
    const model = create();
    model.compile({
      optimizer: tf.train.momentum(0.001, 0.9),
      loss: "categoricalCrossentropy",
    });
    const step = stepOf(model);
    const images = new Float32Array(BATCH * 32 * 32 * 3).map(Math.random);
    const labels = Float32Array.from(
      { length: 10 * BATCH },
      (_, i) => Number(i % 10 === 0),
    );
    const train = async () => {
      const xs = tf.tensor4d(images, [BATCH, 32, 32, 3]);
      const ys = tf.tensor2d(labels, [BATCH, 10]);
      const loss = step([xs, ys]);
      await loss.data();
      tf.dispose([xs, ys, loss]);
    };
    for (let i = 0; i < 3; i++) await train();
    counting.take();
    await train();
    const counts = counting.take();
    const show = JSON.stringify(counts);
    assert(counts.dispatchWorkgroups <= dispatches, show);
    assert(counts.submit <= submits, show);
    assert(counts.createBuffer === 0, show);
    assert(counts.createBindGroup === 0, show);
    assert(counts.mapAsync === 1, show);
    const batch = images.byteLength + labels.byteLength;
    assert(counts.bytes <= batch + 2 ** 16, show);
    model.dispose();
  });
}

test("rates that change at every step make no new buffers", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [4], units: 3 })],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const xs = tf.ones([8, 4]);
  const ys = tf.ones([8, 3]);
  const optimizer = model.optimizer as unknown as { learningRate: number };
  using counting = new Counting();
  for (let i = 0; i < 30; i++) {
    if (i === 20) counting.take();
    optimizer.learningRate = 0.01 / (1 + i);
    await model.trainOnBatch(xs, ys);
  }
  assert(counting.take().createBuffer === 0);
  tf.dispose([xs, ys]);
  model.dispose();
});
