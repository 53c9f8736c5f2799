/** Tensors of several types, against the same numbers in the type that holds all. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

const OF = {
  float32: [1.5, 2.5, -3.5],
  int32: [1, -2, 4],
  bool: [1, 0, 1],
} as const;
type Type = keyof typeof OF;

/** From the type that holds least. */
const ORDER: readonly Type[] = ["bool", "int32", "float32"];

const chosen = [1, 0, 1];

/** What is made of two, and what that is of their numbers. */
const MADE: Record<
  string,
  [
    (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
    (a: readonly number[], b: readonly number[]) => readonly number[],
  ]
> = {
  concat: [(a, b) => tf.concat([a, b]), (a, b) => [...a, ...b]],
  where: [
    (a, b) => tf.where(tf.tensor1d(chosen, "bool"), a, b),
    (a, b) => chosen.map((isFirst, i) => isFirst ? a[i] : b[i]),
  ],
  einsum: [
    (a, b) => tf.einsum("i,i->i", a, b),
    (a, b) => a.map((x, i) => x * b[i]),
  ],
  searchSorted: [
    (a, b) => tf.searchSorted(tf.slice(a, 0, 1), b),
    (a, b) => b.map((x) => Number(x > a[0])),
  ],
};

for (const backend of BACKENDS) {
  for (const [name, [make, expected]] of Object.entries(MADE)) {
    testOn(
      backend,
      `${name}() of two types is of that which holds both`,
      () =>
        onDevice(() => {
          for (const a of ORDER) {
            for (const b of ORDER) {
              if (a === b) continue;
              const made = make(
                tf.tensor1d([...OF[a]], a),
                tf.tensor1d([...OF[b]], b),
              );
              const both = ORDER[Math.max(ORDER.indexOf(a), ORDER.indexOf(b))];
              const dtype = name === "searchSorted" ? "int32" : both;
              assertEquals(made.dtype, dtype, `${a} and ${b}`);
              assertEquals(
                Array.from(made.dataSync(), (x) => Number(x) + 0),
                expected(OF[a], OF[b]).map((x) => x + 0),
                `${a} and ${b}`,
              );
            }
          }
        }),
    );
  }

  testOn(
    backend,
    "floats beside whole numbers have their gradients",
    () =>
      onDevice(() => {
        const whole = tf.tensor1d([1, -2, 4], "int32");
        const slopes = tf.grad((x) => tf.sum(tf.einsum("i,i->i", whole, x)));
        assertEquals([...slopes(tf.tensor1d([1, 1, 1])).dataSync()], [
          1,
          -2,
          4,
        ]);
        const joined = tf.grad((x) => tf.square(tf.concat([whole, x])));
        assertEquals([...joined(tf.tensor1d([3])).dataSync()], [6]);
      }),
  );
}
