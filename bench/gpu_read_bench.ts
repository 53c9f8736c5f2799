/**
 * What it costs to read a loss back from WebGPU: the wait of Deno's `mapAsync`,
 * which tfjs's own read makes, beside the read of the backend that
 * `startWebGPU()` starts.
 *
 *     deno bench -A bench/gpu_read_bench.ts
 */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { startWebGPU, WebGPUUnavailableError } from "@clr/clr/backends";

try {
  const { device } = await startWebGPU({ allowSoftware: true });
  console.log(`tfjs ${tf.version.tfjs}, WebGPU on ${device}`);
  const backend = tf.backend() as WebGPUBackend;
  const values = tf.ones([2000]);
  const group = "a loss, computed and read";

  /** Computed anew each time: a tensor keeps what was read of it. */
  const computeLoss = () => tf.tidy(() => values.mean());

  Deno.bench({
    name: "tfjs's read",
    group,
    baseline: true,
    fn: async () => {
      const loss = computeLoss();
      await backend.getBufferData(
        backend.tensorMap.get(loss.dataId).resource as GPUBuffer,
      );
      loss.dispose();
    },
  });
  Deno.bench({
    name: "await loss.data()",
    group,
    fn: async () => {
      const loss = computeLoss();
      await loss.data();
      loss.dispose();
    },
  });
  Deno.bench({
    name: "loss.dataSync()",
    group,
    fn: () => {
      const loss = computeLoss();
      loss.dataSync();
      loss.dispose();
    },
  });
} catch (error) {
  if (!(error instanceof WebGPUUnavailableError)) throw error;
  console.log(error.message);
}
