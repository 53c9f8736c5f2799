import * as tf from "@tensorflow/tfjs";
import { LearningRateScheduler } from "@clr/clr";
import type { SelectedBackend } from "@clr/clr/backends";
import { markdownTable, VERSION, writeFile } from "@clr/clr/command";
import {
  layerRates,
  loadCheckpoint,
  ReduceLROnPlateau,
  type ReduceLROnPlateauState,
  saveCheckpoint,
  StopOnAbort,
  TensorBoardLogger,
} from "@clr/clr/training";
import { ImageBatches } from "../datasets/image_batches.ts";
import { type ImageDataset, imageSize } from "../datasets/image_dataset.ts";
import { setSteps } from "../models/_counted_layer.ts";
import { MODELS, type PaperModel } from "./models.ts";
import { describeRate, scheduleOf } from "./rate.ts";
import { type PaperRow, ROWS } from "./rows.ts";
import { SOLVERS } from "./solvers.ts";

/** What a finished run leaves, as JSON. */
export interface RowResult {
  readonly row: string;
  /** The network, which `--model` may have replaced. */
  readonly model: string;
  /** The optimizer, by its name in `solvers.ts`. */
  readonly optimizer: string;
  /** What iterations and step sizes were multiplied by. */
  readonly scale: number;
  readonly seed: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly rate: string;
  /** Test accuracy in percent after the last iteration. */
  readonly accuracy: number;
  /** The best of the test accuracies that were measured on the way. */
  readonly bestAccuracy: number;
  /** Whether the loss became NaN on the way. */
  readonly diverged: boolean;
  /** Test accuracies on the way: `iterations`, `val_acc`, `val_loss`, … */
  readonly epochHistory: {
    readonly iterations: readonly number[];
    readonly val_acc: readonly number[];
    readonly loss: readonly number[];
    readonly [name: string]: readonly number[];
  };
  readonly data: {
    readonly name: string;
    readonly origin: string;
    readonly note?: string;
    readonly trainImages: number;
    readonly testImages: number;
    /** How many of the test images `epochHistory` is of, where not of all. */
    readonly curveImages?: number;
  };
  readonly backend: string;
  readonly device: string;
  /** Seconds of training, tests included, over all interruptions. */
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly finished: string;
}

/** How a row is run. */
export interface RunOptions {
  readonly dataset: ImageDataset;
  readonly scale: number;
  readonly seed: number;
  /** What a reader of the result must know about the images. */
  readonly dataNote?: string;
  /** A network in place of the row's. */
  readonly model?: keyof typeof MODELS;
  /** Iterations from test to test. @default {a tenth of all, or what divides them} */
  readonly testEvery?: number;
  /** Tests on the first so many of the test images, and on all at the end. @default {all} */
  readonly curveImages?: number;
  readonly backend: Pick<SelectedBackend, "backend" | "device">;
  /** Where results and checkpoints go. */
  readonly out: string;
  /** A folder, in which each run has its own, for what TensorBoard shows. */
  readonly tensorboard?: string;
  readonly log: (line: string) => void;
  /** Stops at the next batch; a later run goes on from the last checkpoint. */
  readonly signal?: AbortSignal;
}

/** How often a run is tested and saved, at most, where nothing else is asked for. */
const PARTS = 10;

/** The images in a batch of the test. */
const TEST_BATCH = 100;

/** Iterations of a row at a scale. */
export function scaledIterations(row: PaperRow, scale: number): number {
  return Math.max(1, Math.round(row.iterations * scale));
}

/** `dataset` with at most its first `count` images to train on. */
function takeFirst(dataset: ImageDataset, count: number): ImageDataset {
  const { train, shape } = dataset;
  if (train.count <= count) return dataset;
  return {
    ...dataset,
    train: {
      images: train.images.subarray(0, count * imageSize(shape)),
      labels: train.labels.subarray(0, count),
      count,
    },
  };
}

/** The largest number of equal parts, at most {@linkcode PARTS}. */
function partsOf(iterations: number): number {
  let parts = Math.min(PARTS, iterations);
  while (iterations % parts !== 0) parts--;
  return parts;
}

