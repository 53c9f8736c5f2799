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
  readonly backend: Pick<SelectedBackend, "backend" | "device">;
  /** Where results and checkpoints go. */
  readonly out: string;
  /** A folder, in which each run has its own, for what TensorBoard shows. */
  readonly tensorboard?: string;
  readonly log: (line: string) => void;
  /** Stops at the next batch; a later run goes on from the last checkpoint. */
  readonly signal?: AbortSignal;
}

/** How often a run is tested and saved, at most. */
const PARTS = 10;

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

/** A name of its own for each combination of what decides over the result. */
export async function runName(
  row: PaperRow,
  { dataset, scale, seed, model }: RunOptions,
): Promise<string> {
  const settings = JSON.stringify([
    model ?? row.model,
    dataset.name,
    dataset.origin,
    dataset.train.count,
    dataset.test.count,
    row,
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
  const parts = partsOf(iterations);
  const perPart = iterations / parts;
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
    batchSize: 100,
    normalization,
    shuffle: false,
  });
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
    let plateau = plateauOf(row, scheduler);
    const checkpoint = await loadCheckpoint(folder);
    if (checkpoint) {
      checkpoint.restore({ model, scheduler });
      const saved = checkpoint.data as SavedWithPart;
      secondsBefore = saved.seconds;
      if (saved.plateau) {
        plateau = ReduceLROnPlateau.fromJSON(saved.plateau, { scheduler });
      }
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
      const rest = (part + 1) * perPart - at;
      const whole = rest === perPart;
      await model.fitDataset(train.dataset(at), {
        epochs: whole ? parts : part + 1,
        initialEpoch: part,
        batchesPerEpoch: rest,
        validationData: test.dataset(0, test.perEpoch),
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
      at = whole ? iterations : at + rest;
    }
    if (signal?.aborted) return undefined;
    const result = resultOf(row, options, {
      model: modelName,
      dataset,
      scheduler,
      seconds: seconds(),
    });
    await writeFile(`${out}/${name}.json`, JSON.stringify(result, null, 2));
    await Deno.remove(folder, { recursive: true });
    return result;
  } finally {
    optimizer.dispose();
    model.dispose();
  }
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

function resultOf(
  row: PaperRow,
  { scale, seed, backend, dataNote }: RunOptions,
  { model, dataset, scheduler, seconds }: {
    readonly model: string;
    readonly dataset: ImageDataset;
    readonly scheduler: LearningRateScheduler;
    readonly seconds: number;
  },
): RowResult {
  const { iterations, val_acc, loss, ...others } = scheduler.epochHistory;
  const epochHistory: RowResult["epochHistory"] = {
    iterations: Array.from(iterations),
    val_acc: Array.from(val_acc),
    loss: Array.from(loss),
    ...Object.fromEntries(
      Object.entries(others).map((
        [name, values],
      ) => [name, Array.from(values)]),
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
    accuracy: 100 * accuracies.at(-1)!,
    bestAccuracy: 100 * Math.max(...accuracies),
    diverged: epochHistory.loss.some(Number.isNaN),
    epochHistory,
    data: {
      name: dataset.name,
      // Where a folder lies on somebody's machine is nobody else's concern.
      origin: dataset.origin.replace(/ .*[/\\]/, " "),
      note: dataNote ?? dataset.originNote,
      trainImages: dataset.train.count,
      testImages: dataset.test.count,
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
