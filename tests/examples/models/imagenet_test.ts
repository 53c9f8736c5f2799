import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import * as tf from "@tensorflow/tfjs";
import { gaussianTensor } from "../../../examples/models/_gaussian.ts";
import { AcrossChannelsNormalization } from "../../../examples/models/_local_response_normalization.ts";
import {
  ALEXNET_PARAMETERS,
  createAlexNet,
} from "../../../examples/models/alexnet.ts";
import {
  createGoogLeNet,
  GOOGLENET_PARAMETERS,
} from "../../../examples/models/googlenet.ts";

Deno.test("createAlexNet() has the parameters of Caffe's definition", async () => {
  await tf.setBackend("cpu");
  const model = createAlexNet();
  assertEquals(model.countParams(), ALEXNET_PARAMETERS);
  assertEquals(model.outputShape, [null, 1000]);
  model.dispose();
});

Deno.test("createGoogLeNet() has the parameters of Caffe's definition", async () => {
  await tf.setBackend("cpu");
  const model = createGoogLeNet();
  assertEquals(model.countParams(), GOOGLENET_PARAMETERS);
  assertEquals(model.outputShape, [null, 1000]);
  assertEquals(
    model.layers.filter((layer) => layer.getClassName() === "Concatenate")
      .map((layer) => (layer.outputShape as number[]).slice(1)),
    [
      [28, 28, 256],
      [28, 28, 480],
      [14, 14, 512],
      [14, 14, 512],
      [14, 14, 512],
      [14, 14, 528],
      [14, 14, 832],
      [7, 7, 832],
      [7, 7, 1024],
    ],
  );
  model.dispose();
});

Deno.test("createAlexNet() and createGoogLeNet() take a training step on small images", async () => {
  await selectBackend({ backend: "wasm", threads: 1 });
  for (
    const { create, size } of [
      { create: createAlexNet, size: 67 },
      { create: createGoogLeNet, size: 32 },
    ]
  ) {
    const optimizer = tf.train.momentum(0.001, 0.9);
    const model = create({ size, classes: 4, optimizer });
    const before = model.getWeights().map((weight) => weight.clone());
    const xs = tf.randomNormal([2, size, size, 3], 0, 1, "float32", 1);
    const ys = tf.tensor2d([[1, 0, 0, 0], [0, 0, 1, 0]]);
    const [loss] = await model.trainOnBatch(xs, ys) as number[];
    assert(Number.isFinite(loss));
    tf.tidy(() =>
      model.getWeights().forEach((weight, i) =>
        assert(
          tf.any(tf.notEqual(weight, before[i])).dataSync()[0],
          `${model.name}: ${model.weights[i].name} did not change`,
        )
      )
    );
    tf.dispose([xs, ys, before]);
    model.dispose();
    optimizer.dispose();
  }
  await tf.setBackend("cpu");
});

Deno.test("AcrossChannelsNormalization divides by the mean square of five channels", async () => {
  await tf.setBackend("cpu");
  const layer = new AcrossChannelsNormalization();
  tf.tidy(() => {
    const x = tf.randomNormal([2, 2, 2, 7], 0, 100, "float32", 2);
    const values = x.dataSync();
    const actual = (layer.apply(x) as tf.Tensor).dataSync();
    const expected = tf.localResponseNormalization(
      x as tf.Tensor4D,
      2,
      1,
      1e-4 / 5,
      0.75,
    ).dataSync();
    values.forEach((_: number, i: number) =>
      assertAlmostEquals(actual[i], expected[i], 1e-3)
    );
  });
});

Deno.test("AcrossChannelsNormalization has the gradient of tfjs's own operation", async () => {
  await tf.setBackend("cpu");
  const layer = new AcrossChannelsNormalization({ alpha: 0.5 });
  tf.tidy(() => {
    const x = tf.randomNormal([2, 2, 2, 7], 0, 2, "float32", 3);
    const dy = tf.randomNormal([2, 2, 2, 7], 0, 1, "float32", 4);
    const gradient = (f: (x: tf.Tensor4D) => tf.Tensor) =>
      tf.grad((x: tf.Tensor) => f(x as tf.Tensor4D))(x, dy).dataSync();
    const actual = gradient((x) => layer.apply(x) as tf.Tensor);
    gradient((x) => tf.localResponseNormalization(x, 2, 1, 0.5 / 5, 0.75))
      .forEach((expected: number, i: number) =>
        assertAlmostEquals(actual[i], expected, 1e-5)
      );
  });
});

Deno.test("gaussianTensor() draws N(0, stddev²) from its seed", async () => {
  await tf.setBackend("cpu");
  const draw = (seed: number, size = 40_001) =>
    tf.tidy(() => gaussianTensor([size], 0.5, seed).dataSync() as Float32Array);
  const values = draw(1);
  assertEquals(draw(1, 100), values.slice(0, 100));
  const other = draw(2);
  const n = values.length;
  const mean = (terms: Float32Array) => terms.reduce((a, b) => a + b, 0) / n;
  assertAlmostEquals(mean(values), 0, 5 * 0.5 / Math.sqrt(n));
  assertAlmostEquals(
    Math.sqrt(mean(values.map((v) => v * v))),
    0.5,
    5 * 0.5 / Math.sqrt(2 * n),
  );
  // Fourth moment of a normal variable: 3 stddev⁴, standard error √96 / √n of it.
  assertAlmostEquals(
    mean(values.map((v) => (v / 0.5) ** 4)),
    3,
    5 * Math.sqrt(96 / n),
  );
  assertAlmostEquals(
    mean(values.map((v, i) => v * other[i])) / 0.25,
    0,
    5 / Math.sqrt(n),
  );
});
