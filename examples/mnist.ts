/**
 * Finds the learning rates of the tutorials' 784-784-10 network on MNIST, and
 * trains it with Adam between them:
 *
 * ```sh
 * deno run -A examples/mnist.ts
 * ```
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  loadInterruptibly,
  runCommand,
  TENSORBOARD_FLAGS,
} from "@clr/clr/command";
import { TensorBoardLogger } from "@clr/clr/training";
import { ImageBatches } from "./datasets/image_batches.ts";
import { DatasetError } from "./datasets/image_dataset.ts";
import { loadMnist } from "./datasets/mnist.ts";
import { unitRange as normalization } from "./datasets/normalization.ts";
import { createMnistPerceptron } from "./models/mnist_perceptron.ts";
import { DEVICE_FLAGS, WHOLE_DATA_FLAGS } from "./training/flags.ts";
import { paragraph } from "./training/paragraph.ts";

const FLAGS = {
  ...WHOLE_DATA_FLAGS,
  epochs: { kind: "integer", min: 1, default: 8, help: "of training" },
  ...DEVICE_FLAGS,
  ...TENSORBOARD_FLAGS,
} as const;

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { epochs, seed } = flags;
  const batchSize = flags["batch-size"];
  const { backend, device } = await selectBackend(flags);
  const dataset = await loadInterruptibly((signal) =>
    loadMnist({
      source: flags.data,
      trainImages: flags["train-images"],
      testImages: flags["test-images"],
      seed,
      signal,
    })
  );
  const train = new ImageBatches(dataset, "train", {
    batchSize,
    normalization,
    seed,
  });
  const test = new ImageBatches(dataset, "test", {
    batchSize,
    normalization,
    shuffle: false,
  });
  const model = createMnistPerceptron({ seed, optimizer: tf.train.adam() });

  const range = await findLearningRate(
    model,
    () => train.tensors(0, train.perEpoch),
    { seed },
  );
  console.log(`${range}\n`);
  const loggers = (scheduler?: CyclicLR) =>
    flags.tensorboard === undefined
      ? []
      : [new TensorBoardLogger(flags.tensorboard, { scheduler })];
  for (const logger of loggers()) await logger.logRange(range);
  if (range.verdict !== "good") return 3;

  // One cycle, which ends with the training.
  const clr = CyclicLR.fromRange(range, {
    stepSize: epochs * train.perEpoch / 2,
  });
  const logging = loggers(clr);
  for (const logger of logging) {
    await logger.text(
      "plan",
      `${epochs} epochs of ${train.perEpoch} batches: ${clr}`,
    );
  }
  await model.fitDataset(train.dataset(), {
    epochs,
    batchesPerEpoch: train.perEpoch,
    verbose: 0,
    callbacks: [clr, ...logging],
  });

  const [loss, accuracy] = await model.evaluateDataset(
    test.dataset(0, test.perEpoch),
    {},
  ) as tf.Scalar[];
  console.log(paragraph(
    `Test error ${(100 * (1 - (await accuracy.data())[0])).toFixed(2)} %, ` +
      `loss ${(await loss.data())[0].toFixed(4)} on ${test.count} images ` +
      `after ${clr.totalIterations} iterations ` +
      `(${dataset.name}, ${dataset.origin}; ${backend} on ${device})`,
  ));
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Finds the learning rates of a 784-784-10 network on MNIST and trains it.",
    usage: "deno run -A examples/mnist.ts [flags]",
    flags: FLAGS,
    main,
    expected: [DatasetError],
  });
}
