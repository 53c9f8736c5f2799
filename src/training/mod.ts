/**
 * Driving the learning rate of tfjs optimizers: schedulers, their history, and
 * what training with them needs.
 *
 * | for | there is |
 * | --- | --- |
 * | the rate | `CyclicLR`, `OneCycleLR`, `ReduceLROnPlateau`, `LearningRateScheduler` for any schedule; `setLearningRate`, `setMomentum` |
 * | other numbers | `HyperparameterScheduler`, `setDropoutRate` |
 * | rates by layer | `layerRates` |
 * | decoupled weight decay | `AdamW`, `SGDW` |
 * | better weights than the last | `ExponentialMovingAverage`, `CycleSnapshots` |
 * | runs that stop and go on | `Checkpointer`, `saveCheckpoint`, `loadCheckpoint`, `StopOnAbort`, `untilAborted` |
 * | what was recorded | `history` of each scheduler, `toCsv`, `TensorBoardLogger` |
 * | several callbacks in one `fit` | `combineCallbacks` |
 *
 * @example One cycle with averaged weights, saved as it goes
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import {
 *   AdamW,
 *   Checkpointer,
 *   ExponentialMovingAverage,
 *   OneCycleLR,
 * } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: new AdamW(), loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2]);
 *
 * const rate = new OneCycleLR({ maxLr: 0.1 });
 * using average = new ExponentialMovingAverage(model, { decay: 0.9 });
 * const saver = new Checkpointer(await Deno.makeTempDir(), {
 *   scheduler: rate,
 *   averages: average,
 *   every: 16,
 * });
 * await model.fit(xs, xs.sum(1, true), {
 *   batchSize: 8,
 *   epochs: 4,
 *   verbose: 0,
 *   callbacks: [rate, average, saver],
 * });
 * console.log(`${rate}`, rate.epochHistory.loss);
 * ```
 *
 * @module
 */

export * from "./optimizers/adam_w.ts";
export * from "./callbacks.ts";
export * from "./checkpoints/checkpoint.ts";
export * from "./checkpoints/checkpointer.ts";
export {
  type AverageOptions,
  CycleSnapshots,
  type CycleSnapshotsOptions,
  type EnsemblePredictOptions,
} from "./weights/cycle_snapshots.ts";
export * from "./schedulers/cyclic_lr.ts";
export type {
  CycleEnd,
  CyclicLRFromJSONOptions,
  CyclicLRFromRangeOptions,
  CyclicLROptions,
  CyclicLRResetOptions,
} from "./schedulers/cyclic_lr_options.ts";
export type { CyclicLRState } from "./schedulers/cyclic_lr_state.ts";
export {
  type AveragedWeights,
  ExponentialMovingAverage,
  type ExponentialMovingAverageOptions,
} from "./weights/exponential_moving_average.ts";
export type {
  Columns,
  EpochHistory,
  History,
  HistoryOptions,
  Logs,
} from "./history/history.ts";
export * from "./schedulers/hyperparameter_scheduler.ts";
export * from "./optimizers/layer_rates.ts";
export type { LearningRateBounds } from "./schedulers/learning_rate_bounds.ts";
export { LearningRateScheduler } from "./schedulers/learning_rate_scheduler.ts";
export * from "./schedulers/one_cycle_lr.ts";
export type {
  ReduceLROnPlateauOptions,
  ResolvedReduceLROnPlateauOptions,
} from "./schedulers/plateau_options.ts";
export type {
  PlateauHistory,
  ReduceLROnPlateauState,
} from "./schedulers/plateau_state.ts";
export * from "./schedulers/reduce_lr_on_plateau.ts";
export type { SchedulerState } from "./schedulers/scheduler_state.ts";
export * from "./optimizers/sgd_w.ts";
export * from "./stop_on_abort.ts";
export * from "./tensorboard_logger.ts";
export { toCsv } from "./history/to_csv.ts";
export * from "./until_aborted.ts";
export type { WeightDecayOptions } from "./optimizers/weight_decay.ts";
export * from "../tfjs/callback_base.ts";
export * from "../tfjs/dropout.ts";
export { type Random, seededRandom, shuffle } from "../runtime/random.ts";
export * from "../tfjs/learning_rate.ts";
export * from "../tfjs/momentum.ts";
export * from "../tfjs/optimizer_bases.ts";
export * from "../tfjs/types.ts";
