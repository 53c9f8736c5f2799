/** What was cast to floats is as what was floats from the start, on every backend. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { BACKENDS, onDevice, testOn } from "./_every_backend.ts";

const SHAPE = [2, 3, 4, 5];

/** Whole numbers and truth values that the device has computed itself. */
const WHOLE: Readonly<Record<string, () => tf.Tensor>> = {
  "whole numbers": () =>
    tf.add(
      tf.reshape(tf.range(-60, 60, 1, "int32"), SHAPE),
      tf.scalar(1, "int32"),
    ),
  "truth values": () =>
    tf.greater(tf.sin(tf.reshape(tf.range(0, 120), SHAPE)), 0.2),
};

const images = (x: tf.Tensor) => x as tf.Tensor4D;
const OPERATIONS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  transpose: (x) => tf.transpose(x, [0, 2, 1, 3]),
  "transpose of a matrix": (x) => tf.transpose(tf.reshape(x, [6, 20])),
  sum: (x) => tf.sum(x, [1, 3]),
  mean: (x) => tf.mean(x, [0, 2]),
  max: (x) => tf.max(x, 1),
  prod: (x) => tf.prod(tf.slice(x, 0, [1, 3, 2, 2]), 1),
  cumsum: (x) => tf.cumsum(x, 1),
  logSumExp: (x) => tf.logSumExp(tf.div(x, 60), 1),
  variance: (x) => tf.moments(x, 1).variance,
  einsum: (x) => tf.einsum("abcd,abed->ace", x, tf.ones(SHAPE)),
  segments: (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 1], "int32"), 3),
  reverse: (x) => tf.reverse(x, [1, 3]),
  conv2d: (x) => tf.conv2d(images(x), tf.ones([2, 2, 5, 3]), 1, "same"),
  maxPool: (x) => tf.maxPool(images(x), 2, 1, "same"),
  concat: (x) => tf.concat([x, tf.ones(SHAPE)], 3),
  "the gradient of max": (x) => tf.grad((y) => tf.mul(2, tf.max(y, [1, 3])))(x),
  "a slope of whole numbers": (x) =>
    tf.grad((y) => tf.tanh(y))(tf.ones(SHAPE), x),
};

for (const backend of BACKENDS) {
  for (const [kind, make] of Object.entries(WHOLE)) {
    testOn(
      backend,
      `${kind} cast to floats are floats`,
      () =>
        onDevice(async () => {
          const whole = make();
          const cast = tf.cast(whole, "float32");
          const values = Float32Array.from(await whole.data());
          const read = await cast.data();
          assert(read instanceof Float32Array, read.constructor.name);
          assertEquals([...read], [...values]);
          for (const [name, compute] of Object.entries(OPERATIONS)) {
            const y = compute(tf.cast(make(), "float32"));
            const must = compute(tf.tensor(values, SHAPE));
            assertEquals(y.shape, must.shape, name);
            const [is, expected] = [await y.data(), await must.data()];
            expected.forEach((value, i) =>
              assert(
                Math.abs(is[i] - value) <= 1e-5 * Math.abs(value) + 1e-5,
                `${name}: ${is[i]} at ${i}, not ${value}`,
              )
            );
          }
        }),
    );

    testOn(
      backend,
      `${kind} are read as what they were cast to`,
      () =>
        onDevice(async () => {
          const whole = make();
          const values = [...await whole.data()].map(Number);
          for (
            const [dtype, array] of [
              ["float32", Float32Array],
              ["int32", Int32Array],
            ] as const
          ) {
            // From the device, and from the processor, which has read it by now.
            for (const x of [make(), whole]) {
              const read = await tf.cast(x, dtype).data();
              assert(
                read instanceof array,
                `${dtype}: ${read.constructor.name}`,
              );
              assertEquals([...read], values);
            }
          }
        }),
    );

    testOn(
      backend,
      `weights that were ${kind} train`,
      () =>
        onDevice(async () => {
          for (const create of [tf.train.sgd, tf.train.adam]) {
            const values = Float32Array.from(await make().data());
            const train = (start: tf.Tensor) => {
              const weight = tf.variable(start);
              const optimizer = create(0.1);
              const loss = () => tf.mean(tf.square(weight)) as tf.Scalar;
              for (let i = 0; i < 3; i++) {
                optimizer.minimize(loss, false, [weight]);
              }
              const trained = weight.data();
              optimizer.dispose();
              weight.dispose();
              return trained;
            };
            const trained = await train(tf.cast(make(), "float32"));
            assertEquals(trained, await train(tf.tensor(values, SHAPE)));
            assert(trained.some((value, i) => value !== values[i]));
          }
        }),
    );
  }
}
