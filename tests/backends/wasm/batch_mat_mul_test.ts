import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

const shapes: [
  batchA: number[],
  batchB: number[],
  m: number,
  k: number,
  n: number,
][] = [
  [[], [], 1, 1, 1],
  [[], [], 7, 5, 3],
  [[], [], 33, 17, 65],
  [[], [], 100, 1, 9],
  [[3], [3], 4, 6, 5],
  [[2, 3], [2, 3], 5, 4, 9],
  [[1], [4], 3, 8, 2],
];

for (const [batchA, batchB, m, k, n] of shapes) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const name = `[${[...batchA, m, k]}] · [${[...batchB, k, n]}]` +
        `${transposeA ? ", a transposed" : ""}` +
        `${transposeB ? ", b transposed" : ""}`;
      Deno.test(`matMul() is as on the CPU backend: ${name}`, async () => {
        const multiply = (a: tf.Tensor, b: tf.Tensor) =>
          tf.matMul(a, b, transposeA, transposeB);
        await assertAsOnCpu(() => {
          const a = values([...batchA, ...transposeA ? [k, m] : [m, k]], 1);
          const b = values([...batchB, ...transposeB ? [n, k] : [k, n]], 2);
          const y = multiply(a, b);
          // tfjs has no gradient for operands of different batch sizes.
          if (`${batchA}` !== `${batchB}`) return [y];
          return [y, ...tf.grads(multiply)([a, b], values(y.shape, 3))];
        }, name);
      });
    }
  }
}

for (
  const activation of ["linear", "relu", "relu6", "elu", "sigmoid"] as const
) {
  Deno.test(`matMul() is as on the CPU backend with a fused bias and ${activation}`, async () => {
    await assertAsOnCpu(() => {
      const a = values([6, 5], 1) as tf.Tensor2D;
      const b = values([5, 9], 2) as tf.Tensor2D;
      const bias = values([9], 3) as tf.Tensor1D;
      const fused = tf.fused.matMul({ a, b, bias, activation });
      const transposed = tf.fused.matMul({
        a: a.transpose(),
        b: b.transpose(),
        transposeA: true,
        transposeB: true,
        bias,
        activation,
      });
      return [fused, transposed];
    }, activation);
  });
}
