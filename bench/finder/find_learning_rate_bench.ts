/**
 * What a range test costs beside bare training, with the CIFAR-10 quick network
 * on WASM, and what it would cost to read every loss back and to keep the
 * weights in a file:
 *
 * ```sh
 * deno bench -A bench/finder/find_learning_rate_bench.ts
 * ```
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { findLearningRate, setLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";

const BATCHES = 8;
const BATCH_SIZE = 100;
/** Rates at which nothing diverges, so that every batch is trained. */
const [START_LR, END_LR] = [1e-7, 1e-6];

const { device } = await selectBackend({ backend: "wasm" });

const model = createCifar10Quick({ seed: 1 });
model.compile({
  optimizer: tf.train.momentum(START_LR, 0.9),
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
});
const count = BATCHES * BATCH_SIZE;
const xs = tf.randomNormal([count, 32, 32, 3], 0, 60, "float32", 1);
const ys = tf.oneHot(
  tf.range(0, count, 1, "int32").mod(tf.scalar(10, "int32")),
  10,
);

const group = `${BATCHES} batches of ${BATCH_SIZE}, quick network, ${device}`;
const options = { group, n: 5, warmup: 1 };

Deno.bench("model.fit", { ...options, baseline: true }, async () => {
  await model.fit(xs, ys, { batchSize: BATCH_SIZE, epochs: 1, verbose: 0 });
});

Deno.bench("findLearningRate", options, async () => {
  await findLearningRate(model, { xs, ys }, {
    startLr: START_LR,
    endLr: END_LR,
    iterations: BATCHES,
    batchSize: BATCH_SIZE,
  });
});

Deno.bench(
  "naive: loss read each batch, weights in a file",
  options,
  async () => {
    const path = await Deno.makeTempFile();
    const shapes = model.getWeights().map(({ shape }) => shape);
    const sizes = shapes.map((shape) => tf.util.sizeFromShape(shape));
    const saved = new Float32Array(sizes.reduce((sum, size) => sum + size));
    let at = 0;
    for (const weight of model.getWeights()) {
      const data = await weight.data();
      saved.set(data, at);
      at += data.length;
    }
    await Deno.writeFile(path, new Uint8Array(saved.buffer));
    for (let batch = 0; batch < BATCHES; batch++) {
      const progress = batch / (BATCHES - 1);
      setLearningRate(
        model.optimizer,
        START_LR * (END_LR / START_LR) ** progress,
      );
      const inputs = xs.slice(batch * BATCH_SIZE, BATCH_SIZE);
      const targets = ys.slice(batch * BATCH_SIZE, BATCH_SIZE);
      await model.trainOnBatch(inputs, targets);
      tf.dispose([inputs, targets]);
    }
    const read = new Float32Array((await Deno.readFile(path)).buffer);
    at = 0;
    const weights = shapes.map((shape, i) =>
      tf.tensor(read.slice(at, at += sizes[i]), shape)
    );
    model.setWeights(weights);
    tf.dispose(weights);
    await Deno.remove(path);
  },
);
