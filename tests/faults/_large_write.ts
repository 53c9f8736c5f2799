/**
 * Writes a small file or checkpoint, waits for the end of its input, and writes a
 * large one, to be ended by the system in the midst of it:
 *
 *     _large_write.ts FOLDER (file|checkpoint)
 */

import * as tf from "@tensorflow/tfjs";
import { lockFolder, writeFile } from "@clr/clr/command";
import { saveCheckpoint } from "@clr/clr/training";

await tf.setBackend("cpu");
const [folder, what] = Deno.args;
using _lock = await lockFolder(folder, { by: "_large_write.ts" });

function write(units: number): Promise<unknown> {
  if (what === "file") {
    return writeFile(`${folder}/history.json`, "1".repeat(units * 400));
  }
  const model = tf.sequential({
    layers: [tf.layers.dense({ units, inputShape: [100] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return saveCheckpoint(`${folder}/checkpoints`, { model }, {
    data: units,
    // Another model than the first.
    replace: true,
  });
}

await write(1);
console.log("started");
await new Response(Deno.stdin.readable).text();
await write(1000);
console.log("written");
