/** Gradients of gradients, against closed forms and differences of gradients. */

import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "../_every_backend.ts";
import { values } from "../wasm/_compare.ts";

type F = (...xs: tf.Tensor[]) => tf.Tensor;

/** Σ weights · f. */
function mixture(f: F): F {
  return (...xs) => {
    const y = f(...xs);
    return tf.sum(tf.mul(y, values(y.shape, 70)));
  };
}

/** The gradient of ⟨gradient of f, directions⟩: the Hessian times them. */
function hessianTimes(
  f: F,
  xs: tf.Tensor[],
  directions: tf.Tensor[],
): tf.Tensor[] {
  return tf.grads((...at) => {
    const gradients = tf.grads(mixture(f))(at);
    return tf.addN(
      gradients.map((gradient, i) => tf.sum(tf.mul(gradient, directions[i]))),
    );
  })(xs);
}

/** The same by its definition, with steps of a size that suits float32. */
function byDifferences(
  f: F,
  xs: tf.Tensor[],
  directions: tf.Tensor[],
): tf.Tensor[] {
  const step = 1 / 64;
  const at = (side: number) =>
    tf.grads(mixture(f))(
      xs.map((x, i) => tf.add(x, tf.mul(directions[i], side * step))),
    );
  const after = at(1);
  return at(-1).map((before, i) => tf.div(tf.sub(after[i], before), 2 * step));
}

const positive = (shape: number[], seed: number) =>
  tf.add(tf.abs(values(shape, seed)), 0.5);

/** Values so far apart that a small step changes none of their order. */
const spread = (shape: number[]) =>
  tf.tidy(() => {
    const size = tf.util.sizeFromShape(shape);
    const order = Array.from({ length: size }, (_, i) => (i * 7 + 3) % size);
    return tf.reshape(tf.tensor1d(order.map((k) => 0.5 + k / 12)), shape);
  });

