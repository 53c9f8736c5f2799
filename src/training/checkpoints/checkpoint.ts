import { checkSubject } from "./_check_subject.ts";
import { checkFolder } from "../../runtime/check_given.ts";
import { fileSystem } from "../../runtime/builtin.ts";
import { isNotPermitted } from "../../runtime/system_error.ts";
import { numbersIn, pathOf } from "./_checkpoint_folder.ts";
import { readContent } from "./_checkpoint_format.ts";
import { checkModel, WholeCheckpoint } from "./_restore_checkpoint.ts";
import { checkKeep, writeCheckpoint } from "./_write_checkpoint.ts";
import type {
  Checkpoint,
  CheckpointSubject,
  DamagedCheckpoint,
  RestoreOptions,
} from "./checkpoint_content.ts";
import { CheckpointError } from "./checkpoint_error.ts";
import { errorMessage } from "../../runtime/error_message.ts";
import { checkOptions, flag } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    data: 0,
    keep: 0,
    replace: 0,
  } satisfies Record<keyof SaveCheckpointOptions, 0>,
);

export { CheckpointError };
export type {
  Checkpoint,
  CheckpointSubject,
  DamagedCheckpoint,
  RestoreOptions,
};

/** Options of {@linkcode saveCheckpoint}. */
export interface SaveCheckpointOptions {
  /**
   * What else the run needs to go on, such as the seed of the data's order. Any
   * JSON, and NaN, the infinities and −0, which come back as they are.
   */
  data?: unknown;
  /**
   * How many checkpoints the folder keeps.
   *
   * @default {2}
   */
  keep?: number;
  /**
   * Whether checkpoints of another run, which this model was not restored from,
   * are removed as soon as this one is written, and parts of its own run may be
   * missing that were not restored.
   *
   * @default {false}
   */
  replace?: boolean;
}

/**
 * Saves a training run so that {@linkcode loadCheckpoint} goes on from here to
 * the same weights, bit for bit: the weights, every slot, count and cached
 * constant of the optimizer, the schedule with its history, averages and
 * snapshots where they are given, and `data`.
 *
 * A checkpoint is a folder of two files within `folder`: `checkpoint.json`, with
 * a format version and checksums, and `tensors.safetensors`, which other tools
 * read. It is written beside and renamed, so that a process killed at any moment
 * leaves the ones before it whole; then all but the last `keep` are removed. The
 * schedule's history lies beside them in a file that grows, and each snapshot in
 * a file of its own: a checkpoint writes the rows and the snapshots that are new,
 * however long the run is.
 *
 * Calls at the same time wait for each other, those of other processes too. One
 * run alone saves into a folder: its model was saved there before or restored
 * from there, or there was none.
 *
 * @param folder Made if it is not there.
 * @returns The folder of the checkpoint.
 * @throws {TypeError} If the model is not compiled or has a stateful recurrent
 * layer, whose state is not saved, or averages or snapshots are of another
 * model, or averages are in use.
 * @throws {CheckpointError} If the newest checkpoint there is of another run, or has
 * a scheduler, averages or snapshots that were not restored with the model, which
 * `replace` is not to lose.
 * @throws What the file system throws; the checkpoints before it remain.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "adam", loss: "meanSquaredError" });
 *
 * const folder = await Deno.makeTempDir();
 * await saveCheckpoint(folder, { model });
 * const checkpoint = await loadCheckpoint(folder);
 * checkpoint?.restore({ model });
 * ```
 *
 * @example With an average of the weights
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import {
 *   ExponentialMovingAverage,
 *   loadCheckpoint,
 *   saveCheckpoint,
 * } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "adam", loss: "meanSquaredError" });
 * using averages = new ExponentialMovingAverage(model);
 *
 * const folder = await Deno.makeTempDir();
 * await saveCheckpoint(folder, { model, averages });
 * const checkpoint = await loadCheckpoint(folder);
 * checkpoint?.restore({ model, averages });
 * ```
 */
export async function saveCheckpoint(
  folder: string,
  subject: CheckpointSubject,
  options: SaveCheckpointOptions = {},
): Promise<string> {
  checkFolder("save a checkpoint", folder);
  checkSubject("save a checkpoint", subject);
  checkNames("save a checkpoint", options, NAMES);
  checkOptions("save a checkpoint", options, { replace: flag });
  const { data = null, keep = 2, replace } = options;
  checkModel(subject.model, "save a checkpoint");
  checkKeep(keep);
  const replaces = replace ? Infinity : 0;
  const write = { data, keep, replaces };
  return pathOf(folder, await writeCheckpoint(folder, subject, write));
}

/**
 * The newest checkpoint in `folder` that is whole. One that was cut off, changed
 * or cannot be read is passed over; `damaged` of the result says which and why.
 *
 * @returns Undefined if there is no checkpoint.
 * @throws {CheckpointError} If there are checkpoints and all are damaged, or a newer
 * release of this package wrote the newest one that is whole.
 *
 * @example
 * ```ts
 * import { loadCheckpoint } from "@clr/clr/training";
 *
 * const checkpoint = await loadCheckpoint("no/such/folder");
 * console.log(checkpoint); // undefined
 * ```
 */
export async function loadCheckpoint(
  folder: string,
): Promise<Checkpoint | undefined> {
  checkFolder("resume", folder);
  const numbers = await numbersIn(folder);
  const newest = numbers.at(-1) ?? 0;
  const { realpath } = fileSystem("resume");
  const damaged: DamagedCheckpoint[] = [];
  for (const number of numbers.reverse()) {
    const path = pathOf(folder, number);
    try {
      const content = await readContent(folder, path);
      const place = { path, folder: await realpath(folder), newest };
      return new WholeCheckpoint(place, damaged, content);
    } catch (error) {
      // Neither a permission that Deno was not given nor a newer release is a
      // fault of the file: whoever went on from the one before would lose it.
      if (isNotPermitted(error) || error instanceof CheckpointError) {
        throw error;
      }
      damaged.push({ path, reason: errorMessage(error) });
    }
  }
  if (damaged.length === 0) return undefined;
  throw new CheckpointError(
    `Cannot resume from ${folder} as one of its checkpoints must be whole: ${
      damaged.map(({ path, reason }) => `${path}: ${reason}`).join("; ")
    }`,
  );
}
