/** Memory over thousands of batches, with everything that watches them. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { Checkpointer, StopOnAbort } from "@clr/clr/training";
import { hasAdapter } from "../backends/_adapter.ts";
import { withFolder } from "../_folder.ts";

/**
 * Batches on each backend: on WebGPU fewer, as a software adapter is slow.
 * CLR_WEBGPU_BATCHES=5000 asks for as many there.
 */
const BATCHES = {
  cpu: 5000,
  wasm: 5000,
  ...await hasAdapter() &&
    { webgpu: Number(Deno.env.get("CLR_WEBGPU_BATCHES") ?? 500) },
};

for (const [backend, batches] of Object.entries(BATCHES)) {
  Deno.test({
    name:
      `${batches} batches on ${backend} leave no tensor and no memory behind`,
    // The device waits for its loss as long as it lives, and for its queue.
    sanitizeOps: backend !== "webgpu",
    fn: () =>
      withFolder(async (folder) => {
        await selectBackend({ backend: backend as BackendName, threads: 1 });
        const model = tf.sequential({
          layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
        });
        model.compile({ optimizer: "adam", loss: "meanSquaredError" });
        const xs = tf.ones([batches / 10, 2]);
        const ys = tf.ones([batches / 10, 1]);
        const clr = new CyclicLR({ stepSize: 50 });
        const fit = (epochs: number) =>
          model.fit(xs, ys, {
            batchSize: 1,
            epochs,
            verbose: 0,
            shuffle: false,
            callbacks: [
              clr,
              new Checkpointer(folder, { scheduler: clr, every: 250 }),
              new StopOnAbort(new AbortController().signal),
            ],
          });
        await fit(1);
        const { numTensors, numBytes } = tf.memory();
        const { external } = Deno.memoryUsage();
        await fit(9);
        assertEquals(clr.totalIterations, batches);
        assertEquals(tf.memory().numTensors, numTensors);
        assertEquals(tf.memory().numBytes, numBytes);
        // Beside the history: three columns of as many numbers.
        assert(Deno.memoryUsage().external - external < 2 ** 24);
        assertEquals([...Deno.readDirSync(folder)].length, 4);
        model.optimizer.dispose();
        model.dispose();
        tf.dispose([xs, ys]);
      }),
  });
}
