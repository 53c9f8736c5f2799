/**
 * A learning-rate schedule: the learning rate at which the batch `iteration`
 * (counted from 0) is trained. Pure, and O(1) for any iteration.
 *
 * @example
 * ```ts
 * import type { Schedule } from "@clr/clr/schedules";
 *
 * const halved: Schedule = (iteration) => 0.1 / 2 ** Math.floor(iteration / 1000);
 * ```
 */
export type Schedule = (iteration: number) => number;