/** Where a folder lies on somebody's machine is nobody else's concern. */
function originOf({ origin }: ImageDataset): string {
  return origin.replace(/ .*[/\\]/, " ");
}

/** A name of its own for each combination of what decides over the result. */
export async function runName(
  row: PaperRow,
  { dataset, scale, seed, model, testEvery, curveImages }: RunOptions,
): Promise<string> {
  // Words about a row decide over nothing.
  const { where: _, published: __, note: ___, control: ____, ...deciding } =
    row;
  const settings = JSON.stringify([
    model ?? row.model,
    dataset.name,
    originOf(dataset),
    dataset.train.count,
    dataset.test.count,
    deciding,
    testEvery,
    curveImages,
  ]);
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(settings)),
  );
  const short = Array.from(
    hash.subarray(0, 4),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  return `${row.id}_scale-${scale}_seed-${seed}_${short}`;
}

/** What a checkpoint of a row holds beside weights and schedule. */
interface SavedWithPart {
  readonly seconds: number;
  readonly plateau?: ReduceLROnPlateauState;
}

/** What lowers the rate of a row whose policy that is. */
function plateauOf(
  { rate }: PaperRow,
  scheduler: LearningRateScheduler,
): ReduceLROnPlateau | undefined {
  if (rate.policy !== "plateau") return undefined;
  const { factor, threshold } = rate;
  // The test images are not to decide over the rate.
  return new ReduceLROnPlateau({
    monitor: "loss",
    factor,
    threshold,
    patience: 0,
    scheduler,
  });
}

/** Saves each part, and the batch at which its signal is aborted. */
class PartSaver extends tf.Callback {
  readonly #save: () => Promise<unknown>;
  readonly #report: (logs: tf.Logs) => void;
  readonly #signal: AbortSignal | undefined;
  #left = 0;

  constructor(
    save: () => Promise<unknown>,
    report: (logs: tf.Logs) => void,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.#save = save;
    this.#report = report;
    this.#signal = signal;
  }

  override onEpochBegin(): Promise<void> {
    this.#left = this.params.steps as number;
    return Promise.resolve();
  }

