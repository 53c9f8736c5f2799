import { traitsOf } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

/**
 * The iterations after which the rate of `schedule` changes no more: Infinity if
 * it has no end. A function of one's own has none that is known.
 *
 * @example
 * ```ts
 * import { constant, cyclic, linear, lengthOf } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = linear({ startLr: 1, endLr: 0, iterations: 50 });
 * assertEquals([decay, constant(1), cyclic()].map(lengthOf), [50, 0, Infinity]);
 * ```
 */
export function lengthOf(schedule: Schedule): number {
  return traitsOf(schedule).iterations;
}

/**
 * The momentum that goes with `schedule`, or undefined where it has none. Within
 * a `sequence` it is undefined at the iterations of a stage that has none.
 *
 * @example
 * ```ts
 * import { momentumOf, oneCycle } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = oneCycle({
 *   maxLr: 1,
 *   iterations: 10,
 *   momentum: { base: 0.85, max: 0.95 },
 * });
 * assertEquals([0, 2, 9].map(momentumOf(rate)!), [0.95, 0.85, 0.95]);
 * ```
 */
export function momentumOf(
  schedule: Schedule,
): ((iteration: number) => number | undefined) | undefined {
  return traitsOf(schedule).momentum;
}
