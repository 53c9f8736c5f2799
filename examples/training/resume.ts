import type * as tf from "@tensorflow/tfjs";
import { LearningRateRange } from "@clr/clr";
import {
  type Checkpoint,
  CheckpointError,
  loadCheckpoint,
  type ReduceLROnPlateauState,
} from "@clr/clr/training";
import type { ImageBatches } from "../datasets/image_batches.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import { remove } from "./older_results.ts";
import type { RateMode } from "./rate_mode.ts";
import { paragraph } from "./paragraph.ts";

/** What must be the same for a run to go on from a checkpoint. */
export interface RunIdentity {
  readonly modelName: string;
  readonly dataset: ImageDataset;
  readonly rate: RateMode;
  readonly batchSize: number;
  readonly seed: number;
  /** Every option of the command line. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The identity of a run as plain data, which its checkpoints carry. */
export function identityOf(run: RunIdentity): Record<string, unknown> {
  const { dataset } = run;
  return {
    model: run.modelName,
    data: `${dataset.name}, ${dataset.origin}`,
    "training images": dataset.train.count,
    "batch size": run.batchSize,
    seed: run.seed,
    // A program without a choice has none.
    ...run.options.optimizer !== undefined &&
      { optimizer: run.options.optimizer },
    schedule: run.rate.options,
  };
}

function checkIdentity(checkpoint: Checkpoint, run: RunIdentity): void {
  const saved = checkpoint.data as Record<string, unknown> | null;
  const own = JSON.parse(JSON.stringify(identityOf(run)));
  for (const [name, value] of Object.entries(own)) {
    // Runs that began before checkpoints told their optimizer do not say.
    if (name === "optimizer" && saved?.[name] === undefined) continue;
    const [required, given] = [saved?.[name], value].map((item) =>
      JSON.stringify(item)
    );
    if (required !== given) {
      throw new RangeError(
        `Cannot resume from ${checkpoint.path} as the ${name} must be ${required}: current value is ${given}`,
      );
    }
  }
}

/** The folder of a run's checkpoints. */
export function checkpointsOf({ out }: { readonly out: string }): string {
  return `${out}/checkpoints`;
}

/**
 * Throws where a run that begins anew would take the place of one that can go on.
 *
 * @throws {CheckpointError} If `out` has checkpoints; the message says what there is
 * to do.
 */
export async function checkBeginsAlone(out: string): Promise<void> {
  const begin = `Cannot begin a run in ${out} as no other must be there`;
  const ways =
    "name another folder with --out, or lose what is there with --overwrite";
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await loadCheckpoint(checkpointsOf({ out }));
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(
      `${begin}, and it has one that cannot be read; ${ways}. ${cause.message}`,
      { cause },
    );
  }
  if (checkpoint === undefined) return;
  const { path, iteration } = checkpoint;
  throw new CheckpointError(
    `${begin}: ${path} is of one, after ${iteration} iterations. Go on from it with --resume, ${ways}`,
  );
}

/** Removes the checkpoints of the run that was in `out`. */
export async function removeCheckpoints(out: string): Promise<void> {
  await remove(checkpointsOf({ out }));
}

/**
 * Puts `model` and the run's schedule where the run's newest whole checkpoint has
 * them, and says so; without one the run starts from the beginning.
 *
 * @param iterations To which the run is to be trained altogether.
 * @returns How often the run was saved, where its checkpoint says so.
 * @throws {RangeError} If the checkpoint is of another run, or beyond its end.
 * @throws {CheckpointError} If every checkpoint is damaged, or the model differs.
 */
export async function resumeRun(
  model: tf.LayersModel,
  run: RunIdentity & { readonly out: string },
  iterations: number,
): Promise<number | undefined> {
  const folder = checkpointsOf(run);
  const checkpoint = await loadCheckpoint(folder);
  if (checkpoint === undefined) {
    console.log(`No checkpoint in ${folder}: starting from the beginning.\n`);
    return undefined;
  }
  for (const { path, reason } of checkpoint.damaged) {
    console.error(`Passed over ${path}, which is damaged: ${reason}.`);
  }
  checkIdentity(checkpoint, run);
  if (checkpoint.iteration > iterations) {
    throw new RangeError(
      `Cannot resume from ${checkpoint.path} as --epochs must come to its ${checkpoint.iteration} iterations at least: current value comes to ${iterations}`,
    );
  }
  const { scheduler, plateau } = run.rate;
  checkpoint.restore({ model, scheduler });
  const saved = checkpoint.data as {
    readonly plateau?: ReduceLROnPlateauState;
    readonly every?: number;
  };
  if (plateau && saved.plateau) plateau.restore(saved.plateau);
  console.log(
    paragraph(
      `Resuming after ${checkpoint.iteration} iterations from ${checkpoint.path}.`,
    ) + "\n",
  );
  return saved.every;
}

/**
 * The range test of the run in the folder `out`, whose bounds a run that goes on
 * keeps; undefined where there is none, or it found no bounds to train between.
 *
 * @throws {CheckpointError} If the file is damaged.
 */
export async function readRange(
  out: string,
): Promise<LearningRateRange | undefined> {
  const path = `${out}/lr_range.json`;
  try {
    const range = LearningRateRange.fromJSON(await Deno.readTextFile(path));
    if (range.verdict !== "good") return undefined;
    console.log(`With the bounds of ${path}.\n`);
    return range;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new CheckpointError(
      `Cannot resume with the bounds of ${path} as it must hold a range test: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
}

/** Options of {@linkcode fitFrom}. */
export interface FitFromOptions {
  readonly epochs: number;
  readonly validationData: tf.data.Dataset<tf.TensorContainer>;
  readonly callbacks: tf.Callback[];
  /** Where to start: batches that were trained before. */
  readonly start: number;
  /** Whether training was stopped before its end. */
  readonly stopped: () => boolean;
}

/**
 * `fitDataset` from the middle of an epoch, which it cannot do by itself: the
 * rest of that epoch first, then whole ones. The averages of the epoch that was
 * interrupted are of its rest.
 */
export async function fitFrom(
  model: tf.LayersModel,
  batches: ImageBatches,
  options: FitFromOptions,
): Promise<void> {
  const { epochs, validationData, callbacks, stopped } = options;
  const { perEpoch } = batches;
  let start = options.start;
  while (start < epochs * perEpoch && !stopped()) {
    const epoch = Math.floor(start / perEpoch);
    const rest = (epoch + 1) * perEpoch - start;
    const whole = rest === perEpoch;
    await model.fitDataset(batches.dataset(start), {
      initialEpoch: epoch,
      epochs: whole ? epochs : epoch + 1,
      batchesPerEpoch: rest,
      validationData,
      verbose: 0,
      callbacks,
    });
    start = whole ? epochs * perEpoch : start + rest;
  }
}
