import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { WithinChannelNormalization } from "../../../examples/models/_local_response_normalization.ts";
import {
  CIFAR10_FULL_PARAMETERS,
  createCifar10Full,
} from "../../../examples/models/cifar10_full.ts";
import {
  CIFAR10_FULL_SIGMOID_PARAMETERS,
  createCifar10FullSigmoid,
} from "../../../examples/models/cifar10_full_sigmoid.ts";

await tf.setBackend("cpu");

Deno.test("createCifar10Full() has the layers and the parameters of Caffe's definition", () => {
  const model = createCifar10Full();
  assertEquals(
    model.layers.map((layer) => layer.name)
      .filter((name) => !name.startsWith("flatten")),
    [
      "conv1",
      "pool1",
      "relu1",
      "norm1",
      "conv2",
      "relu2",
      "pool2",
      "norm2",
      "conv3",
      "relu3",
      "pool3",
      "ip1",
    ],
  );
  assertEquals(model.countParams(), CIFAR10_FULL_PARAMETERS);
  assertEquals(model.outputShape, [null, 10]);
  model.dispose();
});

Deno.test("createCifar10Full() decays ip1's weights 250 times as much, its biases not", () => {
  const model = createCifar10Full();
  tf.tidy(() => {
    const penalties = model.calculateLosses();
    const squares = model.getWeights().map((weight) =>
      tf.sum(tf.square(weight)).dataSync()[0]
    );
    // Kernel and bias of three convolutions, then ip1's kernel alone.
    assertEquals(penalties.length, 7);
    penalties.forEach((penalty, i) =>
      assertAlmostEquals(
        penalty.dataSync()[0],
        (i === 6 ? 0.5 : 0.002) * squares[i],
        1e-5,
      )
    );
  });
  model.dispose();
});

Deno.test("createCifar10FullSigmoid() counts 256 running statistics beside 89,834 trained", () => {
  const model = createCifar10FullSigmoid();
  assertEquals(model.countParams(), CIFAR10_FULL_SIGMOID_PARAMETERS);
  const trained = model.trainableWeights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]),
    0,
  );
  assertEquals(trained, CIFAR10_FULL_PARAMETERS + 256);
  model.dispose();
});

/** Caffe's formula, value by value. */
function normalize(x: Float32Array, size: number, channels: number): number[] {
  const at = (row: number, column: number, channel: number) =>
    row < 0 || column < 0 || row >= size || column >= size
      ? 0
      : x[(row * size + column) * channels + channel];
  return Array.from(x, (value, index) => {
    const channel = index % channels;
    const column = Math.floor(index / channels) % size;
    const row = Math.floor(index / channels / size);
    let squares = 0;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        squares += at(row + dy, column + dx, channel) ** 2;
      }
    }
    return value * (1 + 5e-5 / 9 * squares) ** -0.75;
  });
}

Deno.test("WithinChannelNormalization divides by the mean square around each place", () => {
  const layer = new WithinChannelNormalization({ name: "norm_forward" });
  tf.tidy(() => {
    const x = tf.randomNormal([1, 6, 6, 2], 0, 100, "float32", 3);
    const y = (layer.apply(x) as tf.Tensor).dataSync();
    normalize(x.dataSync() as Float32Array, 6, 2).forEach((expected, i) =>
      assertAlmostEquals(y[i], expected, 1e-3)
    );
  });
});

Deno.test("WithinChannelNormalization has the gradient of its formula", () => {
  const layer = new WithinChannelNormalization({ name: "norm_gradient" });
  tf.tidy(() => {
    const x = tf.randomNormal([1, 4, 4, 1], 0, 100, "float32", 4);
    const weights = tf.randomNormal([1, 4, 4, 1], 0, 1, "float32", 5);
    const gradient = tf.grad((x: tf.Tensor) =>
      tf.sum(tf.mul(layer.apply(x) as tf.Tensor, weights))
    )(x).dataSync();
    const w = weights.dataSync();
    const f = (values: Float32Array) =>
      normalize(values, 4, 1).reduce((sum, y, i) => sum + y * w[i], 0);
    const values = x.dataSync() as Float32Array;
    values.forEach((value, i) => {
      const step = 0.5;
      const up = f(values.with(i, value + step));
      const down = f(values.with(i, value - step));
      assertAlmostEquals(gradient[i], (up - down) / (2 * step), 1e-3);
    });
  });
});

Deno.test("WithinChannelNormalization is read back from a saved model", async () => {
  const model = tf.sequential({
    layers: [
      new WithinChannelNormalization({
        inputShape: [3, 3, 1],
        size: 5,
        alpha: 0.1,
      }),
    ],
  });
  const copy = await tf.models.modelFromJSON(
    JSON.parse(model.toJSON() as string),
  );
  tf.tidy(() => {
    const x = tf.randomNormal([1, 3, 3, 1], 0, 2, "float32", 6);
    assertEquals(
      (copy.predict(x) as tf.Tensor).dataSync(),
      (model.predict(x) as tf.Tensor).dataSync(),
    );
  });
});
