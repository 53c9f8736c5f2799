import { checkIteration, checkNotNegative, checkPositive } from "./_check.ts";
import { mix } from "./_interpolate.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode linear}. */
export interface LinearOptions {
  /** The rate at iteration 0. */
  startLr: number;
  /** The rate from iteration `iterations` on. */
  endLr: number;
  /** The iterations from `startLr` to `endLr`. */
  iterations: number;
}

const ACTION = "create a linear schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    endLr: 0,
    iterations: 0,
  } satisfies Record<keyof LinearOptions, 0>,
);

/**
 * A straight line from `startLr` to `endLr`, which then holds:
 * `startLr + (endLr − startLr) · min(1, iteration / iterations)`.
 *
 * From `maxLr` down to `baseLr` in one step size it is the "decay" baseline of
 * Smith (2015), section 4.1. The same as optax's `linear_schedule` and PyTorch's
 * `LinearLR`.
 *
 * @example
 * ```ts
 * import { linear } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = linear({ startLr: 1, endLr: 0.5, iterations: 4 });
 * assertEquals([0, 1, 2, 3, 4, 5].map(rate), [1, 0.875, 0.75, 0.625, 0.5, 0.5]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, or `iterations` is
 * not finite and > 0.
 */
export function linear(options: LinearOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { startLr, endLr, iterations } = options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkNotNegative(ACTION, "endLr", endLr);
  checkPositive(ACTION, "iterations", iterations);
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= iterations) return endLr;
    return mix(startLr, endLr, (iterations - iteration) / iterations);
  }, {
    description: { kind: "linear", startLr, endLr, iterations },
    iterations,
  });
}
