import type * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import type { FolderBatches } from "../datasets/folder_batches.ts";
import type { ImageBatches } from "../datasets/image_batches.ts";
import { boundRate, type Rate, type RateBounds } from "./rate.ts";
import type { PaperRow } from "./rows.ts";
import type { RunOptions } from "./run_options.ts";

/** A row's range test showed no bounds to train between. */
export class NoBoundsError extends Error {
  override name = "NoBoundsError";
}

/** The rate of a row, with the bounds that it has from a range test, if from one. */
export interface FoundRow {
  readonly rate: Rate;
  readonly foundBounds?: RateBounds;
}

/**
 * The rate of `row`. If it wants found bounds, they are `saved` or those that a
 * range test reads from the model as it is.
 *
 * @returns The rate, or undefined when the signal stopped the test.
 * @throws {NoBoundsError} If the test shows no bounds.
 */
export async function findRate(
  row: PaperRow,
  { model, train, saved }: {
    readonly model: tf.LayersModel;
    readonly train: ImageBatches | FolderBatches;
    /** What was found before the run was interrupted. */
    readonly saved?: RateBounds;
  },
  { seed, log, signal }: Pick<RunOptions, "seed" | "log" | "signal">,
): Promise<FoundRow | undefined> {
  if (row.rate.policy !== "found") return { rate: row.rate };
  if (saved) return { rate: boundRate(row.rate, saved), foundBounds: saved };
  const range = await findLearningRate(model, train.dataset(), { signal });
  if (signal?.aborted) return undefined;
  const { baseLr, maxLr, verdict, advice } = range;
  if (baseLr === undefined || maxLr === undefined) {
    throw new NoBoundsError(
      `Cannot train ${row.id} as its range test must show both bounds: its verdict is ${verdict}. ${advice}`,
    );
  }
  log(
    `${row.id} seed ${seed}: found ${baseLr.toPrecision(3)} to ${
      maxLr.toPrecision(3)
    }, ${verdict}`,
  );
  const foundBounds = { baseLr, maxLr };
  return { rate: boundRate(row.rate, foundBounds), foundBounds };
}
