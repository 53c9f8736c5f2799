import { checkFunction, checkNotNegative } from "./_check.ts";
import { traitsOf, withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

const ACTION = "scale a schedule";

/**
 * `schedule`, with every rate multiplied by `factor`. Its momentum stays.
 *
 * @example
 * ```ts
 * import { linear, scale } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = linear({ startLr: 1, endLr: 0, iterations: 2 });
 * assertEquals([0, 1, 2].map(scale(decay, 4)), [4, 2, 0]);
 * ```
 *
 * @throws {RangeError} If `factor` is negative or not finite.
 * @throws {TypeError} If `schedule` is not a function.
 */
export function scale(schedule: Schedule, factor: number): Schedule {
  checkFunction(ACTION, "schedule", schedule);
  checkNotNegative(ACTION, "factor", factor);
  const { description, ...traits } = traitsOf(schedule);
  return withTraits((iteration) => factor * schedule(iteration), {
    ...traits,
    ...(description &&
      { description: { kind: "scale", schedule: description, factor } }),
  });
}
