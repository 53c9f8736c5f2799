import * as tf from "@tensorflow/tfjs";
import { LearningRateScheduler } from "@clr/clr";
import { markdownTable, writeFile } from "@clr/clr/command";
import {
  layerRates,
  loadCheckpoint,
  ReduceLROnPlateau,
  type ReduceLROnPlateauState,
  saveCheckpoint,
  StopOnAbort,
  TensorBoardLogger,
} from "@clr/clr/training";
import type { FolderBatches } from "../datasets/folder_batches.ts";
import type { ImageBatches } from "../datasets/image_batches.ts";
import { setSteps } from "../models/_counted_layer.ts";
import { PartSaver } from "./_part_saver.ts";
import { logFolderOf, logOf, type SavedLog } from "../training/log_folder.ts";
import { batchesOf, prepare } from "./batches.ts";
import { describeRate } from "./describe_rate.ts";
import { findRate } from "./found_rate.ts";
import { MODELS, type PaperModel } from "./models.ts";
import { type Rate, type RateBounds, scheduleOf } from "./rate.ts";
import { resultOf, resultText, type RowResult } from "./row_result.ts";
import { type PaperRow, ROWS } from "./rows.ts";
import { runName } from "./run_name.ts";
import type { RunOptions } from "./run_options.ts";
import { SOLVERS } from "./solvers.ts";

/** How often a run is tested and saved, at most, where nothing else is asked for. */
const PARTS = 10;

/** The images in a batch of the test. */
const TEST_BATCH = 100;

/** Iterations of a row at a scale. */
export function scaledIterations(row: PaperRow, scale: number): number {
  return Math.max(1, Math.round(row.iterations * scale));
}

/** The largest number of equal parts, at most {@linkcode PARTS}. */
function partsOf(iterations: number): number {
  let parts = Math.min(PARTS, iterations);
  while (iterations % parts !== 0) parts--;
  return parts;
}

/** What an optimizer is made with; the schedule sets its rate for the first batch. */
const BEFORE_SCHEDULE = 1e-3;

/** What a checkpoint of a row holds beside weights and schedule. */
interface SavedWithPart extends SavedLog {
  readonly seconds: number;
  readonly plateau?: ReduceLROnPlateauState;
  readonly foundBounds?: RateBounds;
}

/** What lowers the rate of a row whose policy that is. */
function plateauOf(
  rate: Rate,
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
  const dataset = prepare(options.dataset, paperModel, row.trainImages);
  const iterations = scaledIterations(row, scale);
  const perPart = options.testEvery ?? iterations / partsOf(iterations);
  const name = await runName(row, options);
  const folder = `${out}/${name}.checkpoint`;

  const { train, test } = batchesOf(
    dataset,
    { model: paperModel, batchSize: row.batchSize, seed },
    TEST_BATCH,
  );
  const curveBatches = Math.min(
    Math.ceil((options.curveImages ?? Infinity) / TEST_BATCH),
    test.perEpoch,
  );
  const optimizer = SOLVERS[row.optimizer](BEFORE_SCHEDULE);
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
    const checkpoint = await loadCheckpoint(folder);
    const saved = checkpoint?.data as SavedWithPart | undefined;
    const found = await findRate(
      row,
      { model, train, saved: saved?.foundBounds },
      options,
    );
    if (!found) return undefined;
    const { rate, foundBounds } = found;
    const scheduler = new LearningRateScheduler(scheduleOf(rate, scale));
    const plateau = plateauOf(rate, scheduler);
    if (checkpoint) {
      checkpoint.restore({ model, scheduler });
      secondsBefore = saved!.seconds;
      if (saved!.plateau) plateau?.restore(saved!.plateau);
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
    const logs = options.tensorboard && `${options.tensorboard}/${name}`;
    const logFolder = logs && await logFolderOf(logs, saved);
    const logger = logFolder === undefined
      ? undefined
      : new TensorBoardLogger(logFolder, { scheduler });
    await logger?.text(
      "plan",
      markdownTable([
        ["row", `${row.id}, seed ${seed}, scale ${scale}`],
        ["model", `${modelName}, ${row.optimizer}`],
        [
          "images",
          `${train.count} to train, ${test.count} to test (${dataset.name}, ${dataset.origin})`,
        ],
        ["learning rate", describeRate(rate, scale)],
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
            log: logOf(logs, logFolder),
            ...plateau && { plateau: plateau.toJSON() },
            ...foundBounds && { foundBounds },
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
      foundBounds,
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
  test: ImageBatches | FolderBatches,
): Promise<number> {
  const [loss, accuracy] = await model.evaluateDataset(
    test.dataset(0, test.perEpoch) as tf.data.Dataset<tf.TensorContainerObject>,
    {},
  ) as tf.Scalar[];
  const [value] = await accuracy.data();
  tf.dispose([loss, accuracy]);
  return value;
}

/** The weights at the end of a row, for another that goes on from there. */
async function trainFirst(
  row: PaperRow,
  options: RunOptions,
): Promise<tf.Tensor[] | undefined> {
  const { dataset, scale, seed, signal, model: modelName } = options;
  const paperModel: PaperModel =
    MODELS[modelName ?? row.model as keyof typeof MODELS];
  const prepared = prepare(dataset, paperModel);
  const { train } = batchesOf(
    prepared,
    { model: paperModel, batchSize: row.batchSize, seed },
    TEST_BATCH,
  );
  const optimizer = SOLVERS[row.optimizer](BEFORE_SCHEDULE);
  const model = paperModel.create({
    seed,
    classes: prepared.classNames.length,
    channels: prepared.shape[2],
    optimizer,
  });
  try {
    const found = await findRate(row, { model, train }, options);
    if (!found) return undefined;
    const scheduler = new LearningRateScheduler(scheduleOf(found.rate, scale));
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
