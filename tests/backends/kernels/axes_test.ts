/** Axes that a tensor does not have, or that are named twice, are refused. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

const matrix = () => tf.tensor2d([[1, 2, 3], [4, 5, 6]]);

const REFUSED: Record<string, () => tf.Tensor> = {
  "a running sum of a scalar": () => tf.cumsum(tf.scalar(1)),
  "a running product of a scalar": () => tf.cumprod(tf.scalar(1)),
  "a running sum along a third axis of two": () => tf.cumsum(matrix(), 2),
  "a softmax of a scalar": () => tf.softmax(tf.scalar(1)),
  "a sum along an axis twice": () => tf.sum(matrix(), [0, 0]),
  "a mean along an axis twice": () => tf.mean(matrix(), [1, -1]),
  "the largest along an axis twice": () => tf.max(matrix(), [0, -2]),
  "the least along an axis twice": () => tf.min(matrix(), [0, 0]),
  "a product along an axis twice": () => tf.prod(matrix(), [1, 1]),
  "any along an axis twice": () => tf.any(tf.cast(matrix(), "bool"), [0, 0]),
  "all along an axis twice": () => tf.all(tf.cast(matrix(), "bool"), [0, 0]),
  "a logarithm of sums along an axis twice": () =>
    tf.logSumExp(matrix(), [0, 0]),
  "an axis twice in a transposition": () => tf.transpose(matrix(), [0, 0]),
};

for (const backend of BACKENDS) {
  testOn(backend, "axes that there are not are refused", () => {
    const before = tf.memory().numTensors;
    for (const [what, compute] of Object.entries(REFUSED)) {
      const { message } = assertThrows(() => tf.tidy(compute), RangeError);
      assert(/^Cannot run \w+ as /.test(message), `${what}: ${message}`);
    }
    assertEquals(tf.memory().numTensors, before);
  });

  testOn(backend, "axes count from the last", () =>
    onDevice(() => {
      const x = tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
      const numbers = (y: tf.Tensor) => [...y.dataSync()];
      assertEquals(numbers(tf.cumsum(x, -2)), [1, 2, 4, 6, 5, 6, 12, 14]);
      assertEquals(numbers(tf.cumprod(x, -3)), [1, 2, 3, 4, 5, 12, 21, 32]);
      const slopes = tf.grad((x) => tf.cumsum(x, -2))(x);
      assertEquals(numbers(slopes), [2, 2, 1, 1, 2, 2, 1, 1]);
      assertEquals(numbers(tf.sum(x, [-1, 0])), [14, 22]);
    }));
}
