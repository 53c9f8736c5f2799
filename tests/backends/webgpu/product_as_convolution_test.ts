import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { assertThrows } from "@std/assert";
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

test("matrices whose inner sizes differ are refused on WebGPU", () => {
  for (const transposeA of [true, false]) {
    const a = tf.zeros([320, 640]);
    const b = transposeA ? tf.zeros([640, 320]) : tf.zeros([320, 640]);
    assertThrows(() => tf.matMul(a, b, transposeA), Error, "shape");
    tf.dispose([a, b]);
  }
});
