import type * as tf from "@tensorflow/tfjs";
import {
  findLearningRate,
  type FindLearningRateOptions,
  type FormatOptions,
  type LearningRateRange,
} from "@clr/clr";
import {
  type FlagValues,
  Interrupt,
  loadInterruptibly,
  RangeProgress,
  writeRangeFiles,
} from "@clr/clr/command";
import { TensorBoardLogger } from "@clr/clr/training";
import type { Augmentation } from "../datasets/augmentation.ts";
import type { LoadOptions } from "../datasets/cifar10.ts";
import { ImageBatches, type TensorBatch } from "../datasets/image_batches.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import type { Normalization } from "../datasets/normalization.ts";
import { type ClassifierRun, originOf } from "./classifier_run.ts";
import type { DATA_FLAGS, DEVICE_FLAGS } from "./flags.ts";
import { paragraph } from "./paragraph.ts";

/** What a range test draws its batches from. */
export interface RangeTestData {
  readonly dataset: ImageDataset;
  readonly batchSize: number;
  readonly seed: number;
  readonly normalization: Normalization;
  readonly augmentation?: Augmentation;
}

/** Full batches for a range test: each pass in an order of its own. */
export function rangeTestBatches(
  { dataset, ...options }: RangeTestData,
): () => Iterable<TensorBatch> {
  const batches = new ImageBatches(dataset, "train", options);
  // The last batch of an epoch may be a small and noisy one.
  const full = Math.max(1, Math.floor(batches.count / options.batchSize));
  let epoch = 0;
  return () => {
    const start = epoch++ * batches.perEpoch;
    return batches.tensors(start, start + full);
  };
}

/** What {@linkcode loadRangeTestBatches} is told. */
export interface LoadedRangeTest {
  readonly load: (options: LoadOptions) => Promise<ImageDataset>;
  readonly normalization: (dataset: ImageDataset) => Normalization;
  readonly augmentation?: Augmentation;
  /** Images to train on, where the flags do not say. @default {all} */
  readonly trainImages?: number;
}

/** The training images of a program in batches, for the `find-lr` command. */
export async function loadRangeTestBatches(
  { load, normalization, augmentation, trainImages }: LoadedRangeTest,
  values: Pick<
    FlagValues<typeof DATA_FLAGS & typeof DEVICE_FLAGS>,
    "data" | "train-images" | "batch-size" | "seed"
  >,
): Promise<() => Iterable<TensorBatch>> {
  const { seed, "batch-size": batchSize } = values;
  const dataset = await loadInterruptibly((signal) =>
    load({
      source: values.data,
      trainImages: values["train-images"] ?? trainImages,
      testImages: 1,
      seed,
      signal,
    })
  );
  return rangeTestBatches({
    dataset,
    batchSize,
    seed,
    normalization: normalization(dataset),
    augmentation,
  });
}

/** Flags by the options of the range test that they set. */
export type TestFlags = NonNullable<FormatOptions["flagNames"]>;

/** What {@linkcode findRange} needs of a run. */
export type RangeTestRun =
  & {
    /** The program's file, which `find-lr` takes as well. */
    readonly file: string;
    /** Its flags for options of the test. */
    readonly testFlags?: TestFlags;
  }
  & RangeTestData
  & Pick<
    ClassifierRun,
    "modelName" | "createModel" | "backend" | "out" | "plots" | "tensorboard"
  >;

/**
 * Runs the range test of a training program on a network of its own, and shows
 * and writes what it found.
 *
 * @returns Nothing when a signal, such as Ctrl-C, stopped it.
 */
export async function findRange(
  run: RangeTestRun,
  options: FindLearningRateOptions<TensorBatch>,
): Promise<LearningRateRange | undefined> {
  using interrupt = new Interrupt();
  const progress = new RangeProgress();
  const model: tf.LayersModel = run.createModel();
  console.log("Learning-rate range test:\n");
  try {
    const range = await findLearningRate(model, rangeTestBatches(run), {
      ...options,
      seed: run.seed,
      signal: interrupt.signal,
      onBatch: (batch) => progress.show(batch),
    });
    progress.clear();
    if (interrupt.signal.aborted) {
      console.log("The range test was stopped: nothing was written.");
      return undefined;
    }
    const flagNames = { batchSize: "--batch-size", ...run.testFlags };
    const color = Deno.stdout.isTerminal() && !Deno.noColor;
    console.log(range.format({ color, flags: true, flagNames }) + "\n");
    const lacksFlag = range.verdict !== "good" &&
      range.remedies.some((remedy) =>
        remedy.kind === "set-option" && !(remedy.option in flagNames)
      );
    if (lacksFlag) {
      console.log(
        paragraph(
          `deno task find-lr ${run.file} has every flag of the test; what it finds is for --base-lr and --max-lr.`,
        ) + "\n",
      );
    }
    const files = await writeRangeFiles(run.out, range, {
      origin: originOf(run),
      plots: run.plots,
    });
    console.log(paragraph(`In ${run.out}: ${files.join(", ")}`) + "\n");
    if (run.tensorboard !== undefined) {
      // Apart from the batches of a run, as its steps are rates.
      const logger = new TensorBoardLogger(`${run.tensorboard}/range`);
      await logger.logRange(range);
    }
    return range;
  } finally {
    model.optimizer.dispose();
    model.dispose();
  }
}
