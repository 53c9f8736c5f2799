import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

Deno.test("unsortedSegmentSum() is as on the CPU backend, with ids outside of the range", async () => {
  await assertAsOnCpu(() => {
    const ids = tf.tensor1d([2, 0, -1, 2, 5, 1], "int32");
    return [
      tf.unsortedSegmentSum(values([6, 3, 2], 1), ids, 4),
      tf.unsortedSegmentSum(values([6], 1), ids, 3),
    ];
  }, "segments");
});

Deno.test("gather() has the CPU backend's gradient for repeated and missing indices", async () => {
  await assertAsOnCpu(() => {
    const indices = tf.tensor1d([4, 1, 1, 0, 4, 4], "int32");
    const rows = (x: tf.Tensor) => tf.gather(x, indices);
    const columns = (x: tf.Tensor) => tf.gather(x, indices, 1);
    return [
      tf.grad(rows)(values([7, 3], 1), values([6, 3], 2)),
      tf.grad(columns)(values([3, 5], 1), values([3, 6], 2)),
    ];
  }, "gather");
});
