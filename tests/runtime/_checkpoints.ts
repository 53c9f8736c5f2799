/**
 * Trains with checkpoints, in any runtime: `_checkpoints.ts FOLDER FROM TO` goes
 * on from the newest of the folder, which must be of iteration FROM, to iteration
 * TO, saves there, and prints the weights and the history.
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import {
  loadCheckpoint,
  saveCheckpoint,
  seededRandom,
} from "@clr/clr/training";

const { argv } = (globalThis as unknown as {
  process: { argv: readonly string[] };
}).process;
const [folder, from, to] = argv.slice(2);

await selectBackend({ backend: "wasm", threads: 1 });
const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 8, inputShape: [4], kernelInitializer }),
    tf.layers.dense({ units: 1, kernelInitializer }),
  ],
});
model.compile({ optimizer: tf.train.adam(), loss: "meanSquaredError" });
const clr = new CyclicLR({ baseLr: 0.001, maxLr: 0.01, stepSize: 5 });
clr.attach(model.optimizer);

const checkpoint = await loadCheckpoint(folder);
checkpoint?.restore({ model, scheduler: clr });
if ((checkpoint?.iteration ?? 0) !== Number(from)) {
  throw new Error(`The checkpoint is of iteration ${checkpoint?.iteration}`);
}
for (let batch = Number(from); batch < Number(to); batch++) {
  const random = seededRandom(batch);
  const xs = tf.tensor(Float32Array.from({ length: 32 }, random), [8, 4]);
  const loss = await model.trainOnBatch(xs, xs.sum(1, true));
  clr.step({ loss: loss as number });
}
await saveCheckpoint(folder, { model, scheduler: clr });
const weights = model.getWeights().flatMap((weight) => [...weight.dataSync()]);
console.log(JSON.stringify({ weights, history: clr.history }));
