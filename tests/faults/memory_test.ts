/** Memory over thousands of batches, with everything that watches them. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { Checkpointer, StopOnAbort } from "@clr/clr/training";
import { withFolder } from "../_run.ts";

const BATCHES = 5000;

for (const backend of ["cpu", "wasm"] as const) {
  Deno.test(`${BATCHES} batches on ${backend} leave no tensor and no memory behind`, () =>
    withFolder(async (folder) => {
      await selectBackend({ backend, threads: 1 });
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
      });
      model.compile({ optimizer: "adam", loss: "meanSquaredError" });
      const xs = tf.ones([BATCHES / 10, 2]);
      const ys = tf.ones([BATCHES / 10, 1]);
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
      assertEquals(clr.totalIterations, BATCHES);
      assertEquals(tf.memory().numTensors, numTensors);
      assertEquals(tf.memory().numBytes, numBytes);
      // Beside the history: three columns of as many numbers.
      assert(Deno.memoryUsage().external - external < 2 ** 24);
      assertEquals([...Deno.readDirSync(folder)].length, 4);
      model.optimizer.dispose();
      model.dispose();
      tf.dispose([xs, ys]);
    }));
}
