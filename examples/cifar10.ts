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
import { join } from "@std/path";
import { CyclicLR, findLearningRate, type LearningRateRange } from "@clr/clr";
import { selectBackend, type SelectedBackend } from "@clr/clr/backends";
import { runCommand } from "../src/command/run.ts";
import { PICTURE_FLAGS, writeRangePictures } from "../src/command/pictures.ts";
import {
  describeFlags,
  type FlagValues,
  parseFlags,
} from "../src/command/flags.ts";
import { writeFile } from "../src/runtime/write_file.ts";
import { loadCifar10 } from "./datasets/cifar10.ts";
import { ImageBatches, type TensorBatch } from "./datasets/image_batches.ts";
import type { ImageDataset } from "./datasets/image_dataset.ts";
import { meanImage } from "./datasets/normalization.ts";
import { createCifar10Quick } from "./models/cifar10_quick.ts";
import {
  CHECKPOINT_FLAGS,
  DATA_FLAGS,
  DEVICE_FLAGS,
  HELP_FLAGS,
  OPTIMIZER_FLAGS,
  SCHEDULE_FLAGS,
} from "./training/flags.ts";
import { Interrupt, loadInterruptibly } from "../src/command/interrupt.ts";
import { OPTIMIZERS } from "./training/optimizers.ts";
import { readRange } from "./training/resume.ts";
import {
  checkPlaces,
  CLASSIFIER_ERRORS,
  trainClassifier,
} from "./training/train_classifier.ts";

/** The flags of this program. */
export const FLAGS = {
  ...DATA_FLAGS,
  ...SCHEDULE_FLAGS,
  "find-lr": {
    kind: "switch",
    help: "run the learning-rate range test first, and train between the " +
      "bounds it finds",
  },
  ...OPTIMIZER_FLAGS,
  ...DEVICE_FLAGS,
  ...PICTURE_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    default: "output/cifar10",
    help: "folder of the results",
  },
  onnx: {
    kind: "switch",
    help: "write model.onnx too, and evaluate it with onnxruntime-web",
  },
  ...CHECKPOINT_FLAGS,
  ...HELP_FLAGS,
} as const;

type Values = FlagValues<typeof FLAGS>;

/** The flags of this program that `find-lr` takes for its range test. */
export const findLrFlags = {
  data: DATA_FLAGS.data,
  "train-images": DATA_FLAGS["train-images"],
  ...OPTIMIZER_FLAGS,
} as const;

/**
 * What is trained where a person does not say: on a GPU all images and the
 * paper's six cycles of 4,000 iterations; elsewhere what two processor cores do
 * in under three minutes.
 */
function defaults({ backend }: Pick<SelectedBackend, "backend">) {
  return backend === "webgpu"
    ? {
      trainImages: undefined,
      testImages: undefined,
      epochs: 48,
      stepEpochs: 4,
    }
    : { trainImages: 10_000, testImages: 2_000, epochs: 6, stepEpochs: 1 };
}

