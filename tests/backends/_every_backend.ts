/** What tests on every backend share. */

import * as tf from "@tensorflow/tfjs";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { hasAdapter } from "./_adapter.ts";

/** The backends that can be tried here: WebGPU on whatever adapter there is. */
export const BACKENDS: readonly BackendName[] = [
  "cpu",
  "wasm",
  ...await hasAdapter() ? ["webgpu" as const] : [],
];

/** A test on one backend. */
export function testOn(
  backend: BackendName,
  name: string,
  check: () => unknown,
): void {
  // An adapter outlives the test, and so does Deno's part in what was read.
  const ends = backend !== "webgpu";
  Deno.test({
    name: `${name} on ${backend}`,
    sanitizeOps: ends,
    sanitizeResources: ends,
    async fn() {
      await selectBackend({ backend });
      await check();
    },
  });
}

/**
 * Has the backend itself compute all of `check`, whose tensors are disposed of:
 * on WebGPU tfjs leaves what is small and not yet sent to the processor.
 */
export async function onDevice(
  check: () => unknown,
): Promise<void> {
  const isGpu = tf.getBackend() === "webgpu";
  if (isGpu) tf.env().set("WEBGPU_CPU_FORWARD", false);
  tf.engine().startScope();
  try {
    await check();
  } finally {
    tf.engine().endScope();
    if (isGpu) tf.env().set("WEBGPU_CPU_FORWARD", true);
  }
}
