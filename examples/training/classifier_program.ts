import type * as tf from "@tensorflow/tfjs";
import type { FindLearningRateOptions, LearningRateRange } from "@clr/clr";
import {
  PreflightError,
  selectBackend,
  type SelectedBackend,
} from "@clr/clr/backends";
import {
  checkLivePort,
  type Flags,
  type FlagValues,
  loadInterruptibly,
  lockFolder,
  OWN_VERSION,
  PICTURE_FLAGS,
  runCommand,
  stoppedStatus,
  TENSORBOARD_FLAGS,
  UsageError,
} from "@clr/clr/command";
import { CheckpointError, loadCheckpoint } from "@clr/clr/training";
import type { Augmentation } from "../datasets/augmentation.ts";
import type { LoadOptions } from "../datasets/cifar10.ts";
import type { TensorBatch } from "../datasets/image_batches.ts";
import { DatasetError, type ImageDataset } from "../datasets/image_dataset.ts";
import type { Normalization } from "../datasets/normalization.ts";
import { findRange, type TestFlags } from "./find_range.ts";
import {
  CHECKPOINT_FLAGS,
  DATA_FLAGS,
  DEVICE_FLAGS,
  FIND_FLAGS,
  outFlag,
  SCHEDULE_FLAGS,
} from "./flags.ts";
import {
  logFolderOf,
  logOf,
  makeLogFolder,
  type SavedLog,
} from "./log_folder.ts";
import { createRateMode } from "./rate_mode.ts";
import {
  checkBeginsAlone,
  checkpointsOf,
  readRange,
  removeCheckpoints,
} from "./resume.ts";
import { trainClassifier } from "./train_classifier.ts";

/** The flags of every program that trains a classifier; `out` is its folder. */
export function classifierFlags<const Folder extends string>(out: Folder) {
  return {
    ...DATA_FLAGS,
    ...SCHEDULE_FLAGS,
    ...FIND_FLAGS,
    ...DEVICE_FLAGS,
    ...PICTURE_FLAGS,
    ...TENSORBOARD_FLAGS,
    out: outFlag(out),
    ...CHECKPOINT_FLAGS,
  } as const;
}

/** What those flags are read as. */
export type ClassifierFlagValues = FlagValues<
  ReturnType<typeof classifierFlags>
>;

/** How much is trained where a person does not say. */
export interface Preset {
  /** Images to train on. @default {all} */
  readonly trainImages?: number;
  /** Images to test on. @default {all} */
  readonly testImages?: number;
  readonly epochs: number;
  /** Epochs from the lowest rate to the highest. */
  readonly stepEpochs: number;
}

/** Both bounds of a cycle, as far as they are known. */
export type Bounds = Pick<LearningRateRange, "baseLr" | "maxLr">;

/** A program that trains a classifier with a cyclical learning rate. */
export interface ClassifierProgram<Values extends ClassifierFlagValues> {
  /** Said first in `--help`. */
  readonly summary: string;
  /** Its file, from where it is run. */
  readonly file: string;
  /** {@linkcode classifierFlags}, and its own. */
  readonly flags: Flags;
  readonly modelName: string;
  /** What the reader of the losses should know about them. */
  readonly lossNote?: string;
  readonly preset: (backend: SelectedBackend) => Preset;
  readonly load: (options: LoadOptions) => Promise<ImageDataset>;
  readonly normalization: (dataset: ImageDataset) => Normalization;
  /** How the training images are varied. @default {not at all} */
  readonly augmentation?: Augmentation;
  /** Makes a compiled model with the metric `acc`. */
  readonly createModel: (values: Values) => tf.LayersModel;
  /**
   * The range test to run first; nothing where none is wanted, which is never so
   * with `--find-lr-only`.
   */
  readonly rangeTest: (
    values: Values,
    backend: SelectedBackend,
  ) => FindLearningRateOptions<TensorBatch> | undefined;
  /** Its flags for options of the range test, beside `--batch-size`. */
  readonly testFlags?: TestFlags;
  /** The bounds where neither flags nor range test give them. @default {none} */
  readonly bounds?: (values: Values) => Bounds;
  /** Whether to write the model as ONNX too. @default {no} */
  readonly onnx?: (values: Values) => boolean;
}

