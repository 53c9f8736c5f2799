/**
 * Trains MiniGoogLeNet on Fashion-MNIST as A. Rosebrock's "Keras Learning Rate
 * Finder" (2019) does: a range test finds the bounds, then the learning rate
 * cycles between them, 48 epochs in three cycles. `lr_range.svg` is the
 * tutorial's central picture; `--find-lr-only` leaves it at that.
 *
 * ```sh
 * deno run -A examples/fashion_mnist.ts
 * ```
 *
 * The tutorial reports 95 % accuracy with all images. Without a GPU this trains
 * on few images and shortly, which shows the way and not that figure. `--help`
 * lists the flags.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { SelectedBackend } from "@clr/clr/backends";
import type { FlagValues } from "@clr/clr/command";
import { shiftAndFlip } from "./datasets/augmentation.ts";
import {
  loadFashionMnist,
  type LoadOptions,
} from "./datasets/fashion_mnist.ts";
import type { TensorBatch } from "./datasets/image_batches.ts";
import type { ImageDataset } from "./datasets/image_dataset.ts";
import { unitRange } from "./datasets/normalization.ts";
import { resizeImages } from "./datasets/resize.ts";
import { createMiniGoogLeNet } from "./models/minigooglenet.ts";
import {
  classifierFlags,
  type Preset,
  runClassifier,
} from "./training/classifier_program.ts";
import { loadRangeTestBatches } from "./training/find_range.ts";
import { DATA_FLAGS, SCHEDULE_FLAGS } from "./training/flags.ts";

/** The flags of this program. */
export const FLAGS = {
  ...classifierFlags("output/fashion_mnist"),
  "batch-size": { ...DATA_FLAGS["batch-size"], default: 64 },
  mode: { ...SCHEDULE_FLAGS.mode, default: "triangular" },
  "base-lr": {
    ...SCHEDULE_FLAGS["base-lr"],
    help: "learning rate at the ends of a cycle (default: found)",
  },
  "max-lr": {
    ...SCHEDULE_FLAGS["max-lr"],
    help: "learning rate at its peak (default: found)",
  },
  "find-iterations": {
    kind: "integer",
    min: 2,
    help: "batches of the range test (default: by backend)",
  },
} as const;

type Values = FlagValues<typeof FLAGS>;

/** The flags of this program that `find-lr` takes for its range test. */
export const findLrFlags = {
  data: DATA_FLAGS.data,
  "train-images": DATA_FLAGS["train-images"],
} as const;

/** The tutorial's size on a GPU; elsewhere what two processor cores do in minutes. */
function preset({ backend }: Pick<SelectedBackend, "backend">): Preset {
  return backend === "webgpu"
    ? { epochs: 48, stepEpochs: 8 }
    : { trainImages: 1_280, testImages: 256, epochs: 2, stepEpochs: 1 };
}

/** The network, compiled with the tutorial's momentum. */
export function createModel(
  values: Pick<Values, "base-lr" | "seed">,
): tf.LayersModel {
  return createMiniGoogLeNet({
    seed: values.seed,
    channels: 1,
    optimizer: tf.train.momentum(values["base-lr"] ?? 0.01, 0.9),
  });
}

/** The images as the network takes them. */
async function load(options: LoadOptions): Promise<ImageDataset> {
  return resizeImages(await loadFashionMnist(options), 32, 32);
}

/** How the tutorial shows them to it. */
const PREPARED = {
  load,
  normalization: () => unitRange,
  augmentation: shiftAndFlip,
} as const;

/** The training images in batches, for the `find-lr` command. */
export async function createData(
  values: Pick<Values, "data" | "train-images" | "batch-size" | "seed">,
): Promise<() => Iterable<TensorBatch>> {
  const backend = tf.getBackend() as SelectedBackend["backend"];
  const { trainImages } = preset({ backend });
  return await loadRangeTestBatches({ ...PREPARED, trainImages }, values);
}

if (import.meta.main) {
  await runClassifier<Values>({
    summary:
      "Finds a learning-rate range on Fashion-MNIST and trains MiniGoogLeNet in it.",
    file: "examples/fashion_mnist.ts",
    flags: FLAGS,
    modelName: "MiniGoogLeNet",
    preset,
    ...PREPARED,
    createModel,
    testFlags: { iterations: "--find-iterations" },
    rangeTest: (values, { backend }) => {
      const isGiven = values["base-lr"] !== undefined &&
        values["max-lr"] !== undefined && !values["find-lr-only"];
      return isGiven ? undefined : {
        startLr: 1e-5,
        endLr: 1,
        iterations: values["find-iterations"] ??
          (backend === "webgpu" ? 400 : 40),
      };
    },
  });
}