  override async onBatchEnd(): Promise<void> {
    this.#left--;
    // The last batch is saved with what its part comes to.
    if (this.#signal?.aborted && this.#left > 0) await this.#save();
  }

  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    if (this.#left > 0) return;
    await this.#save();
    this.#report(logs ?? {});
  }
}

/**
 * Trains one row to its end and writes its result into `options.out`. A run
 * that was interrupted goes on where it was, to the same result but for the
 * average loss of the part that it was in, which is of the rest of that part.
 *
 * @returns The result, or undefined when the signal stopped it.
 */
export async function runRow(
  row: PaperRow,
  options: RunOptions,
): Promise<RowResult | undefined> {
  const { scale, seed, out, log, signal } = options;
  const modelName = options.model ?? row.model as keyof typeof MODELS;
  const paperModel: PaperModel = MODELS[modelName];
  const part = takeFirst(options.dataset, row.trainImages ?? Infinity);
  const dataset = paperModel.prepare?.(part) ?? part;
  const iterations = scaledIterations(row, scale);
  const perPart = options.testEvery ?? iterations / partsOf(iterations);
  const name = await runName(row, options);
  const folder = `${out}/${name}.checkpoint`;

  const normalization = paperModel.normalization(dataset);
  const train = new ImageBatches(dataset, "train", {
    batchSize: row.batchSize,
    normalization,
    seed,
    augmentation: paperModel.augmentation,
  });
  const test = new ImageBatches(dataset, "test", {
    batchSize: TEST_BATCH,
    normalization,
    shuffle: false,
  });
  const curveBatches = Math.min(
    Math.ceil((options.curveImages ?? Infinity) / TEST_BATCH),
    test.perEpoch,
  );
  const scheduler = new LearningRateScheduler(scheduleOf(row.rate, scale));
  const optimizer = SOLVERS[row.optimizer](scheduler.learningRate);
  const model = paperModel.create({
    seed,
    classes: dataset.classNames.length,
    channels: dataset.shape[2],
    optimizer,
    weightDecay: row.weightDecay,
  });
  try {
    using _rates = paperModel.layerRates &&
      layerRates(model, paperModel.layerRates);
    let secondsBefore = 0;
    const plateau = plateauOf(row, scheduler);
    const checkpoint = await loadCheckpoint(folder);
    if (checkpoint) {
      checkpoint.restore({ model, scheduler });
      const saved = checkpoint.data as SavedWithPart;
      secondsBefore = saved.seconds;
      if (saved.plateau) plateau?.restore(saved.plateau);
      log(`${row.id}: goes on from iteration ${checkpoint.iteration}`);
    }
    if (!checkpoint && row.continues !== undefined) {
      const first = ROWS.find(({ id }) => id === row.continues)!;
      log(`${row.id}: trains ${first.id} first`);
      const weights = await trainFirst(first, options);
      if (weights === undefined) return undefined;
      model.setWeights(weights);
      tf.dispose(weights);
    }
    const logger = options.tensorboard === undefined
      ? undefined
      : new TensorBoardLogger(`${options.tensorboard}/${name}`, { scheduler });
    await logger?.text(
      "plan",
      markdownTable([
        ["row", `${row.id}, seed ${seed}, scale ${scale}`],
        ["model", `${modelName}, ${row.optimizer}`],
        [
          "images",
          `${train.count} to train, ${test.count} to test (${dataset.name}, ${dataset.origin})`,
        ],
        ["learning rate", describeRate(row.rate, scale)],
        ["iterations", `${iterations} of batches of ${row.batchSize}`],
      ]),
    );
    const done = scheduler.totalIterations;
    setSteps(model, done);
    const start = performance.now();
    const seconds = () => secondsBefore + (performance.now() - start) / 1000;
    const saver = new PartSaver(
      () =>
        saveCheckpoint(folder, { model, scheduler }, {
          data: {
            seconds: seconds(),
            ...plateau && { plateau: plateau.toJSON() },
          },
          keep: 1,
        }),
      () => {
        const { iterations: at, val_acc, loss } = scheduler.epochHistory;
        const last = at.length - 1;
        const left = seconds() / at[last] * (iterations - at[last]);
        log(
          `${row.id} seed ${seed}: ${at[last]}/${iterations}, loss ${
            loss[last].toFixed(3)
          }, test accuracy ${(100 * val_acc[last]).toFixed(1)} %, ${
            Math.round(left)
          } s left`,
        );
      },
      // What the loss of a part comes to shows only where it is trained whole.
      plateau ? undefined : signal,
    );
    for (let at = done; at < iterations && !signal?.aborted;) {
      const part = Math.floor(at / perPart);
      const rest = Math.min((part + 1) * perPart, iterations) - at;
      const last = rest === perPart
        ? Math.floor(iterations / perPart)
        : part + 1;
      await model.fitDataset(train.dataset(at), {
        epochs: last,
        initialEpoch: part,
        batchesPerEpoch: rest,
        validationData: test.dataset(0, curveBatches),
        verbose: 0,
        callbacks: [
          ...(signal ? [new StopOnAbort(signal)] : []),
          scheduler,
          ...(plateau ? [plateau] : []),
          ...(logger ? [logger] : []),
          saver,
        ],
      });
      await scheduler.flush();
      at = Math.min(last * perPart, iterations);
    }
    if (signal?.aborted) return undefined;
    const accuracy = curveBatches < test.perEpoch
      ? await accuracyOf(model, test)
      : scheduler.epochHistory.val_acc.at(-1)!;
    const result = resultOf(row, options, {
      model: modelName,
      dataset,
      scheduler,
      accuracy,
      curveImages: curveBatches < test.perEpoch
        ? curveBatches * TEST_BATCH
        : undefined,
      seconds: seconds(),
    });
    await writeFile(`${out}/${name}.json`, resultText(result));
    await Deno.remove(folder, { recursive: true });
    return result;
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}

/** The share of all test images that are told rightly. */
async function accuracyOf(
  model: tf.LayersModel,
  test: ImageBatches,
): Promise<number> {
  const [loss, accuracy] = await model.evaluateDataset(
    test.dataset(0, test.perEpoch) as tf.data.Dataset<tf.TensorContainerObject>,
    {},
  ) as tf.Scalar[];
  const [value] = await accuracy.data();
  tf.dispose([loss, accuracy]);
  return value;
}

/** A result as JSON, each column of numbers in a line. */
function resultText(result: RowResult): string {
  return JSON.stringify(result, null, 2).replace(
    /\[[^[\]{}"]*\]/g,
    (column) => column.replaceAll(/\s+/g, " "),
  ) + "\n";
}

/** The weights at the end of a row, for another that goes on from there. */
async function trainFirst(
  row: PaperRow,
  { dataset, scale, seed, signal, model: modelName }: RunOptions,
): Promise<tf.Tensor[] | undefined> {
  const paperModel: PaperModel =
    MODELS[modelName ?? row.model as keyof typeof MODELS];
  const prepared = paperModel.prepare?.(dataset) ?? dataset;
  const train = new ImageBatches(prepared, "train", {
    batchSize: row.batchSize,
    normalization: paperModel.normalization(prepared),
    seed,
    augmentation: paperModel.augmentation,
  });
  const scheduler = new LearningRateScheduler(scheduleOf(row.rate, scale));
  const optimizer = SOLVERS[row.optimizer](scheduler.learningRate);
  const model = paperModel.create({
    seed,
    classes: prepared.classNames.length,
    channels: prepared.shape[2],
    optimizer,
  });
  try {
    await model.fitDataset(train.dataset(0), {
      epochs: 1,
      batchesPerEpoch: scaledIterations(row, scale),
      verbose: 0,
      callbacks: [...(signal ? [new StopOnAbort(signal)] : []), scheduler],
    });
    if (signal?.aborted) return undefined;
    return model.getWeights().map((weight) => tf.keep(weight.clone()));
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}

/** Six digits: a test image in a million, and files that are not full of noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function resultOf(
  row: PaperRow,
  { scale, seed, backend, dataNote }: RunOptions,
  { model, dataset, scheduler, accuracy, curveImages, seconds }: {
    readonly model: string;
    readonly dataset: ImageDataset;
    readonly scheduler: LearningRateScheduler;
    readonly accuracy: number;
    readonly curveImages?: number;
    readonly seconds: number;
  },
): RowResult {
  const { iterations, val_acc, loss, ...others } = scheduler.epochHistory;
  const column = (values: ArrayLike<number>) => Array.from(values, rounded);
  const epochHistory: RowResult["epochHistory"] = {
    iterations: Array.from(iterations),
    val_acc: column(val_acc),
    loss: column(loss),
    ...Object.fromEntries(
      Object.entries(others).map(([name, values]) => [name, column(values)]),
    ),
  };
  const accuracies = epochHistory.val_acc;
  return {
    row: row.id,
    model,
    optimizer: row.optimizer,
    scale,
    seed,
    iterations: scheduler.totalIterations,
    batchSize: row.batchSize,
    rate: describeRate(row.rate, scale),
    accuracy: rounded(100 * accuracy),
    bestAccuracy: rounded(100 * Math.max(accuracy, ...accuracies)),
    diverged: epochHistory.loss.some(Number.isNaN),
    epochHistory,
    data: {
      name: dataset.name,
      origin: originOf(dataset),
      note: dataNote ?? dataset.originNote,
      trainImages: dataset.train.count,
      testImages: dataset.test.count,
      curveImages,
    },
    backend: backend.backend,
    device: backend.device,
    seconds,
    versions: {
      "@clr/clr": VERSION,
      "@tensorflow/tfjs": tf.version.tfjs,
      deno: Deno.version.deno,
    },
    finished: new Date().toISOString(),
  };
}