/** The command line of such a program. */
export async function runClassifier<Values extends ClassifierFlagValues>(
  program: ClassifierProgram<Values>,
): Promise<void> {
  await runCommand({
    summary: program.summary,
    usage: `deno run -A ${program.file} [flags]`,
    version: OWN_VERSION,
    flags: program.flags,
    main: (values) =>
      main(program, values as FlagValues<Flags> as unknown as Values),
    expected: [CheckpointError, DatasetError, PreflightError],
  });
}

/** What has no say in a mode, and would be passed over without a word. */
const WITHOUT: Partial<
  Record<ClassifierFlagValues["mode"], readonly ("base-lr" | "step-size")[]>
> = {
  onecycle: ["base-lr", "step-size"],
  plateau: ["base-lr"],
};

function checkMode(values: ClassifierFlagValues): void {
  if (values.resume && values.overwrite) {
    throw new UsageError(
      "--overwrite: begins anew where --resume goes on; give one of them",
    );
  }
  const flag = WITHOUT[values.mode]?.find((flag) => values[flag] !== undefined);
  if (flag !== undefined) {
    throw new UsageError(
      `--${flag}: --mode ${values.mode} has none; --max-lr is its highest rate`,
    );
  }
  const { "base-lr": baseLr = 0, "max-lr": maxLr = Infinity } = values;
  if (baseLr <= maxLr) return;
  throw new UsageError(
    `Cannot read --max-lr: it must be >= --base-lr (${baseLr}), current value is "${maxLr}"`,
  );
}

/** The folder of the run's logs for TensorBoard, if they are wanted. */
async function logFolder(
  { out, resume, tensorboard }: ClassifierFlagValues,
): Promise<string | undefined> {
  if (tensorboard === undefined) return undefined;
  const checkpoint = resume
    ? await loadCheckpoint(checkpointsOf({ out }))
    : undefined;
  return await logFolderOf(tensorboard, checkpoint?.data as SavedLog);
}

async function main<Values extends ClassifierFlagValues>(
  program: ClassifierProgram<Values>,
  values: Values,
): Promise<number> {
  const { out, plots, seed, "batch-size": batchSize } = values;
  // What is wrong with a port or a folder is said before any time is spent.
  checkLivePort(values.live);
  checkMode(values);
  using _lock = await lockFolder(out, { by: program.file });
  if (!values.resume && !values.overwrite) await checkBeginsAlone(out);
  await makeLogFolder(values.tensorboard);
  const tensorboard = await logFolder(values);
  const backend = await selectBackend(values);
  const preset = program.preset(backend);
  const dataset = await loadInterruptibly((signal) =>
    program.load({
      source: values.data,
      trainImages: values["train-images"] ?? preset.trainImages,
      testImages: values["test-images"] ?? preset.testImages,
      seed,
      signal,
    })
  );
  if (values.overwrite) await removeCheckpoints(out);
  const run = {
    file: program.file,
    testFlags: program.testFlags,
    modelName: program.modelName,
    lossNote: program.lossNote,
    createModel: () => program.createModel(values),
    dataset,
    normalization: program.normalization(dataset),
    augmentation: program.augmentation,
    ...{ batchSize, seed, backend, plots, tensorboard, out },
  };
  const test = program.rangeTest(values, backend);
  let range: LearningRateRange | undefined;
  if (test) {
    if (values.resume) range = await readRange(out);
    range ??= await findRange(run, test);
    if (range === undefined) return stoppedStatus();
  }
  if (values["find-lr-only"]) return range?.verdict === "good" ? 0 : 3;
  const found = range ?? program.bounds?.(values);
  const baseLr = values["base-lr"] ?? found?.baseLr;
  const maxLr = values["max-lr"] ?? found?.maxLr;
  if (baseLr === undefined || maxLr === undefined) {
    console.error("No bounds to train between: give --base-lr and --max-lr.");
    return 3;
  }
  const epochs = values.epochs ?? preset.epochs;
  const batchesPerEpoch = Math.ceil(dataset.train.count / batchSize);
  const { ending } = await trainClassifier({
    ...run,
    rate: createRateMode({
      mode: values.mode,
      baseLr,
      maxLr,
      stepSize: values["step-size"] ?? preset.stepEpochs * batchesPerEpoch,
      epochs,
      batchesPerEpoch,
    }),
    range,
    epochs,
    live: values.live,
    log: logOf(values.tensorboard, tensorboard),
    checkpointEvery: values["checkpoint-every"],
    resume: values.resume,
    onnx: program.onnx?.(values),
    options: values,
  });
  return { complete: 0, diverged: 1, interrupted: stoppedStatus() }[ending];
}
