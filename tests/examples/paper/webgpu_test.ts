import { assert, assertEquals } from "@std/assert";
import { startWebGPU } from "@clr/clr/backends";
import * as tf from "@tensorflow/tfjs";
import { loadMnist } from "../../../examples/datasets/mnist.ts";
import { ROWS } from "../../../examples/paper/rows.ts";
import { runRow } from "../../../examples/paper/run_row.ts";
import { tempDir } from "../../_folder.ts";

const ignore = !await navigator.gpu?.requestAdapter();
if (ignore) console.log("No WebGPU adapter: the WebGPU test is skipped");

/** How often `run` waits for the GPU: each read maps a buffer. */
async function countReads(run: () => Promise<unknown>): Promise<number> {
  const { mapAsync } = GPUBuffer.prototype;
  let count = 0;
  GPUBuffer.prototype.mapAsync = function (...args) {
    count++;
    return mapAsync.apply(this, args);
  };
  try {
    await run();
  } finally {
    GPUBuffer.prototype.mapAsync = mapAsync;
  }
  return count;
}

Deno.test({
  name:
    "runRow() on WebGPU waits for the device at its ten tests alone, so that batches are made while it computes",
  ignore,
  async fn() {
    const device = await startWebGPU({ allowSoftware: true });
    const row = {
      ...ROWS.find(({ id }) => id === "own-mnist-triangular")!,
      batchSize: 3,
    };
    const dataset = await loadMnist({
      source: "synthetic",
      trainImages: 12,
      testImages: 4,
    });
    const readsOf = async (iterations: number) => {
      await using dir = await tempDir();
      return await countReads(() =>
        runRow(row, {
          dataset,
          scale: iterations / row.iterations,
          seed: 1,
          backend: { backend: "webgpu", device: device.device },
          out: dir.path,
          log: () => {},
        })
      );
    };
    try {
      const few = await readsOf(10);
      assert(few > 0);
      assertEquals(await readsOf(20), few);
    } finally {
      await device.settled();
      await tf.setBackend("cpu");
    }
  },
});
