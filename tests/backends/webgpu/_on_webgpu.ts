/** What the tests on WebGPU share: whether there is an adapter, and its start. */

import * as tf from "@tensorflow/tfjs";
import type { TrainingBackend } from "../../../src/backends/webgpu/_training_backend.ts";
import { startWebGPU } from "../../../src/backends/webgpu/start_webgpu.ts";
import { quietVulkan } from "../../../src/devices/quiet_vulkan.ts";

quietVulkan();

/** The adapter of this machine, if it has any. */
export const adapter = await navigator.gpu?.requestAdapter();

/** Whether tests that need an adapter are skipped. */
export const ignore = !adapter;
if (ignore) console.log("No WebGPU adapter: the WebGPU tests are skipped");

/** Runs `body` on the adapter that is there, and leaves the backend after it. */
export async function onWebGPU(
  body: (backend: TrainingBackend) => Promise<void> | void,
): Promise<void> {
  const first = await startWebGPU({ allowSoftware: true });
  try {
    await body(tf.backend() as unknown as TrainingBackend);
  } finally {
    const last = await startWebGPU({ allowSoftware: true });
    await Promise.all([first.settled(), last.settled()]);
    await tf.setBackend("cpu");
  }
}

/** A test that needs an adapter. */
export function test(
  name: string,
  body: (backend: TrainingBackend) => Promise<void> | void,
): void {
  Deno.test({ name, ignore, fn: () => onWebGPU(body) });
}

/** The largest difference of two lists, relative to their largest value. */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  if (actual.length !== expected.length) return NaN;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    // NaN stays.
    if (!(distance <= difference)) difference = distance;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / Math.max(largest, 1e-30);
}
