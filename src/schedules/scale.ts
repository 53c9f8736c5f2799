import { checkFunction, checkNotNegative } from "./_check.ts";
import { traitsOf, withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

const ACTION = "scale a schedule";

/**
 * `schedule`, with every rate multiplied by `factor`: a number, or a schedule
 * whose value at the same iteration is the factor. Its momentum stays; where it
 * has none, that of the factor is taken.
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
 * @example Both bounds of a cycle decay, as in the paper's `exp_range`
 * ```ts
 * import { cyclic, exponential, scale } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = scale(
 *   cyclic({ baseLr: 1, maxLr: 4, stepSize: 1 }),
 *   exponential({ startLr: 1, factor: 0.5 }),
 * );
 * assertEquals([0, 1, 2, 3].map(rate), [1, 2, 0.25, 0.5]);
 * ```
 *
 * @throws {RangeError} If `factor` is negative or not finite; where it is a
 * schedule, the schedule that is returned throws it.
 * @throws {TypeError} If `schedule` is not a function.
 */
export function scale(schedule: Schedule, factor: number | Schedule): Schedule {
  checkFunction(ACTION, "schedule", schedule);
  if (typeof factor === "function") return product(schedule, factor);
  checkNotNegative(ACTION, "factor", factor);
  const { description, ...traits } = traitsOf(schedule);
  return withTraits((iteration) => factor * schedule(iteration), {
    ...traits,
    ...(description &&
      { description: { kind: "scale", schedule: description, factor } }),
  });
}

function product(schedule: Schedule, factor: Schedule): Schedule {
  const { description, iterations, ...own } = traitsOf(schedule);
  const of = traitsOf(factor);
  const momentum = own.momentum ?? of.momentum;
  return withTraits((iteration) => {
    const value = factor(iteration);
    checkNotNegative(ACTION, `factor(${iteration})`, value);
    return value * schedule(iteration);
  }, {
    iterations: Math.max(iterations, of.iterations),
    ...(momentum && { momentum }),
    ...(description && of.description && {
      description: {
        kind: "scale",
        schedule: description,
        factor: of.description,
      },
    }),
  });
}
