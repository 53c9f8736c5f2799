import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { ImageBatches } from "../../../examples/datasets/image_batches.ts";
import type { ImageDataset } from "../../../examples/datasets/image_dataset.ts";
import { meanImage } from "../../../examples/datasets/normalization.ts";
import { someBytes } from "./_fixtures.ts";

function datasetOf(count: number): ImageDataset {
  const split = {
    images: someBytes(count * 12),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
    count,
  };
  return {
    name: "Tiny",
    origin: "made here",
    classNames: ["a", "b", "c"],
    shape: [2, 2, 3],
    train: split,
    test: split,
  };
}

Deno.test("ImageBatches takes each image once an epoch, in an order of its own", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 0, max: 2 ** 32 }),
    (count, batchSize, seed) => {
      const batches = new ImageBatches(datasetOf(count), "train", {
        batchSize,
        seed,
      });
      for (const epoch of [0, 1, 7]) {
        const seen: number[] = [];
        for (let b = 0; b < batches.perEpoch; b++) {
          seen.push(...batches.indices(epoch * batches.perEpoch + b));
        }
        assertEquals(
          seen.sort((a, b) => a - b),
          Array.from({ length: count }, (_, i) => i),
        );
      }
    },
  ));
});

Deno.test("ImageBatches gives the same batch whatever was asked before", () => {
  const one = new ImageBatches(datasetOf(25), "train", {
    batchSize: 4,
    seed: 3,
  });
  const other = new ImageBatches(datasetOf(25), "train", {
    batchSize: 4,
    seed: 3,
  });
  const inOrder = Array.from({ length: 30 }, (_, t) => one.at(t));
  for (const t of [29, 3, 14, 0, 15]) assertEquals(other.at(t), inOrder[t]);
  const orders = [0, 1, 2].map((epoch) => [...one.indices(epoch * 7)]);
  assertNotEquals(orders[0], orders[1]);
  assertNotEquals(orders[1], orders[2]);
  const reseeded = new ImageBatches(datasetOf(25), "train", {
    batchSize: 4,
    seed: 4,
  });
  assertNotEquals([...reseeded.indices(0)], orders[0]);
});

Deno.test("ImageBatches never touches Math.random", () => {
  const original = Math.random;
  Math.random = () => {
    throw new Error("Math.random was called");
  };
  try {
    new ImageBatches(datasetOf(9), "train", { batchSize: 4 }).at(5);
  } finally {
    Math.random = original;
  }
});

Deno.test("ImageBatches subtracts the mean image and sets labels one-hot", () => {
  const dataset = datasetOf(5);
  const normalization = meanImage(dataset.train, dataset.shape);
  const batches = new ImageBatches(dataset, "train", {
    batchSize: 3,
    shuffle: false,
    normalization,
  });
  const { xs, ys, size } = batches.at(1);
  assertEquals(size, 2);
  assertEquals([...ys], [1, 0, 0, 0, 1, 0]);
  assertEquals(
    [...xs],
    Array.from(
      dataset.train.images.subarray(36),
      (pixel, i) => Math.fround(pixel - normalization.mean[i % 12]),
    ),
  );
});

Deno.test("ImageBatches spreads a mean and a scale of each channel over the pixels", () => {
  const dataset = datasetOf(1);
  const { xs } = new ImageBatches(dataset, "test", {
    normalization: {
      mean: Float32Array.of(1, 2, 3),
      scale: Float32Array.of(2, 4, 8),
    },
  }).at(0);
  assertEquals(
    [...xs],
    Array.from(
      dataset.test.images,
      (pixel, i) => (pixel - [1, 2, 3][i % 3]) * [2, 4, 8][i % 3],
    ),
  );
});

Deno.test("ImageBatches refuses a batch size that is no whole number above 0", () => {
  for (const batchSize of [0, -5, 2.5, NaN]) {
    assertThrows(
      () => new ImageBatches(datasetOf(3), "train", { batchSize }),
      RangeError,
      "batchSize must be a whole number > 0",
    );
  }
});

Deno.test("ImageBatches.dataset() feeds fitDataset through epochs and leaks nothing", async () => {
  await tf.setBackend("cpu");
  const batches = new ImageBatches(datasetOf(10), "train", {
    batchSize: 4,
    seed: 2,
    normalization: { mean: Float32Array.of(128), scale: Float32Array.of(0.01) },
  });
  const before = tf.memory().numTensors;
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [2, 2, 3] }),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  const optimizer = tf.train.sgd(0.1);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  let seen = 0;
  const info = await model.fitDataset(batches.dataset(), {
    epochs: 3,
    batchesPerEpoch: batches.perEpoch,
    verbose: 0,
    callbacks: { onBatchEnd: () => void seen++ },
  });
  assertEquals(seen, 9);
  assert(info.history.loss.every((loss) => Number.isFinite(loss)));
  const result = await model.evaluateDataset(
    batches.dataset(0, batches.perEpoch),
    {},
  ) as tf.Scalar;
  result.dispose();
  model.dispose();
  optimizer.dispose();
  assertEquals(tf.memory().numTensors, before);
});
