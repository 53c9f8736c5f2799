/**
 * A training run that checkpoints after every EVERY batches and when it is asked
 * to end, and goes on from the newest checkpoint, to be killed at any moment:
 *
 *     _resumable_run.ts FOLDER BACKEND BATCHES EVERY
 *
 * Prints where it starts, a line after each batch, and at the end a checksum of
 * all weights, their averages and the snapshots at the ends of cycles.
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { enableWasmTraining } from "@clr/clr/backends";
import { Interrupt } from "@clr/clr/command";
import {
  Checkpointer,
  CycleSnapshots,
  ExponentialMovingAverage,
  loadCheckpoint,
  StopOnAbort,
} from "@clr/clr/training";

const [folder, backend, batches, every] = Deno.args;
if (backend === "wasm") await enableWasmTraining();
await tf.setBackend(backend);

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({
      inputShape: [6, 6, 2],
      filters: 4,
      kernelSize: 3,
      activation: "relu",
      kernelInitializer: tf.initializers.randomNormal({ seed: 1 }),
    }),
    tf.layers.batchNormalization(),
    tf.layers.flatten(),
    tf.layers.dense({
      units: 3,
      activation: "softmax",
      kernelInitializer: tf.initializers.randomNormal({ seed: 2 }),
    }),
  ],
});
model.compile({
  optimizer: tf.train.adam(0.01),
  loss: "categoricalCrossentropy",
  metrics: ["accuracy"],
});

/** The batch of an iteration, whichever process asks for it. */
function batchAt(iteration: number): { xs: tf.Tensor; ys: tf.Tensor } {
  return tf.tidy(() => ({
    xs: tf.randomNormal([8, 6, 6, 2], 0, 1, "float32", iteration + 1),
    ys: tf.oneHot(
      Array.from({ length: 8 }, (_, i) => (iteration + i * i) % 3),
      3,
    ),
  }));
}

using averages = new ExponentialMovingAverage(model, { decay: 0.9 });
using snapshots = new CycleSnapshots(model, { keep: 2 });
const clr = new CyclicLR({
  baseLr: 0.001,
  maxLr: 0.02,
  stepSize: 2,
  mode: "triangular2",
  momentum: { base: 0.7, max: 0.95 },
  onCycleEnd: ({ cycle }) => snapshots.take(1 / cycle),
});
const checkpoint = await loadCheckpoint(folder);
checkpoint?.restore({ model, scheduler: clr, averages, snapshots });
const start = checkpoint?.iteration ?? 0;
console.log(`start ${start}`);
using interrupt = new Interrupt();
for (const { path } of checkpoint?.damaged ?? []) {
  console.log(`damaged ${path}`);
}

if (start < Number(batches)) {
  await model.fitDataset(
    tf.data.generator(function* () {
      for (let t = start;; t++) yield batchAt(t);
    }) as tf.data.Dataset<{ xs: tf.Tensor; ys: tf.Tensor }>,
    {
      epochs: 1,
      batchesPerEpoch: Number(batches) - start,
      verbose: 0,
      callbacks: [
        new StopOnAbort(interrupt.signal),
        clr,
        averages,
        new Checkpointer(folder, {
          scheduler: clr,
          averages,
          snapshots,
          every: Number(every),
          signal: interrupt.signal,
        }),
        new tf.CustomCallback({
          onBatchEnd: async () => {
            console.log(`batch ${clr.totalIterations}`);
            // Batches so small would be over before a signal is seen.
            await new Promise((resolve) => setTimeout(resolve));
          },
        }) as unknown as tf.Callback,
      ],
    },
  );
}

if (interrupt.signal.aborted) {
  console.log(`saved ${clr.totalIterations}`);
  Deno.exit(1);
}
/** All weights that the model can be given, as numbers. */
function weights(): number[] {
  return model.getWeights().flatMap((weight) => [...weight.dataSync()]);
}

const trained = weights();
const averaged = averages.use(weights);
const last = snapshots.predict(batchAt(0).xs) as tf.Tensor;
snapshots.useBest();
const hash = new Uint8Array(
  await crypto.subtle.digest(
    "SHA-256",
    new Float32Array(
      trained.concat(
        averaged,
        [...last.dataSync()],
        weights(),
        clr.history.loss,
        clr.history.lr,
      ),
    ),
  ),
);
console.log(`done ${hash.slice(0, 8).join(".")}`);
Deno.exit();
