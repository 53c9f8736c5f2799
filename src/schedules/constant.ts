import { checkIteration, checkNotNegative } from "./_check.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

/**
 * The same rate at every iteration: the paper's fixed baseline.
 *
 * @example
 * ```ts
 * import { constant } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(constant(0.01)(123), 0.01);
 * ```
 *
 * @throws {RangeError} If `lr` is negative or not finite.
 */
export function constant(lr: number): Schedule {
  checkNotNegative("create a constant schedule", "lr", lr);
  return withTraits((iteration) => {
    checkIteration(iteration);
    return lr;
  }, { description: { kind: "constant", lr }, iterations: 0 });
}
