/** Whole numbers and bools where the result has fractions, against Math. */

import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

const FUNCTIONS: Record<
  string,
  [(x: tf.Tensor) => tf.Tensor, (x: number) => number]
> = {
  acos: [tf.acos, Math.acos],
  acosh: [tf.acosh, Math.acosh],
  asin: [tf.asin, Math.asin],
  asinh: [tf.asinh, Math.asinh],
  atan: [tf.atan, Math.atan],
  atan2: [(x) => tf.atan2(x, x), (x) => Math.atan2(x, x)],
  atanh: [tf.atanh, Math.atanh],
  exp: [tf.exp, Math.exp],
  expm1: [tf.expm1, Math.expm1],
  log1p: [tf.log1p, Math.log1p],
  logSigmoid: [tf.logSigmoid, (x) => -Math.log1p(Math.exp(-x))],
  reciprocal: [tf.reciprocal, (x) => 1 / x],
  sinh: [tf.sinh, Math.sinh],
  softplus: [tf.softplus, (x) => Math.log1p(Math.exp(x))],
};

for (const backend of BACKENDS) {
  testOn(
    backend,
    "functions of whole numbers have fractions",
    () =>
      onDevice(() => {
        for (const [name, [compute, exact]] of Object.entries(FUNCTIONS)) {
          for (const dtype of ["int32", "bool"] as const) {
            const numbers = dtype === "bool" ? [0, 1] : [-3, -1, 0, 1, 2];
            const y = compute(tf.tensor1d(numbers, dtype));
            assertEquals(y.dtype, "float32", name);
            y.dataSync().forEach((is, i) => {
              const must = exact(numbers[i]);
              if (!Number.isFinite(must)) assertEquals(is, must, name);
              else {assertAlmostEquals(
                  is,
                  must,
                  1e-5 * (1 + Math.abs(must)),
                  name,
                );}
            });
          }
        }
      }),
  );

  testOn(backend, "every whole number is a number", () =>
    onDevice(() => {
      const numbers = tf.tensor1d([-1, -4, 2 ** 31 - 1, 2139095040], "int32");
      assertEquals([...tf.isNaN(numbers).dataSync()], [0, 0, 0, 0]);
      assertEquals([...tf.isInf(numbers).dataSync()], [0, 0, 0, 0]);
      assertEquals([...tf.isFinite(numbers).dataSync()], [1, 1, 1, 1]);
    }));

  testOn(
    backend,
    "a 1 at each index is one of the type asked for",
    () =>
      onDevice(() => {
        const indices = tf.tensor1d([1, -1, 0, 2], "int32");
        for (const dtype of ["float32", "int32", "bool"] as const) {
          const hot = tf.oneHot(indices, 2, 1, 0, dtype);
          assertEquals(hot.dtype, dtype);
          assertEquals([...hot.dataSync()], [0, 1, 0, 0, 1, 0, 0, 0]);
        }
      }),
  );

  testOn(
    backend,
    "counts and sums of bools are whole numbers",
    () =>
      onDevice(() => {
        const bools = tf.tensor1d([1, 0, 1], "bool");
        const counted = tf.bincount(
          tf.tensor1d([1, 2, 1], "int32"),
          bools as tf.Tensor1D,
          3,
        );
        assertEquals([...counted.dataSync()], [0, 2, 0]);
        assertEquals([...tf.einsum("i,i->", bools, bools).dataSync()], [2]);
        const all = tf.max(bools);
        assertEquals([all.dtype, ...all.dataSync()], ["bool", 1]);
      }),
  );

  testOn(
    backend,
    "what is less than its slopes is repeated for them",
    () =>
      onDevice(() => {
        const x = tf.tensor([1, -2, 3, -4], [2, 1, 2]);
        const y = tf.prelu(x, tf.tensor2d([[2], [3]]));
        assertEquals(y.arraySync(), [[[1, -4], [1, -6]], [[3, -8], [3, -12]]]);
      }),
  );

  testOn(backend, "one transformation moves every image", () =>
    onDevice(() => {
      const images = tf.tensor4d([1, 2, 3, 4], [2, 1, 2, 1]);
      const left = tf.tensor2d([[1, 0, 1, 0, 1, 0, 0, 0]]);
      const moved = tf.image.transform(images, left, "nearest", "constant", 9);
      assertEquals([...moved.dataSync()], [2, 9, 4, 9]);
    }));
}
