import type { Callback } from "../../tfjs/types.ts";
import { show } from "../../runtime/check_data.ts";

/** How long a `fit` or `fitDataset` is. */
export interface TrainingRun {
  /** Batches of an epoch. */
  readonly batchesPerEpoch: number;
  /** The epochs that it trains: those from `initialEpoch` on. */
  readonly epochs: number;
}

/** What tfjs tells callbacks of a run; null where it does not know. */
interface FitParameters {
  readonly epochs?: number | null;
  readonly initialEpoch?: number | null;
  readonly samples?: number | null;
  readonly batchSize?: number | null;
  readonly steps?: number | null;
}

/**
 * How long the run is that a callback was given the parameters of.
 *
 * @param batchesPerEpoch Where it is known otherwise.
 * @throws {RangeError} If nothing says how many batches an epoch has: of a
 * Dataset whose size shows only as it is read.
 */
export function trainingRun(
  params: Callback["params"] | undefined,
  batchesPerEpoch?: number,
): TrainingRun {
  const { epochs, initialEpoch, samples, batchSize, steps } =
    (params ?? {}) as FitParameters;
  const batches = batchesPerEpoch ?? steps ??
    (samples && batchSize ? Math.ceil(samples / batchSize) : undefined);
  if (batches === undefined || !epochs) {
    throw new RangeError(
      "Cannot follow a schedule measured in epochs as the batches of an epoch must be known: current value is unknown, as of a Dataset that is filtered, generated or repeated without end; give batchesPerEpoch to fitDataset or to the schedule",
    );
  }
  return { batchesPerEpoch: batches, epochs: epochs - (initialEpoch ?? 0) };
}

/** Throws unless the batches of an epoch are a whole number >= 1, or unknown. */
export function checkBatchesPerEpoch(
  action: string,
  batchesPerEpoch: number | undefined,
): void {
  if (
    batchesPerEpoch === undefined ||
    Number.isSafeInteger(batchesPerEpoch) && batchesPerEpoch >= 1
  ) return;
  throw new RangeError(
    `Cannot ${action} as batchesPerEpoch must be a whole number >= 1: current value is ${
      show(batchesPerEpoch)
    }`,
  );
}

/** A schedule that is measured in epochs and waits for `fit` to say how long they are. */
export function unresolved(): never {
  throw new RangeError(
    "Cannot evaluate a schedule measured in epochs as the batches of an epoch must be known: it is when fit begins; before, and in a loop of one's own, give batchesPerEpoch, and to a OneCycleLR epochs too, or its iterations",
  );
}
