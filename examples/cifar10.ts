/**
 * Trains Caffe's CIFAR-10 "quick" network with a cyclical learning rate, as
 * section 4.1 of Smith's paper (arXiv 1506.01186) does:
 *
 * ```sh
 * deno run -A examples/cifar10.ts
 * ```
 *
 * It needs nothing beside Deno: without a GPU it trains on WASM, and without a
 * network on images that it draws. `--help` lists the flags.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { SelectedBackend } from "@clr/clr/backends";
import type { FlagValues } from "@clr/clr/command";
import { loadCifar10 } from "./datasets/cifar10.ts";
import type { TensorBatch } from "./datasets/image_batches.ts";
import type { ImageDataset } from "./datasets/image_dataset.ts";
import { meanImage, type Normalization } from "./datasets/normalization.ts";
import { createCifar10Quick } from "./models/cifar10_quick.ts";
import {
  classifierFlags,
  type Preset,
  runClassifier,
} from "./training/classifier_program.ts";
import { loadRangeTestBatches } from "./training/find_range.ts";
import { DATA_FLAGS, OPTIMIZER_FLAGS } from "./training/flags.ts";
import { OPTIMIZERS } from "./training/optimizers.ts";

/** The flags of this program. */
export const FLAGS = {
  ...classifierFlags("output/cifar10"),
  ...OPTIMIZER_FLAGS,
  "find-lr": {
    kind: "switch",
    help: "run the learning-rate range test first, and train between the " +
      "bounds it finds",
  },
  onnx: {
    kind: "switch",
    help: "write model.onnx too, and evaluate it with onnxruntime-web",
  },
} as const;

type Values = FlagValues<typeof FLAGS>;

/** The flags of this program that `find-lr` takes for its range test. */
export const findLrFlags = {
  data: DATA_FLAGS.data,
  "train-images": DATA_FLAGS["train-images"],
  ...OPTIMIZER_FLAGS,
} as const;

/**
 * On a GPU all images and the paper's six cycles of 4,000 iterations; elsewhere
 * what two processor cores do in under three minutes.
 */
function preset({ backend }: Pick<SelectedBackend, "backend">): Preset {
  return backend === "webgpu"
    ? { epochs: 48, stepEpochs: 4 }
    : { trainImages: 10_000, testImages: 2_000, epochs: 6, stepEpochs: 1 };
}

/** Caffe's: the mean image of the training images is taken off. */
function normalization({ train, shape }: ImageDataset): Normalization {
  return meanImage(train, shape);
}

/** The network, compiled at the base rate. */
export function createModel(
  values: Pick<Values, "optimizer" | "base-lr" | "seed">,
): tf.LayersModel {
  const { create, baseLr } = OPTIMIZERS[values.optimizer];
  return createCifar10Quick({
    seed: values.seed,
    optimizer: create(values["base-lr"] ?? baseLr),
  });
}

/** The training images in batches, for the `find-lr` command. */
export async function createData(
  values: Pick<Values, "data" | "train-images" | "batch-size" | "seed">,
): Promise<() => Iterable<TensorBatch>> {
  const backend = tf.getBackend() as SelectedBackend["backend"];
  const { trainImages } = preset({ backend });
  return await loadRangeTestBatches(
    { load: loadCifar10, normalization, trainImages },
    values,
  );
}

if (import.meta.main) {
  await runClassifier<Values>({
    summary:
      "Trains a convolutional network on CIFAR-10 with a cyclical learning rate.",
    file: "examples/cifar10.ts",
    flags: FLAGS,
    modelName: "Caffe's CIFAR-10 quick network",
    lossNote: "training's includes the weight decay, the test's does not",
    preset,
    load: loadCifar10,
    normalization,
    createModel,
    // As the find-lr command does by default.
    rangeTest: (values) =>
      values["find-lr"] || values["find-lr-only"] ? {} : undefined,
    bounds: ({ optimizer }) => OPTIMIZERS[optimizer],
    onnx: (values) => values.onnx,
  });
}
