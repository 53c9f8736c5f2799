import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { compareWithCPU, random } from "./_compare.ts";
import { ignore, test } from "./_on_webgpu.ts";

/** Rows, sums and columns from few to more than a tile has, in fours or not. */
const length = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 10, max: 260 }),
  fc.integer({ min: 1, max: 70 }).map((fours) => 4 * fours),
);

Deno.test({
  name: "products of two matrices on WebGPU are the CPU's over random shapes",
  ignore,
  async fn() {
    const products = fc.sample(
      fc.record({
        ...{ rows: length, inner: length, columns: length },
        ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
        leading: fc.constantFrom([], [1], [1, 1]),
        end: fc.constantFrom(undefined, "linear", "relu"),
      }),
      { numRuns: 80, seed: 18 },
    );
    await compareWithCPU(products.map((product, i) => {
      const { rows, inner, columns, transposeA, transposeB, leading, end } =
        product;
      return {
        name: JSON.stringify(product),
        compute() {
          const a = random(
            [...leading, ...transposeA ? [inner, rows] : [rows, inner]],
            3 * i,
          );
          const b = random(
            transposeB ? [columns, inner] : [inner, columns],
            3 * i + 1,
          );
          if (end === undefined) {
            return [tf.matMul(a, b, transposeA, transposeB)];
          }
          const bias = random([columns], 3 * i + 2);
          return [
            tf.fused.matMul({
              ...{ a, b, transposeA, transposeB, bias },
              activation: end,
            }),
          ];
        },
      };
    }));
  },
});

Deno.test({
  name: "a dense network on WebGPU has the CPU's gradients",
  ignore,
  fn: () =>
    compareWithCPU([{
      name: "two layers",
      compute() {
        const [x, w1, w2] = [[256, 320], [320, 640], [640, 10]].map((
          shape,
          i,
        ) => random(shape, i));
        const loss = (...[w1, w2]: tf.Tensor[]) =>
          tf.matMul(tf.relu(tf.matMul(x, w1).mul(0.05)), w2).mul(0.05).square()
            .mean() as tf.Scalar;
        const { value, grads } = tf.valueAndGrads(loss)([w1, w2]);
        return [value, ...grads];
      },
    }]),
});

test("a product of matrices that do not fit is refused on WebGPU", () => {
  const products: [[number, number], [number, number], boolean, boolean][] = [
    [[2, 3], [3, 2], true, false],
    [[400, 64], [32, 400], false, false],
    [[400, 64], [400, 32], false, true],
  ];
  for (const [a, b, transposeA, transposeB] of products) {
    assertThrows(() =>
      tf.tidy(() => tf.matMul(tf.zeros(a), tf.zeros(b), transposeA, transposeB))
    );
  }
});
