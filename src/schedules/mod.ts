/**
 * Learning-rate schedules: pure functions from an iteration to a learning rate.
 *
 * Each is made from named options and works at any iteration, in any order.
 * Those that end hold their last value. They compose: `warmup`, `sequence`,
 * `scale` and `clamp` take schedules, of one's own too, and give schedules.
 *
 * @example
 * ```ts
 * import { cosine, warmup } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = cosine({ startLr: 0.1, iterations: 9_000 });
 * const rate = warmup(decay, { iterations: 1_000 });
 * assertEquals([0, 500, 1_000, 10_000].map(rate), [0, 0.05, 0.1, 0]);
 * ```
 *
 * @module
 */

export { clamp, type ClampOptions } from "./clamp.ts";
export { constant } from "./constant.ts";
export { cosine, type CosineOptions } from "./cosine.ts";
export {
  cosineRestarts,
  type CosineRestartsOptions,
} from "./cosine_restarts.ts";
export { type CyclePosition, type Cycles, cycles, cyclic } from "./cyclic.ts";
export type {
  CyclicMode,
  CyclicOptions,
  ResolvedCyclicOptions,
  ScaleFn,
  ScaleMode,
  Waveform,
} from "./cyclic_options.ts";
export {
  describe,
  fromDescription,
  type ScheduleDescription,
  type StageDescription,
} from "./description.ts";
export { type Exportable, toKeras, toOptax, toPyTorch } from "./export.ts";
export { exponential, type ExponentialOptions } from "./exponential.ts";
export { flatCosine, type FlatCosineOptions } from "./flat_cosine.ts";
export { fromKeras, type KerasSchedule } from "./from_keras.ts";
export {
  fromPyTorch,
  type FromPyTorchOptions,
  type ImportedSchedule,
} from "./from_pytorch.ts";
export { inverseTime, type InverseTimeOptions } from "./inverse_time.ts";
export { linear, type LinearOptions } from "./linear.ts";
export type { MomentumRange } from "./momentum_range.ts";
export { type Annealing, oneCycle, type OneCycleOptions } from "./one_cycle.ts";
export {
  type Interpolation,
  piecewise,
  type PiecewiseOptions,
  type PiecewisePoint,
} from "./piecewise.ts";
export {
  type CyclePlan,
  planCycles,
  type PlanCyclesOptions,
} from "./plan_cycles.ts";
export { polynomial, type PolynomialOptions } from "./polynomial.ts";
export { scale } from "./scale.ts";
export type { Schedule } from "./schedule.ts";
export { sequence, type SequenceStage } from "./sequence.ts";
export { step, type StepOptions } from "./step.ts";
export { lengthOf, momentumOf } from "./traits.ts";
export { warmup, type WarmupOptions } from "./warmup.ts";
export {
  type DecayShape,
  warmupStableDecay,
  type WarmupStableDecayOptions,
} from "./warmup_stable_decay.ts";
