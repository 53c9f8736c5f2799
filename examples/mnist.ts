/**
 * Finds the learning rates of the tutorials' 784-784-10 network on MNIST, and
 * trains it with Adam twice, as S. Paul's "An introduction to cyclical learning
 * rates" (2018) does to compare them: at Adam's usual rate, and in one cycle
 * between the bounds, from the same start in the same batches.
 *
 * ```sh
 * deno run -A examples/mnist.ts
 * ```
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate, LearningRateScheduler } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  loadInterruptibly,
  lockFolder,
  newLogFolder,
  OWN_VERSION,
  runCommand,
  TENSORBOARD_FLAGS,
  writeFile,
} from "@clr/clr/command";
import { comparisonChart, toSvg } from "@clr/clr/plots";
import { constant } from "@clr/clr/schedules";
import { TensorBoardLogger } from "@clr/clr/training";
import { ImageBatches, type TensorBatch } from "./datasets/image_batches.ts";
import { DatasetError } from "./datasets/image_dataset.ts";
import { loadMnist } from "./datasets/mnist.ts";
import { unitRange as normalization } from "./datasets/normalization.ts";
import { createMnistPerceptron } from "./models/mnist_perceptron.ts";
import { loadRangeTestBatches } from "./training/find_range.ts";
import { DEVICE_FLAGS, WHOLE_DATA_FLAGS } from "./training/flags.ts";
import { makeLogFolder } from "./training/log_folder.ts";
import { paragraph } from "./training/paragraph.ts";

const FLAGS = {
  ...WHOLE_DATA_FLAGS,
  epochs: { kind: "integer", min: 1, default: 8, help: "of training" },
  ...DEVICE_FLAGS,
  ...TENSORBOARD_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    help: "folder for comparison.svg (default: no picture)",
  },
} as const;

type Values = FlagValues<typeof FLAGS>;

/** The flags of this program that `find-lr` takes for its range test. */
export const findLrFlags = {
  data: WHOLE_DATA_FLAGS.data,
  "train-images": WHOLE_DATA_FLAGS["train-images"],
} as const;

/** The network, compiled with Adam. */
export function createModel({ seed }: Pick<Values, "seed">): tf.LayersModel {
  return createMnistPerceptron({ seed, optimizer: tf.train.adam() });
}

/** The training images in batches, for the `find-lr` command. */
export async function createData(
  values: Pick<Values, "data" | "train-images" | "batch-size" | "seed">,
): Promise<() => Iterable<TensorBatch>> {
  return await loadRangeTestBatches(
    { load: loadMnist, normalization: () => normalization },
    values,
  );
}

async function main(flags: Values): Promise<number> {
  const { epochs, out, seed } = flags;
  // What is wrong with the folder is said before any time is spent.
  using _lock = out === undefined
    ? undefined
    : await lockFolder(out, { by: "examples/mnist.ts" });
  await makeLogFolder(flags.tensorboard);
  const logs = flags.tensorboard && await newLogFolder(flags.tensorboard);
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
  const range = await findLearningRate(
    createModel(flags),
    () => train.tensors(0, train.perEpoch),
    { seed },
  );
  console.log(`${range}\n`);
  const loggers = (scheduler?: CyclicLR) =>
    logs === undefined ? [] : [new TensorBoardLogger(logs, { scheduler })];
  for (const logger of loggers()) await logger.logRange(range);
  if (range.verdict !== "good") return 3;

  // Both trainings begin with the same weights and see the same batches.
  const fit = (scheduler: LearningRateScheduler, callbacks: tf.Callback[]) =>
    createModel(flags).fitDataset(train.dataset(), {
      epochs,
      batchesPerEpoch: train.perEpoch,
      validationData: test.dataset(0, test.perEpoch),
      verbose: 0,
      callbacks: [scheduler, ...callbacks],
    });

  // As a person would train it who has no bounds: Adam at its usual rate.
  const fixed = new LearningRateScheduler(constant(ADAM_RATE));
  await fit(fixed, []);

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
  await fit(clr, logging);

  const errors = (scheduler: LearningRateScheduler) =>
    scheduler.epochHistory.val_acc.map((accuracy) =>
      `${(100 * (1 - accuracy)).toFixed(2)} %`
    );
  const runs = [
    { name: `fixed ${ADAM_RATE}`, run: fixed, errors: errors(fixed) },
    { name: "one cycle", run: clr, errors: errors(clr) },
  ];
  console.log("Test error after each epoch:\n");
  console.log(row("epoch", runs.map(({ name }) => name)));
  for (let epoch = 0; epoch < epochs; epoch++) {
    console.log(
      row(String(epoch + 1), runs.map(({ errors }) => errors[epoch])),
    );
  }
  const origin = `${dataset.name}, ${dataset.origin}; ${backend} on ${device}`;
  const chart = comparisonChart(
    runs.map(({ name, run: { history, epochHistory } }) => ({
      name,
      history,
      epochHistory,
    })),
    { metric: "val_acc", origin },
  );
  console.log(`\n${paragraph([chart.title.text].flat().join(" "))}`);
  console.log(paragraph(
    `Test error ${errors(clr).at(-1)}, ` +
      `loss ${clr.epochHistory.val_loss.at(-1)!.toFixed(4)} on ` +
      `${test.count} images after ${clr.totalIterations} iterations ` +
      `(${origin})`,
  ));
  if (out !== undefined) {
    await writeFile(`${out}/comparison.svg`, await toSvg(chart));
  }
  return 0;
}

/** Adam's rate by default, here and in Keras. */
const ADAM_RATE = 0.001;

/** A line of the table. */
function row(first: string, others: readonly string[]): string {
  return first.padStart(5) +
    others.map((other) => other.padStart(14)).join("");
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Finds the learning rates of a 784-784-10 network on MNIST and trains it.",
    usage: "deno run -A examples/mnist.ts [flags]",
    version: OWN_VERSION,
    flags: FLAGS,
    main,
    expected: [DatasetError],
  });
}
