/** What a loop that reads no loss holds, on the GPU and in the process. */

import * as tf from "@tensorflow/tfjs";
import type { TrainingBackend } from "../../src/backends/webgpu/_training_backend.ts";
import { Training } from "./_networks.ts";

/** Memory in bytes, some steps apart. */
export interface QueueMemory {
  readonly network: string;
  readonly batchSize: number;
  readonly steps: readonly number[];
  /** Of the GPU's buffers, the free ones among them. */
  readonly gpuBytes: readonly number[];
  /** Of the process, in the processor's memory. */
  readonly residentBytes: readonly number[];
}

/** Queues steps, and looks now and then. */
export async function measureQueueMemory(
  network: string,
  batchSize: number,
  steps: number,
): Promise<QueueMemory> {
  using training = new Training(network, batchSize);
  const { pool } = tf.backend() as unknown as TrainingBackend;
  await training.reading(3);
  const looks = 5;
  const result = {
    steps: [0],
    gpuBytes: [pool.numBytesAllocated],
    residentBytes: [Deno.memoryUsage().rss],
  };
  for (let look = 1; look <= looks; look++) {
    const until = Math.round(steps * look / looks);
    for (let i = result.steps.at(-1)!; i < until; i++) {
      training.step().dispose();
    }
    result.steps.push(until);
    result.gpuBytes.push(pool.numBytesAllocated);
    result.residentBytes.push(Deno.memoryUsage().rss);
  }
  await training.reading(1);
  return { network, batchSize, ...result };
}
