/**
 * Cyclical learning rates and the learning-rate range test for TensorFlow.js.
 *
 * {@linkcode findLearningRate} finds both bounds of a good learning rate for a
 * model and its data. {@linkcode CyclicLR} goes into `callbacks` of `model.fit`
 * and makes the rate rise and fall between them, batch by batch.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: tf.train.adam(), loss: "meanSquaredError" });
 * const xs = tf.randomNormal([64, 2]);
 * const ys = xs.sum(1, true);
 *
 * const clr = new CyclicLR({ baseLr: 0.001, maxLr: 0.006, stepSize: 8 });
 * await model.fit(xs, ys, { batchSize: 8, epochs: 2, verbose: 0, callbacks: [clr] });
 * console.log(clr.history.lr);
 * ```
 *
 * @module
 */

export * from "./src/finder/mod.ts";
export * from "./src/training/schedulers/cyclic_lr.ts";
export type {
  CycleEnd,
  CyclicLRFromJSONOptions,
  CyclicLRFromRangeOptions,
  CyclicLROptions,
  CyclicLRResetOptions,
} from "./src/training/schedulers/cyclic_lr_options.ts";
export type { CyclicLRState } from "./src/training/schedulers/cyclic_lr_state.ts";
export type { LearningRateBounds } from "./src/training/schedulers/learning_rate_bounds.ts";
export type {
  Columns,
  EpochHistory,
  History,
  HistoryOptions,
  Logs,
} from "./src/training/history/history.ts";
export * from "./src/tfjs/learning_rate.ts";
export { LearningRateScheduler } from "./src/training/schedulers/learning_rate_scheduler.ts";
export type { SchedulerState } from "./src/training/schedulers/scheduler_state.ts";
export type {
  CyclicMode,
  CyclicOptions,
  ResolvedCyclicOptions,
  ScaleFn,
  ScaleMode,
  Waveform,
} from "./src/schedules/cyclic_options.ts";
export type {
  Callback,
  LayersModel,
  Optimizer,
  Tensor,
  Variable,
} from "./src/tfjs/types.ts";
export type { MomentumRange } from "./src/schedules/momentum_range.ts";
export type { Schedule } from "./src/schedules/schedule.ts";
