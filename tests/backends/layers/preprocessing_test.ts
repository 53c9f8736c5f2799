import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";

const { layers } = tf;

/** A model of one layer on images. */
function modelOf(layer: tf.layers.Layer, shape: number[]): tf.LayersModel {
  const inputs = tf.input({ shape });
  return tf.model({ inputs, outputs: layer.apply(inputs) as typeof inputs });
}

/** Images of which each value says where it is. */
function images(shape: [number, number, number, number]): tf.Tensor4D {
  return tf.reshape(tf.range(0, tf.util.sizeFromShape(shape)), shape);
}

Deno.test("centerCrop takes the middle of every size, and leaves shapes as they are", async () => {
  await selectBackend({ backend: "cpu" });
  for (let height = 1; height <= 9; height++) {
    for (let width = 1; width <= 9; width++) {
      const layer = layers.centerCrop({ height: 3, width: 2 });
      if (height < 3 || width < 2) continue;
      const model = modelOf(layer, [height, width, 2]);
      assertEquals(model.inputs[0].shape, [null, height, width, 2]);
      assertEquals(model.outputs[0].shape, [null, 3, 2, 2]);
      tf.tidy(() => {
        const x = images([2, height, width, 2]);
        const actual = (model.predict(x) as tf.Tensor4D).arraySync();
        const [top, left] = [(height - 3) >> 1, (width - 2) >> 1];
        const expected = x.arraySync().map((image) =>
          image.slice(top, top + 3).map((row) => row.slice(left, left + 2))
        );
        assertEquals(actual, expected);
      });
      model.dispose();
    }
  }
});

Deno.test("centerCrop enlarges images that are too small", async () => {
  await selectBackend({ backend: "cpu" });
  const model = modelOf(layers.centerCrop({ height: 4, width: 5 }), [2, 7, 1]);
  tf.tidy(() => {
    const x = images([1, 2, 7, 1]);
    const expected = tf.image.resizeBilinear(x, [4, 5]).arraySync();
    assertEquals((model.predict(x) as tf.Tensor4D).arraySync(), expected);
  });
  model.dispose();
});

for (const interpolation of ["nearest", "bilinear"] as const) {
  Deno.test(`resizing by ${interpolation} is a layer of models, with a gradient`, async () => {
    await selectBackend({ backend: "cpu" });
    const options = { height: 4, width: 3, interpolation };
    const model = modelOf(layers.resizing(options), [2, 3, 2]);
    assertEquals(model.outputs[0].shape, [null, 4, 3, 2]);
    tf.tidy(() => {
      const x = images([2, 2, 3, 2]);
      const resize = interpolation === "nearest"
        ? tf.image.resizeNearestNeighbor
        : tf.image.resizeBilinear;
      assertEquals(
        (model.predict(x) as tf.Tensor4D).arraySync(),
        resize(x, [4, 3], true).arraySync(),
      );
      const slope = tf.grad((x: tf.Tensor) =>
        tf.sum(model.apply(x) as tf.Tensor)
      )(x);
      // Every pixel of the result is a mean: the weights add up to how many.
      assertEquals(Math.round(tf.sum(slope).dataSync()[0]), 2 * 4 * 3 * 2);
    });
    model.dispose();
  });
}

Deno.test("categoryEncoding leaves the shape of what it encodes", async () => {
  await selectBackend({ backend: "cpu" });
  const layer = layers.categoryEncoding({ numTokens: 4, outputMode: "oneHot" });
  const shape = [null, 3];
  assertEquals(layer.computeOutputShape(shape), [null, 3, 4]);
  assertEquals(shape, [null, 3]);
});