/** The network, compiled at the base rate. */
export function createModel(
  values: Pick<Values, "optimizer" | "base-lr" | "seed">,
): tf.LayersModel {
  const { create, baseLr } = OPTIMIZERS[values.optimizer];
  const model = createCifar10Quick({ seed: values.seed });
  model.compile({
    optimizer: create(values["base-lr"] ?? baseLr),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

/** Batches for a range test: each pass in an order of its own. */
function rangeTestBatches(
  dataset: ImageDataset,
  values: Pick<Values, "batch-size" | "seed">,
): () => Iterable<TensorBatch> {
  const batches = new ImageBatches(dataset, "train", {
    batchSize: values["batch-size"],
    normalization: meanImage(dataset.train, dataset.shape),
    seed: values.seed,
  });
  // The last batch of an epoch may be a small and noisy one.
  const full = Math.max(1, Math.floor(batches.count / values["batch-size"]));
  let epoch = 0;
  return () => {
    const start = epoch++ * batches.perEpoch;
    return batches.tensors(start, start + full);
  };
}

/** The training images in batches, for the `find-lr` command. */
export async function createData(
  values: Pick<Values, "data" | "train-images" | "batch-size" | "seed">,
): Promise<() => Iterable<TensorBatch>> {
  const preset = defaults({
    backend: tf.getBackend() as SelectedBackend["backend"],
  });
  const dataset = await loadInterruptibly((signal) =>
    loadCifar10({
      source: values.data,
      trainImages: values["train-images"] ?? preset.trainImages,
      testImages: 1,
      seed: values.seed,
      signal,
    })
  );
  return rangeTestBatches(dataset, values);
}

/**
 * Runs the range test that the `find-lr` command runs by default.
 *
 * @returns Nothing when Ctrl-C stopped it.
 */
async function findRange(
  dataset: ImageDataset,
  values: Values,
  { backend, device }: SelectedBackend,
): Promise<LearningRateRange | undefined> {
  const origin = `Caffe's CIFAR-10 quick network; ${dataset.name}, ` +
    `${dataset.origin}; ${backend} on ${device}`;
  using interrupt = new Interrupt();
  const model = createModel(values);
  console.log("Learning-rate range test, 3 runs:\n");
  const range = await findLearningRate(
    model,
    rangeTestBatches(dataset, values),
    { repeats: 3, seed: values.seed, signal: interrupt.signal },
  );
  model.optimizer.dispose();
  model.dispose();
  if (interrupt.signal.aborted) {
    console.log("The range test was stopped: nothing was written.");
    return undefined;
  }
  console.log(
    range.format({ color: Deno.stdout.isTerminal() && !Deno.noColor }) + "\n",
  );
  await writeFile(join(values.out, "lr_range.json"), JSON.stringify(range));
  if (values.plots) await writeRangePictures(values.out, range, origin);
  return range;
}

async function main(): Promise<number> {
  const values = parseFlags(FLAGS, Deno.args);
  if (values.help) {
    console.log(
      `Trains a convolutional network on CIFAR-10 with a cyclical learning rate.\n\n` +
        `deno run -A examples/cifar10.ts [flags]\n\n${describeFlags(FLAGS)}`,
    );
    return 0;
  }
  await checkPlaces(values);
  const optimizer = OPTIMIZERS[values.optimizer];
  const backend = await selectBackend(values);
  const preset = defaults(backend);
  const dataset = await loadInterruptibly((signal) =>
    loadCifar10({
      source: values.data,
      trainImages: values["train-images"] ?? preset.trainImages,
      testImages: values["test-images"] ?? preset.testImages,
      seed: values.seed,
      signal,
    })
  );
  const batchSize = values["batch-size"];
  const batchesPerEpoch = Math.ceil(dataset.train.count / batchSize);
  let range: LearningRateRange | undefined;
  if (values["find-lr"]) {
    if (values.resume) range = await readRange(values.out);
    range ??= await findRange(dataset, values, backend);
    if (range === undefined) return 130;
    if (range.verdict !== "good") return 3;
  }
  const schedule = new CyclicLR({
    baseLr: values["base-lr"] ?? range?.baseLr ?? optimizer.baseLr,
    maxLr: values["max-lr"] ?? range?.maxLr ?? optimizer.maxLr,
    stepSize: values["step-size"] ?? preset.stepEpochs * batchesPerEpoch,
    mode: values.mode,
  });
  const { ending } = await trainClassifier({
    modelName: "Caffe's CIFAR-10 quick network",
    lossNote: "training's includes the weight decay, the test's does not",
    createModel: () => createModel(values),
    dataset,
    normalization: meanImage(dataset.train, dataset.shape),
    schedule,
    range,
    epochs: values.epochs ?? preset.epochs,
    batchSize,
    seed: values.seed,
    backend,
    plots: values.plots,
    live: values.live,
    checkpointEvery: values["checkpoint-every"],
    resume: values.resume,
    onnx: values.onnx,
    out: values.out,
    options: values,
  });
  return { complete: 0, diverged: 1, interrupted: 130 }[ending];
}

if (import.meta.main) {
  await runCommand(main, CLASSIFIER_ERRORS);
}
