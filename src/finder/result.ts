import type { Growth } from "./learning_rate_grid.ts";
import type { Metric } from "../metrics/direction.ts";

/**
 * Why a test stopped:
 *
 * - `"end"`: every rate was tested.
 * - `"diverged"`: the loss rose for good, or exceeded `stopFactor`.
 * - `"non-finite"`: a loss was NaN or infinite.
 * - `"aborted"`: the signal said so.
 */
export type StopReason = "end" | "diverged" | "non-finite" | "aborted";

/**
 * What a test found:
 *
 * - `"good"`: both bounds.
 * - `"flat"`: no improvement at any rate.
 * - `"never-diverged"`: still improving at the end; raise `endLr`.
 * - `"diverged-at-once"`: diverged before it improved; lower `startLr`.
 * - `"noisy"`: an improvement that noise hides; more batches per rate.
 * - `"too-short"`: too few rates tested to tell.
 */
export type Verdict =
  | "good"
  | "flat"
  | "never-diverged"
  | "diverged-at-once"
  | "noisy"
  | "too-short";

/** With what a test was run. */
export interface RangeTestSettings {
  /** The first rate. */
  readonly startLr: number;
  /** The last rate, reached unless the test stops before. */
  readonly endLr: number;
  /** How many rates there are to test. */
  readonly iterations: number;
  /** How the rate grows. */
  readonly growth: Growth;
  /** Batches averaged at each rate. */
  readonly batchesPerRate: number;
  /** Share of the past in the smoothed losses. */
  readonly beta: number;
  /** Seed of the batch order. */
  readonly seed: number;
  /** How often the test was run. */
  readonly repeats: number;
  /**
   * The curve that bounds are read from, where the caller named one: its name
   * and where it is better.
   */
  readonly metric?: Metric;
  /** Whether losses and metrics are those of validation data. */
  readonly validated: boolean;
}
