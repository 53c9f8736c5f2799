import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { CountedDropout } from "../../../examples/models/_counted_layer.ts";
import {
  createMiniGoogLeNet,
  MINIGOOGLENET_PARAMETERS,
} from "../../../examples/models/minigooglenet.ts";

await tf.setBackend("cpu");

const sizes = (weights: { shape: tf.Shape }[]) =>
  weights.reduce(
    (sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]),
    0,
  );

Deno.test("createMiniGoogLeNet() has the parameters that were published", () => {
  const model = createMiniGoogLeNet();
  assertEquals(model.countParams(), MINIGOOGLENET_PARAMETERS);
  assertEquals(sizes(model.trainableWeights), 1_652_826);
  // Zhang et al. count neither biases of convolutions nor scales.
  const counted = model.trainableWeights.filter(({ name }) =>
    !name.includes("gamma") && !/conv2d.*bias/.test(name)
  );
  assertEquals(sizes(counted), 1_649_402);
  assertEquals(model.outputShape, [null, 10]);
  model.dispose();
});

Deno.test("createMiniGoogLeNet() joins 336 channels of 7×7 before the last pooling", () => {
  const model = createMiniGoogLeNet({ channels: 1, classes: 3 });
  const joined = model.layers
    .filter((layer) => layer.getClassName() === "Concatenate")
    .map((layer) => (layer.outputShape as number[]).slice(1));
  assertEquals(joined, [
    [32, 32, 64],
    [32, 32, 80],
    [15, 15, 160],
    [15, 15, 160],
    [15, 15, 160],
    [15, 15, 160],
    [15, 15, 144],
    [7, 7, 240],
    [7, 7, 336],
    [7, 7, 336],
  ]);
  model.dispose();
});

Deno.test("createMiniGoogLeNet() pools all that is left of a smaller image", () => {
  const model = createMiniGoogLeNet({ imageSize: 16, width: 0.25 });
  const pooled = model.layers.find((layer) =>
    layer.getClassName() === "AveragePooling2D"
  )!;
  assertEquals(pooled.input, model.layers.at(-5)!.output);
  assertEquals((pooled.input as tf.SymbolicTensor).shape, [null, 3, 3, 84]);
  assertEquals(pooled.outputShape, [null, 1, 1, 84]);
  model.dispose();
});

Deno.test("CountedDropout draws another mask in each step, and the same ones again", () => {
  const masks = (seed: number, from: number) => {
    const layer = new CountedDropout({ rate: 0.5, seed });
    layer.steps = from;
    return Array.from(
      { length: 4 },
      () =>
        tf.tidy(() =>
          (layer.apply(tf.ones([1, 1000]), { training: true }) as tf.Tensor)
            .dataSync() as Float32Array
        ),
    );
  };
  const first = masks(1, 0);
  assertEquals(masks(1, 0), first);
  assertEquals(masks(1, 2).slice(0, 2), first.slice(2));
  for (const other of [first[1], masks(2, 0)[0]]) {
    const same = other.filter((value, i) => value === first[0][i]).length;
    // Half of 1,000 would agree by chance, with a deviation of 16.
    assert(same > 420 && same < 580, `${same} of 1000 are the same`);
  }
  const mean = first[0].reduce((sum, value) => sum + value, 0) / 1000;
  assertAlmostEquals(mean, 1, 0.16);
});

Deno.test("CountedDropout changes nothing outside of training", () => {
  const layer = new CountedDropout({ rate: 0.5, seed: 1 });
  tf.tidy(() => {
    const x = tf.randomNormal([2, 50], 0, 1, "float32", 1);
    assertEquals((layer.apply(x) as tf.Tensor).dataSync(), x.dataSync());
  });
  assertEquals(layer.steps, 0);
});
