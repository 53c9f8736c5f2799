import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";

let started: Promise<unknown> | undefined;

/** Starts the WASM backend once for all tests of a file. */
export function startWasm(): Promise<unknown> {
  started ??= selectBackend({ backend: "wasm" });
  return started;
}

/** Seeded values with both signs, and distinct for poolings' sake. */
export function values(shape: number[], seed: number): tf.Tensor {
  return tf.randomUniform(shape, -1, 1, "float32", seed);
}

/**
 * Computes on the CPU backend and on WASM and asserts that the results are as
 * close as float32 sums of different order are, and that no tensor stays.
 */
export async function assertAsOnCpu(
  compute: () => tf.Tensor[],
  context: string,
  tolerance = 1e-4,
): Promise<void> {
  const run = async (backend: string) => {
    await tf.setBackend(backend);
    const before = tf.memory();
    const idsBefore = tf.backend().numDataIds();
    const outputs = tf.tidy(compute);
    const results = outputs.map((t) => ({
      shape: t.shape,
      values: Array.from(t.dataSync()),
    }));
    tf.dispose(outputs);
    assertEquals(tf.memory().numTensors, before.numTensors, context);
    assertEquals(tf.backend().numDataIds(), idsBefore, `${context}: leak`);
    return results;
  };
  await startWasm();
  const expected = await run("cpu");
  const actual = await run("wasm");
  for (let k = 0; k < expected.length; k++) {
    assertEquals(actual[k].shape, expected[k].shape, context);
    const scale = expected[k].values.reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      1,
    );
    for (let i = 0; i < expected[k].values.length; i++) {
      const gap = Math.abs(expected[k].values[i] - actual[k].values[i]);
      assert(
        gap <= tolerance * scale,
        `${context}: output ${k} differs at ${i}: cpu ${
          expected[k].values[i]
        }, wasm ${actual[k].values[i]}`,
      );
    }
  }
}
