/**
 * What the callback costs. Two groups: its own work for a batch, which is all
 * of `onBatchEnd`, by optimizer and with and without logs; and a training batch
 * of the CIFAR-10 quick network with and without it.
 *
 *     deno bench -A bench/training/cyclic_lr_bench.ts
 *
 * SGD and Momentum cache the rate in a tensor, so a new rate costs them a
 * tensor: that is tfjs's price, shown apart as "the optimizer takes a rate".
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, setLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import { OPTIMIZERS } from "../../examples/training/optimizers.ts";

const { backend, device } = await selectBackend({ backend: "wasm" });
console.log(`tfjs ${tf.version.tfjs}, ${backend} on ${device}`);

const logs = { batch: 0, size: 100, loss: tf.scalar(2), acc: tf.scalar(0.5) };
const numbers = { batch: 0, size: 100, loss: 2, acc: 0.5 };

for (const [name, { create }] of Object.entries(OPTIMIZERS)) {
  const group = `a batch's onBatchEnd: ${name}`;
  const withLogs = new CyclicLR().attach(create(0.001));
  const withNumbers = new CyclicLR().attach(create(0.001));
  const without = new CyclicLR().attach(create(0.001));
  Deno.bench({
    name: `${name}, no logs`,
    group,
    baseline: true,
    fn: () => void without.onBatchEnd(0),
  });
  Deno.bench({
    name: `${name}, logs as numbers`,
    group,
    fn: () => void withNumbers.onBatchEnd(0, numbers),
  });
  Deno.bench({
    name: `${name}, logs as tensors`,
    group,
    fn: () => void withLogs.onBatchEnd(0, logs),
  });
  const bare = create(0.001);
  let rate = 0;
  Deno.bench({
    name: `${name}, the optimizer takes a rate`,
    group,
    fn: () => setLearningRate(bare, rate = rate === 0 ? 0.001 : 0),
  });
}

const IMAGES = 100;
const xs = tf.randomNormal([IMAGES, 32, 32, 3]);
const ys = tf.oneHot(
  tf.range(0, IMAGES, 1, "int32").mod(tf.scalar(10, "int32")),
  10,
);

for (const withClr of [false, true]) {
  const model = createCifar10Quick({
    optimizer: tf.train.momentum(0.001, 0.9),
  });
  const clr = new CyclicLR();
  const callbacks: tf.Callback[] = withClr ? [clr] : [];
  Deno.bench({
    name: `fit, one batch of 100, ${withClr ? "with CyclicLR" : "bare"}`,
    group: "a training batch of the quick network",
    baseline: !withClr,
    n: 10,
    warmup: 2,
    fn: async () => {
      await model.fit(xs, ys, { batchSize: IMAGES, verbose: 0, callbacks });
    },
  });
}
