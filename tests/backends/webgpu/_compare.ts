import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { onWebGPU, relativeError } from "./_on_webgpu.ts";

/** Something that gives tensors, the same on every backend. */
export interface Case {
  readonly name: string;
  readonly compute: () => tf.Tensor[];
  /** The largest relative error. */
  readonly tolerance?: number;
}

/** Computes each case on CPU and on WebGPU, and throws where they differ. */
export async function compareWithCPU(cases: readonly Case[]): Promise<void> {
  const run = async () => {
    const all: Float32Array[][] = [];
    for (const { compute } of cases) {
      const before = tf.memory().numTensors;
      const results = tf.tidy(compute);
      const values = [];
      for (const t of results) values.push((await t.data<"float32">()).slice());
      tf.dispose(results);
      assert(tf.memory().numTensors === before, "a tensor is left");
      all.push(values);
    }
    return all;
  };
  await tf.setBackend("cpu");
  const expected = await run();
  await onWebGPU(async () => {
    const actual = await run();
    cases.forEach(({ name, tolerance = 1e-5 }, i) =>
      actual[i].forEach((values, j) => {
        const error = relativeError(values, expected[i][j]);
        assert(error <= tolerance, `${name}, result ${j}: error ${error}`);
      })
    );
  });
}

/** Normally distributed numbers, the same on every backend. */
export function random(shape: readonly number[], seed: number): tf.Tensor {
  return tf.randomNormal(
    [...shape] as tf.Tensor["shape"] as number[] as [number],
    0,
    1,
    "float32",
    seed + 1,
  );
}
