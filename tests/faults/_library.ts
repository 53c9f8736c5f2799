/** What the table of docs/permissions.md says of the library, done in small. */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";

const [backend, folder] = Deno.args;
const started = await selectBackend({
  backend: backend as BackendName,
  threads: 2,
});
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1] }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 1 }),
  ],
});
model.compile({ optimizer: "adam", loss: "meanSquaredError" });
const [xs, ys] = [tf.randomNormal([16, 6, 6, 1]), tf.ones([16, 1])];
await findLearningRate(model, { xs, ys }, { batchSize: 4, iterations: 12 });
const scheduler = new CyclicLR({ stepSize: 2 });
await model.fit(xs, ys, { batchSize: 4, verbose: 0, callbacks: [scheduler] });
if (folder) {
  await saveCheckpoint(folder, { model, scheduler });
  (await loadCheckpoint(folder))!.restore({ model, scheduler });
}
console.log(`trained ${scheduler.totalIterations} on ${started.backend}`);
Deno.exit();
