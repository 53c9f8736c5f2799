import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { resizeImages } from "../../../examples/datasets/resize.ts";
import { someBytes } from "./_fixtures.ts";

Deno.test("resizeImages() interpolates as tf.image.resizeBilinear with centred pixels", async () => {
  await tf.setBackend("cpu");
  const split = {
    images: someBytes(3 * 28 * 28 * 2),
    labels: Uint8Array.of(0, 1, 2),
    count: 3,
  };
  const resized = resizeImages(
    {
      name: "Grey",
      origin: "made here",
      classNames: ["a", "b", "c"],
      shape: [28, 28, 2],
      train: split,
      test: {
        images: someBytes(28 * 28 * 2, 9),
        labels: Uint8Array.of(1),
        count: 1,
      },
    },
    32,
    30,
  );
  assertEquals(resized.shape, [32, 30, 2]);
  assertEquals(resized.test.images.length, 32 * 30 * 2);
  assertEquals(resized.train.labels, split.labels);
  const expected = tf.tidy(() =>
    tf.image.resizeBilinear(
      tf.tensor4d(Array.from(split.images), [3, 28, 28, 2]),
      [32, 30],
      false,
      true,
    ).dataSync()
  );
  expected.forEach((value: number, i: number) =>
    assert(Math.abs(resized.train.images[i] - value) <= 0.5001, `value ${i}`)
  );
});
