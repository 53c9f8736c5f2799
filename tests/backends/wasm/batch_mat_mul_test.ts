import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertAsOnCpu, startWasm, values } from "./_compare.ts";

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

const size = fc.integer({ min: 0, max: 21 });
const batches = fc.record({
  // Of each dimension of the batch, whether a and b have it or are broadcast.
  batch: fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom("both", "both", "a", "b"),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  sizes: fc.tuple(size, size, size),
  transposed: fc.tuple(fc.boolean(), fc.boolean()),
  special: fc.constantFrom(undefined, undefined, NaN, Infinity),
});

Deno.test("matMul() of many matrices is as in doubles, however broadcast", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  fc.assert(
    fc.property(
      batches,
      ({ batch, sizes: [m, k, n], transposed, special }) =>
        tf.tidy(() => {
          const shapeOf = (own: "a" | "b") =>
            batch.map(([length, who]) =>
              who === "both" || who === own ? length : 1
            );
          const [aBatch, bBatch] = [shapeOf("a"), shapeOf("b")];
          const a = values(
            [...aBatch, ...transposed[0] ? [k, m] : [m, k]],
            1,
          ).bufferSync();
          if (special && a.size > 0) a.values[a.size - 1] = special;
          const b = values([...bBatch, ...transposed[1] ? [n, k] : [k, n]], 2)
            .bufferSync();
          const y = tf.matMul(a.toTensor(), b.toTensor(), ...transposed)
            .bufferSync();
          const full = batch.map(([length]) => length);
          assertEquals(y.shape, [...full, m, n]);
          for (let at = 0; at < y.size; at++) {
            const place = y.indexToLoc(at);
            const [row, column] = place.slice(-2);
            const matrix = (shape: number[]) =>
              shape.map((length, i) => length === 1 ? 0 : place[i]);
            let sum = 0;
            for (let i = 0; i < k; i++) {
              const left = transposed[0] ? [i, row] : [row, i];
              const right = transposed[1] ? [column, i] : [i, column];
              sum += a.get(...matrix(aBatch), ...left) *
                b.get(...matrix(bBatch), ...right);
            }
            const actual = y.values[at];
            assert(
              isFinite(sum) ? Math.abs(actual - sum) < 1e-5 : !isFinite(actual),
              `at ${place}: ${actual}, not ${sum}`,
            );
          }
        }),
    ),
    { numRuns: 120, seed: 10 },
  );
});

for (
  const [transposeA, transposeB] of [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ]
) {
  Deno.test(`matMul() keeps its digits in sums of 2^20 terms, ${transposeA} ${transposeB}`, async () => {
    await startWasm();
    const terms = 2 ** 20;
    // All of one sign and size: rounding leans one way.
    const a = tf.fill(transposeA ? [terms, 2] : [2, terms], 0.1);
    const b = tf.fill(transposeB ? [3, terms] : [terms, 3], 0.3);
    const bias = tf.tensor1d([1, 2, 3]);
    const expected = terms * Math.fround(0.1) * Math.fround(0.3);
    const product = tf.matMul(a, b, transposeA, transposeB);
    for (const value of product.dataSync()) {
      assert(Math.abs(value / expected - 1) < 1e-4, `${value}`);
    }
    const fused = tf.fused.matMul({
      ...{ a, b, transposeA, transposeB, bias },
      activation: "relu",
    });
    fused.dataSync().forEach((value, i) =>
      assert(Math.abs(value / (expected + 1 + i % 3) - 1) < 1e-4, `${value}`)
    );
    tf.dispose([a, b, bias, product, fused]);
  });
}
