/**
 * Why a test stopped:
 *
 * - `"end"`: every rate was tested.
 * - `"diverged"`: the loss rose for good, or exceeded `stopFactor`.
 * - `"non-finite"`: a loss was NaN or infinite.
 * - `"aborted"`: the signal said so.
 */
export type StopReason = "end" | "diverged" | "non-finite" | "aborted";

/** What one run of the test records. */
export interface RecordedRun {
  /** The loss at each rate, up to where the run stopped. */
  readonly losses: readonly number[];
  /** Other metrics at each rate, by name. */
  readonly metrics: { readonly [name: string]: readonly number[] };
  /** Why the run stopped. */
  readonly stopReason: StopReason;
  /**
   * The losses of the same batches at the weights that the run began with,
   * where those were measured.
   */
  readonly references?: readonly number[];
  /**
   * Which of the tested rates is the run's first, where that is not the first.
   *
   * @default {0}
   */
  readonly from?: number;
}
