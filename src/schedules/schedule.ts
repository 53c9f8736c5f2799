/**
 * A learning-rate schedule: the learning rate at which the batch `iteration`
 * (counted from 0) is trained. Pure, and O(1) for any iteration.
 *
 * Any function of this form is one. A function that calls a schedule with a
 * momentum has none itself unless it is given one; `scale`, `clamp`, `warmup`
 * and `sequence` keep it.
 *
 * @example
 * ```ts
 * import type { Schedule } from "@clr/clr/schedules";
 *
 * const halved: Schedule = (iteration) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * ```
 *
 * @example A function of one's own around a schedule, with its momentum
 * ```ts
 * import { oneCycle, type Schedule } from "@clr/clr/schedules";
 *
 * const rate = oneCycle({
 *   maxLr: 0.1,
 *   iterations: 100,
 *   momentum: { base: 0.85, max: 0.95 },
 * });
 * const capped: Schedule = Object.assign(
 *   (iteration: number) => Math.min(0.05, rate(iteration)),
 *   { momentum: rate.momentum },
 * );
 * console.log(capped.momentum?.(0)); // 0.95
 * ```
 */
export interface Schedule {
  (iteration: number): number;
  /**
   * The momentum that goes with the rate of an iteration, where the schedule
   * cycles it; undefined for an iteration that leaves the optimizer its own.
   */
  readonly momentum?:
    | ((iteration: number) => number | undefined)
    | undefined;
}
