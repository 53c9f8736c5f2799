/**
 * Trains MiniGoogLeNet on Fashion-MNIST as A. Rosebrock's "Keras Learning Rate
 * Finder" (2019) does: a range test finds the bounds, then the learning rate
 * cycles between them, 48 epochs in three cycles.
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
import { join } from "@std/path";
import { CyclicLR, findLearningRate, type LearningRateRange } from "@clr/clr";
import { selectBackend, type SelectedBackend } from "@clr/clr/backends";
import { runCommand } from "../src/command/run.ts";
import { PICTURE_FLAGS } from "../src/command/pictures.ts";
import {
  describeFlags,
  type FlagValues,
  parseFlags,
} from "../src/command/flags.ts";
import { writeFile } from "../src/runtime/write_file.ts";
import { shiftAndFlip } from "./datasets/augmentation.ts";
import { loadFashionMnist } from "./datasets/fashion_mnist.ts";
import { ImageBatches } from "./datasets/image_batches.ts";
import type { ImageDataset } from "./datasets/image_dataset.ts";
import { unitRange } from "./datasets/normalization.ts";
import { resizeImages } from "./datasets/resize.ts";
import { createMiniGoogLeNet } from "./models/minigooglenet.ts";
import {
  CHECKPOINT_FLAGS,
  DATA_FLAGS,
  DEVICE_FLAGS,
  HELP_FLAGS,
  SCHEDULE_FLAGS,
} from "./training/flags.ts";
import { Interrupt, loadInterruptibly } from "../src/command/interrupt.ts";
import { readRange } from "./training/resume.ts";
import {
  checkPlaces,
  CLASSIFIER_ERRORS,
  trainClassifier,
} from "./training/train_classifier.ts";

/** The flags of this program. */
export const FLAGS = {
  ...DATA_FLAGS,
  "batch-size": { ...DATA_FLAGS["batch-size"], default: 64 },
  ...SCHEDULE_FLAGS,
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
  ...DEVICE_FLAGS,
  ...PICTURE_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    default: "output/fashion_mnist",
    help: "folder of the results",
  },
  ...CHECKPOINT_FLAGS,
  ...HELP_FLAGS,
} as const;

type Values = FlagValues<typeof FLAGS>;

/** The tutorial's size on a GPU; elsewhere what two processor cores do in minutes. */
function defaults({ backend }: SelectedBackend) {
  return backend === "webgpu"
    ? {
      trainImages: undefined,
      testImages: undefined,
      epochs: 48,
      stepEpochs: 8,
      findIterations: 400,
    }
    : {
      trainImages: 1_280,
      testImages: 256,
      epochs: 2,
      stepEpochs: 1,
      findIterations: 40,
    };
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

/**
 * Looks for the bounds on a network of its own.
 *
 * @returns Nothing when Ctrl-C stopped it.
 */
async function findBounds(
  dataset: ImageDataset,
  values: Pick<Values, "batch-size" | "base-lr" | "seed" | "out">,
  iterations: number,
): Promise<LearningRateRange | undefined> {
  const batches = new ImageBatches(dataset, "train", {
    batchSize: values["batch-size"],
    normalization: unitRange,
    augmentation: shiftAndFlip,
    seed: values.seed,
  });
  const model = createModel(values);
  using interrupt = new Interrupt();
  try {
    const range = await findLearningRate(model, () => batches.tensors(), {
      startLr: 1e-5,
      endLr: 1,
      iterations,
      signal: interrupt.signal,
      onBatch: ({ iteration, learningRate, smoothedLoss }) => {
        if (iteration % 10 !== 0) return;
        console.log(
          `range test: ${iteration}/${iterations}, learning rate ${
            learningRate.toExponential(1)
          }, loss ${smoothedLoss.toFixed(3)}`,
        );
      },
    });
    if (interrupt.signal.aborted) {
      console.log("The range test was stopped: nothing was written.");
      return undefined;
    }
    await writeFile(join(values.out, "lr_range.json"), JSON.stringify(range));
    await writeFile(join(values.out, "lr_range.csv"), range.toCSV());
    return range;
  } finally {
    model.optimizer.dispose();
    model.dispose();
  }
}

async function main(): Promise<number> {
  const values = parseFlags(FLAGS, Deno.args);
  if (values.help) {
    console.log(
      `Finds a learning-rate range on Fashion-MNIST and trains MiniGoogLeNet in it.\n\n` +
        `deno run -A examples/fashion_mnist.ts [flags]\n\n${
          describeFlags(FLAGS)
        }`,
    );
    return 0;
  }
  await checkPlaces(values);
  const backend = await selectBackend(values);
  const preset = defaults(backend);
  const dataset = resizeImages(
    await loadInterruptibly((signal) =>
      loadFashionMnist({
        source: values.data,
        trainImages: values["train-images"] ?? preset.trainImages,
        testImages: values["test-images"] ?? preset.testImages,
        seed: values.seed,
        signal,
      })
    ),
    32,
    32,
  );

  let baseLr = values["base-lr"];
  let maxLr = values["max-lr"];
  if (baseLr === undefined || maxLr === undefined) {
    const range = (values.resume ? await readRange(values.out) : undefined) ??
      await findBounds(
        dataset,
        values,
        values["find-iterations"] ?? preset.findIterations,
      );
    if (range === undefined) return 130;
    console.log(
      `\n${
        range.format({ color: Deno.stdout.isTerminal() && !Deno.noColor })
      }\n`,
    );
    baseLr ??= range.baseLr;
    maxLr ??= range.maxLr;
    if (baseLr === undefined || maxLr === undefined) {
      console.error(`No bounds to train between (${range.verdict}).`);
      console.error("Give --base-lr and --max-lr, or more --find-iterations.");
      return 3;
    }
  }

  const batchesPerEpoch = Math.ceil(
    dataset.train.count / values["batch-size"],
  );
  const { ending } = await trainClassifier({
    modelName: "MiniGoogLeNet",
    createModel: () => createModel(values),
    dataset,
    normalization: unitRange,
    augmentation: shiftAndFlip,
    schedule: new CyclicLR({
      baseLr,
      maxLr,
      stepSize: values["step-size"] ?? preset.stepEpochs * batchesPerEpoch,
      mode: values.mode,
    }),
    epochs: values.epochs ?? preset.epochs,
    batchSize: values["batch-size"],
    seed: values.seed,
    backend,
    plots: values.plots,
    live: values.live,
    checkpointEvery: values["checkpoint-every"],
    resume: values.resume,
    out: values.out,
    options: values,
  });
  return { complete: 0, diverged: 1, interrupted: 130 }[ending];
}

if (import.meta.main) {
  await runCommand(main, CLASSIFIER_ERRORS);
}
