/** Gradients of roundings, and of what is the largest of several that are equal. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "../_every_backend.ts";

function test(name: string, check: () => Promise<void>): void {
  for (const backend of BACKENDS) testOn(backend, name, () => onDevice(check));
}

const X = [-2.5, -1, -0.25, 0, 0.75, 3.5];

/** The slopes of Σ f at each of the numbers. */
async function slopes(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor = tf.tensor1d(X),
): Promise<number[]> {
  const gradient = tf.grad((x) => tf.sum(f(x)))(x);
  return Array.from(await gradient.data(), (slope) => slope + 0);
}

test("what is rounded to whole numbers has no slope", async () => {
  const whole = (x: tf.Tensor) => tf.cast(tf.cast(x, "int32"), "float32");
  const isMore = (x: tf.Tensor) => tf.cast(tf.cast(x, "bool"), "float32");
  const division = (x: tf.Tensor) => tf.floorDiv(x, 0.5);
  const divisor = (x: tf.Tensor) => tf.floorDiv(7, x);
  const roundings = [whole, isMore, division, tf.floor, tf.ceil, tf.round];
  for (const f of [...roundings, tf.sign, tf.step]) {
    assertEquals(await slopes(f), X.map(() => 0));
    // x · f(x) has the slope f(x).
    const values = [...await f(tf.tensor1d(X)).data()].map((y) => y + 0);
    assertEquals(await slopes((x) => tf.mul(x, f(x))), values);
  }
  assertEquals(await slopes(divisor, tf.tensor1d([2, 3])), [0, 0]);
  // A remainder by hand, whose slope is 1.
  const rest = (x: tf.Tensor) => tf.sub(x, tf.mul(division(x), 0.5));
  assertEquals(await slopes(rest), X.map(() => 1));
});

test("casts between floats, and from whole numbers, keep the slope", async () => {
  const same = (x: tf.Tensor) => tf.mul(3, tf.cast(x, "float32"));
  assertEquals(await slopes(same), X.map(() => 3));
  const whole = tf.tensor1d([1, 2], "int32");
  assertEquals(await slopes(same, whole), [3, 3]);
});

test("several that are the largest, or the smallest, share the slope", async () => {
  const x = tf.tensor3d([1, 3, 3, 2, 2, 2, 1, 1, 3, 5, 0, 3], [2, 3, 2]);
  const [half, third, fifth] = [1 / 2, 1 / 3, 1 / 5].map(Math.fround);
  const whole = [0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0];
  const cases: [(x: tf.Tensor) => tf.Tensor, number[]][] = [
    [(x) => tf.max(x), whole.map((_, i) => Number(i === 9))],
    [(x) => tf.max(x, 1), [0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0]],
    [(x) => tf.min(x, 2), [
      ...[1, 0, 0, 1, half, half],
      ...[half, half, 1, 0, 1, 0],
    ]],
    [(x) => tf.max(x, [0, 2]), [
      ...[0, 1, 0, 0, 0, 0],
      ...[0, 0, 0, 1, 0, 1],
    ]],
    [(x) => tf.max(tf.minimum(x, 3)), [
      ...[0, fifth, fifth, 0, 0, 0],
      // The share of the one that was 5 was cut off.
      ...[0, 0, fifth, 0, 0, fifth],
    ]],
    [(x) => tf.min(tf.maximum(x, 1), [1, 2], true), [
      ...[1, 0, 0, 0, 0, 0],
      ...[third, third, 0, 0, 0, 0],
    ]],
    [
      (x) => tf.norm(tf.sub(x, 2), Infinity),
      whole.map((_, i) => Number(i === 9)),
    ],
  ];
  for (const [f, expected] of cases) {
    const got = await slopes(f, x);
    assertEquals(got.map(Math.fround), expected);
  }
});

test("the slopes of what is chosen from nothing are of its own shape", async () => {
  for (const shape of [[0, 3], [2, 0, 3]]) {
    const none = tf.zeros(shape);
    const given = tf.ones([3]);
    const [ofNone, ofGiven] = tf.grads((a, b) =>
      tf.where(tf.greater(a, 0), a, b)
    )([none, given]);
    assertEquals(ofNone.shape, shape);
    assertEquals([...await ofGiven.data()], [0, 0, 0]);
  }
});
