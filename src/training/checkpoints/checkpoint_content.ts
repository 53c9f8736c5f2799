import type { LayersModel } from "../../tfjs/types.ts";
import type { CycleSnapshots } from "../weights/cycle_snapshots.ts";
import type { ExponentialMovingAverage } from "../weights/exponential_moving_average.ts";
import type { LearningRateScheduler } from "../schedulers/learning_rate_scheduler.ts";

/** What is saved of a training run, and restored. */
export interface CheckpointSubject {
  /** The compiled model, with its optimizer. */
  readonly model: LayersModel;
  /** The schedule that is followed, with its history. */
  readonly scheduler?: LearningRateScheduler;
  /** An exponential moving average of the model's weights. */
  readonly averages?: ExponentialMovingAverage;
  /** The model's snapshots at the ends of cycles. */
  readonly snapshots?: CycleSnapshots;
}

/** The parts of a {@linkcode CheckpointSubject}, by name. */
export const SUBJECT_NAMES: readonly string[] = Object.keys(
  {
    model: 0,
    scheduler: 0,
    averages: 0,
    snapshots: 0,
  } satisfies Record<keyof CheckpointSubject, 0>,
);

/** Options of {@linkcode Checkpoint.restore}. */
export interface RestoreOptions {
  /**
   * Whether the optimizer goes on too. Without it, the model's optimizer stays
   * as it is, of whatever kind: for a next phase of training.
   *
   * @default {true}
   */
  optimizer?: boolean;
}

/** A checkpoint that was passed over, and why. */
export interface DamagedCheckpoint {
  /** Its folder. */
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** A checkpoint that was read and found whole. */
export interface Checkpoint {
  /** Its folder. */
  readonly path: string;
  /** Newer checkpoints that were found damaged, and passed over. */
  readonly damaged: readonly DamagedCheckpoint[];
  /** Batches trained when it was saved; 0 without a scheduler. */
  readonly iteration: number;
  /** The `data` it was saved with. */
  readonly data: unknown;
  /**
   * Gives `subject` what was saved. What goes on from here ends as the run that
   * was saved would have, bit for bit on the CPU and WASM backends.
   *
   * Names decide which weight goes where, so layers may be frozen that were not,
   * and the other way round. An optimizer's slots go with their weights, also
   * those of weights that were trained before they were frozen, as a run that is
   * not interrupted keeps them; weights that were never trained start as in a
   * first step.
   *
   * What was saved and is not asked for is left where it is: to predict, the model
   * is enough. A run that goes on needs all of it, so `saveCheckpoint` and
   * `Checkpointer` refuse to save over parts that were not restored, unless the
   * optimizer was not either, for a next phase.
   *
   * @throws {CheckpointError} If the model has other weights or another kind of
   * optimizer, or a scheduler, averages or snapshots are given and none were
   * saved, or some that do not fit; nothing is then changed.
   * @throws {TypeError} If the averages are in use.
   */
  restore(subject: CheckpointSubject, options?: RestoreOptions): void;
}
