/**
 * What a batch of training images costs beside the training step it is for:
 * 100 images of 32×32×3, Caffe's CIFAR-10 quick network, WASM on one thread.
 */

import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import {
  cropAndFlip,
  shiftAndFlip,
} from "../../examples/datasets/augmentation.ts";
import { loadCifar10 } from "../../examples/datasets/cifar10.ts";
import { ImageBatches } from "../../examples/datasets/image_batches.ts";
import { meanImage } from "../../examples/datasets/normalization.ts";
import {
  createCifar10Quick,
  createCifar10QuickOptimizer,
} from "../../examples/models/cifar10_quick.ts";

const { backend, device } = await selectBackend({
  backend: "wasm",
  threads: 1,
});
console.log(`tfjs ${tf.version.tfjs}, ${backend} on ${device}`);
const dataset = await loadCifar10({
  source: "synthetic",
  trainImages: 1_000,
  testImages: 1,
});
const normalization = meanImage(dataset.train, dataset.shape);
const group = "a batch of 100 images and its training step";

const model = createCifar10Quick({ optimizer: createCifar10QuickOptimizer() });
const batch = new ImageBatches(dataset, "train", { normalization }).tensorsAt(
  0,
);

Deno.bench({
  name: "training step of the quick network",
  group,
  baseline: true,
  n: 10,
  warmup: 2,
  fn: async () => void await model.trainOnBatch(batch.xs, batch.ys),
});

for (
  const [name, augmentation] of [
    ["as they are", undefined],
    ["shifted with interpolation and flipped", shiftAndFlip],
    ["cropped and flipped", cropAndFlip],
  ] as const
) {
  const batches = new ImageBatches(dataset, "train", {
    normalization,
    augmentation,
  });
  let t = 0;
  Deno.bench({
    name: `batch, ${name}`,
    group,
    fn: () => tf.dispose(batches.tensorsAt(t++)),
  });
}
