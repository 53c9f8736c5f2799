import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

type Pool = typeof tf.maxPool | typeof tf.avgPool;

interface Case {
  x: [number, number, number, number];
  size: number | [number, number];
  strides: number | [number, number];
  pad: "same" | "valid" | number;
}

const cases: Case[] = [
  { x: [2, 8, 8, 4], size: 2, strides: 2, pad: "valid" },
  { x: [2, 9, 7, 3], size: 3, strides: 2, pad: "same" },
  { x: [1, 8, 8, 5], size: 3, strides: 1, pad: "same" },
  { x: [2, 10, 11, 6], size: [3, 2], strides: [2, 3], pad: "valid" },
  { x: [1, 7, 7, 1], size: 2, strides: 3, pad: "valid" },
  { x: [3, 6, 5, 17], size: 3, strides: 2, pad: 1 },
  { x: [1, 4, 4, 8], size: 4, strides: 4, pad: "valid" },
];

for (const pool of ["maxPool", "avgPool"] as const) {
  for (const { x, size, strides, pad } of cases) {
    const name = `x [${x}], size ${size}, strides ${strides}, pad ${pad}`;
    Deno.test(`${pool}() has the CPU backend's gradient: ${name}`, async () => {
      await assertAsOnCpu(() => {
        const run = (x: tf.Tensor) =>
          (tf[pool] as Pool)(x as tf.Tensor4D, size, strides, pad);
        const xs = values(x, 1);
        const y = run(xs);
        return [y, tf.grad(run)(xs, values(y.shape, 2))];
      }, name);
    });
  }
}

Deno.test("maxPool() gives a window's gradient to the first of equal inputs", async () => {
  await assertAsOnCpu(() => {
    const run = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 3, 2, "same");
    const xs = tf.round(values([2, 8, 8, 5], 1).mul(2)) as tf.Tensor4D;
    const y = run(xs);
    return [y, tf.grad(run)(xs, values(y.shape, 2))];
  }, "ties");
});
