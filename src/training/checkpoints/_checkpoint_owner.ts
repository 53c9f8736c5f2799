/** Which run the checkpoints of a folder are of: one alone saves there. */

import { pathOf } from "./_checkpoint_folder.ts";
import { readHeader } from "./_checkpoint_format.ts";
import { CheckpointError } from "./checkpoint_error.ts";
import { weightsInOrder } from "../../tfjs/named_weights.ts";
import type { LayersModel } from "../../tfjs/types.ts";

/** What is known of a folder by a run that saved there or goes on from there. */
interface Known {
  /** The newest checkpoint. */
  readonly newest: number;
  /** The parts that it has and the run was not given back, such as "averages". */
  readonly left: readonly string[];
}

/**
 * The newest checkpoint in each folder that a run wrote or goes on from, by the
 * first of the weights: what `fit` gives callbacks is not always the model itself,
 * and a next phase of a run may have another optimizer.
 */
const known = new WeakMap<object, Map<string, Known>>();

/** {@linkcode known} of the run that `model` is of, to be written to. */
export function knownOf(model: LayersModel): Map<string, Known> {
  const [run = model] = weightsInOrder(model);
  const own = known.get(run) ?? new Map<string, Known>();
  known.set(run, own);
  return own;
}

/** Notes that what is in `folder` up to `newest` is of the run that `model` is of. */
export function noteRestored(
  folder: string,
  model: LayersModel,
  { newest, left }: Known,
): void {
  const own = knownOf(model);
  const before = own.get(folder);
  own.set(folder, {
    newest: Math.max(before?.newest ?? 0, newest),
    // A run that has all parts of its own may go back with some alone.
    left: before?.left.length === 0 ? [] : left,
  });
}

/**
 * Throws where the newest checkpoint in `folder`, which is named without links, is
 * of another run than the one that `model` is of, or has parts that this run was
 * not given back, and which would be lost.
 *
 * @param named The folder as the caller named it.
 */
export async function checkOwn(
  folder: string,
  { model, newest, named }: {
    readonly model: LayersModel;
    readonly newest: number;
    readonly named: string;
  },
): Promise<void> {
  const own = knownOf(model).get(folder);
  if (own && newest <= own.newest) {
    if (own.left.length === 0) return;
    const parts = own.left.join(" and ");
    throw new CheckpointError(
      `Cannot save a checkpoint in ${named} as all that was saved there must have been restored: current value is without its ${parts}. Pass ${parts} to restore as well, save into another folder, or lose what was saved with replace: true`,
    );
  }
  const path = pathOf(folder, newest);
  throw new CheckpointError(
    `Cannot save a checkpoint in ${named} as one run alone must do so: ${
      pathOf(named, newest)
    }${await describeProgress(
      path,
    )} is of another. Go on from it with loadCheckpoint and its restore, save into another folder, or lose it with replace: true`,
  );
}

/** ", after 400 iterations,", where the checkpoint says so. */
async function describeProgress(path: string): Promise<string> {
  try {
    const { scheduler } = await readHeader(path);
    const count = scheduler?.totalIterations;
    return count === undefined ? "" : `, after ${count} iterations,`;
  } catch (error) {
    // A damaged one is no less of another run.
    if (error instanceof RangeError || error instanceof CheckpointError) {
      return "";
    }
    throw error;
  }
}