/** Functions whose gradients are computed from what they gave. */
const samples: Record<string, [F, () => tf.Tensor[]]> = {
  tanh: [tf.tanh, () => [values([6], 1)]],
  sigmoid: [tf.sigmoid, () => [values([6], 1)]],
  exp: [tf.exp, () => [values([6], 1)]],
  expm1: [tf.expm1, () => [values([6], 1)]],
  elu: [tf.elu, () => [values([6], 1)]],
  sqrt: [tf.sqrt, () => [positive([6], 1)]],
  pow: [tf.pow, () => [positive([6], 1), values([6], 2)]],
  softmax: [(x) => tf.softmax(x), () => [values([3, 5], 1)]],
  logSoftmax: [(x) => tf.logSoftmax(x), () => [values([3, 5], 1)]],
  logSumExp: [(x) => tf.logSumExp(x, 1), () => [values([3, 5], 1)]],
  max: [(x) => tf.square(tf.max(x, 1)), () => [values([3, 5], 1)]],
  norm: [(x) => tf.norm(x), () => [values([3, 5], 1)]],
  clipByValue: [
    (x) => tf.clipByValue(tf.square(x), 0.05, 0.8),
    () => [values([3, 5], 1)],
  ],
  "losses.softmaxCrossEntropy": [
    (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
    () => [positive([3, 5], 1), values([3, 5], 2)],
  ],
  "losses.sigmoidCrossEntropy": [
    (labels, logits) => tf.losses.sigmoidCrossEntropy(labels, logits),
    () => [positive([3, 5], 1), values([3, 5], 2)],
  ],
  conv2d: [
    (x, filter) =>
      tf.tanh(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, "same")),
    () => [values([2, 5, 4, 2], 1), values([3, 2, 2, 3], 2)],
  ],
  conv2dTranspose: [
    (x, filter) =>
      tf.conv2dTranspose(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        [2, 7, 8, 2],
        2,
        "same",
      ),
    () => [values([2, 4, 4, 3], 1), values([3, 3, 2, 3], 2)],
  ],
  depthwiseConv2d: [
    (x, filter) =>
      tf.tanh(
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, "same"),
      ),
    () => [values([2, 5, 4, 2], 1), values([3, 2, 2, 2], 2)],
  ],
  conv3d: [
    (x, filter) =>
      tf.tanh(tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 2, "same")),
    () => [values([2, 3, 4, 3, 2], 1), tf.mul(values([2, 3, 2, 2, 2], 2), 0.3)],
  ],
  maxPool: [
    (x) => tf.maxPool(tf.square(x) as tf.Tensor4D, 3, 2, "same"),
    () => [spread([2, 5, 6, 2])],
  ],
  "maxPool of the same value twice": [
    (x) => tf.square(tf.maxPool(tf.square(x) as tf.Tensor4D, 3, 1, "valid")),
    () => [spread([1, 5, 5, 2])],
  ],
  avgPool: [
    (x) => tf.square(tf.avgPool(x as tf.Tensor4D, 3, 2, "same")),
    () => [values([2, 5, 6, 2], 1)],
  ],
  maxPool3d: [
    (x) => tf.maxPool3d(tf.square(x) as tf.Tensor5D, 2, 2, "same"),
    () => [spread([1, 3, 4, 3, 2])],
  ],
  avgPool3d: [
    (x) => tf.square(tf.avgPool3d(x as tf.Tensor5D, 2, 2, "same")),
    () => [values([1, 3, 4, 3, 2], 1)],
  ],
  resizeBilinear: [
    (x) => tf.square(tf.image.resizeBilinear(x as tf.Tensor4D, [7, 5], true)),
    () => [values([2, 4, 3, 2], 1)],
  ],
  resizeNearestNeighbor: [
    (x) => tf.square(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 6])),
    () => [values([2, 4, 3, 2], 1)],
  ],
  cumprod: [(x) => tf.cumprod(x, 1), () => [values([3, 5], 1)]],
  topk: [(x) => tf.topk(tf.square(x), 2).values, () => [spread([3, 5])]],
  "a perceptron": [
    (x, a, b) => tf.matMul(tf.sigmoid(tf.matMul(tf.tanh(x), a)), b),
    () => [values([3, 4], 1), values([4, 5], 2), values([5, 2], 3)],
  ],
};

for (const backend of BACKENDS) {
  for (const [name, [f, inputs]] of Object.entries(samples)) {
    testOn(
      backend,
      `the second gradient of ${name} is the difference of two`,
      () => {
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const xs = inputs();
          const directions = xs.map(({ shape }, i) => values(shape, 20 + i));
          const expected = byDifferences(f, xs, directions);
          hessianTimes(f, xs, directions).forEach((actual, i) => {
            const must = [...expected[i].dataSync()];
            const most = must.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
            actual.dataSync().forEach((value, k) =>
              assertAlmostEquals(value, must[k], 2e-3 * most)
            );
          });
        });
        assertEquals(tf.memory().numTensors, before);
      },
    );
  }

  testOn(
    backend,
    `three derivatives of tanh are those of the closed form`,
    () => {
      tf.tidy(() => {
        const x = tf.tensor1d([0.3, -0.5, 1.25]);
        const d = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad(f);
        d(d(d(tf.tanh)))(x).dataSync().forEach((value, i) => {
          const t = Math.tanh(x.dataSync()[i]);
          assertAlmostEquals(value, -2 * (1 - t * t) * (1 - 3 * t * t), 1e-5);
        });
      });
    },
  );

  testOn(backend, `x to the power of 0 has slope 0, at 0 too`, () => {
    tf.tidy(() => {
      const slope = tf.grad((x: tf.Tensor) => tf.sum(tf.pow(x, 0)))(
        tf.tensor1d([0, -2, 3]),
      );
      assertEquals([...slope.dataSync()].map(Math.abs), [0, 0, 0]);
    });
  });
}
