import type { Verdict } from "./finding.ts";
import type { Hyperparameters } from "../options/hyperparameter_grid.ts";
import type { RangeTestCost } from "./range_test_cost.ts";
import type { StopReason } from "../curves/recorded_run.ts";
import type { Better } from "../../metrics/direction.ts";

/** The curve of one point of a grid, and what was read from it. */
export interface GridPoint extends Hyperparameters {
  /** What tells it from the others, such as `weight decay 0.0001`. */
  readonly label: string;
  /** The rates tested, up to where this curve ended. */
  readonly learningRates: readonly number[];
  /** The curve at each rate; NaN, in JSON null, where there is no value. */
  readonly values: readonly number[];
  /**
   * The same, smoothed; where losses at the first weights are known, of each loss
   * divided by its batch's there, times their mean.
   */
  readonly trend: readonly number[];
  /** Why it ended. */
  readonly stopReason: StopReason;
  /** What this curve alone says. */
  readonly verdict: Verdict;
  /** The best of the smoothed curve. */
  readonly best: number;
  /** The rate at the best. */
  readonly bestLr: number;
  /**
   * The highest rate at which training holds: where half of the improvement is
   * lost again, or the last rate where it is not; absent where none was made.
   */
  readonly highestLr?: number;
  /** Standard deviation of single points where the curve improves. */
  readonly noise: number;
}

/**
 * Why a point is the best of its grid:
 *
 * - `"best-loss"`: its curve is better than any other's, by more than noise and a
 *   hundredth of the improvement.
 * - `"highest-rate"`: no curve is clearly better, and it holds higher rates than
 *   the others that are as good.
 * - `"largest-value"`: nor that; it has the largest weight decay, or the largest
 *   momentum.
 * - `"only-value"`: there is no other.
 */
export type GridReason =
  | "best-loss"
  | "highest-rate"
  | "largest-value"
  | "only-value";

/**
 * Curves over the same rates and batches, from the same weights, for each value of
 * other hyperparameters, and which of these is the best: the one whose curve comes
 * to the best value, of those that do as well the one that holds the highest rate,
 * and of those the one with the largest value.
 *
 * A weight decay or momentum that is too large shows in a loss that falls less
 * far, one that is too small in rates that are lost sooner; the largest that does
 * neither regularizes and speeds up most.
 *
 * Smith, "A disciplined approach to neural network hyper-parameters" (2018),
 * sections 4.3 and 4.4, {@link https://arxiv.org/abs/1803.09820}. There the loss
 * is that of validation data, which `validationData` gives.
 */
export interface GridResult {
  /** What was read: `"loss"`, or the metric that was named. */
  readonly curve: string;
  /** Where it is better. */
  readonly better: Better;
  /** Every point, in the order of the values given. */
  readonly points: readonly GridPoint[];
  /** Which point is the best; absent where the test was stopped before. */
  readonly best?: number;
  /** Why. */
  readonly reason?: GridReason;
  /** The same in a sentence. */
  readonly advice: string;
  /** What all of these curves cost. */
  readonly cost: RangeTestCost;
}
