/**
 * Learning-rate schedules: pure functions from an iteration to a learning rate.
 *
 * @module
 */

export {
  type CyclePosition,
  type Cycles,
  cycles,
  cyclic,
  type CyclicMode,
  type CyclicOptions,
  type ResolvedCyclicOptions,
  type ScaleFn,
  type ScaleMode,
  type Waveform,
} from "./cyclic.ts";
export type { Schedule } from "./schedule.ts";
