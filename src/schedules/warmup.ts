import { checkFunction, checkNotNegative, checkPositive } from "./_check.ts";
import { checkIteration } from "./_check.ts";
import { mix } from "./_interpolate.ts";
import { since } from "./_multiples.ts";
import { traitsOf, withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode warmup}. */
export interface WarmupOptions {
  /** The iterations of the warm-up. */
  iterations: number;
  /**
   * The rate at iteration 0.
   *
   * @default {0}
   */
  startLr?: number;
}

const ACTION = "create a warm-up";
const NAMES = Object.keys(
  {
    iterations: 0,
    startLr: 0,
  } satisfies Record<keyof WarmupOptions, 0>,
);

/**
 * A straight line from `startLr` to the first rate of `schedule` in `iterations`,
 * and `schedule` from its own iteration 0 after it.
 *
 * Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.2,
 * {@link https://arxiv.org/abs/1706.02677}.
 *
 * @example
 * ```ts
 * import { linear, warmup } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = linear({ startLr: 1, endLr: 0, iterations: 2 });
 * const rate = warmup(decay, { iterations: 4 });
 * assertEquals(
 *   [0, 1, 2, 3, 4, 5, 6].map(rate),
 *   [0, 0.25, 0.5, 0.75, 1, 0.5, 0],
 * );
 * ```
 *
 * @throws {RangeError} If `iterations` is not finite and > 0, or `startLr` is
 * negative or not finite.
 * @throws {TypeError} If `schedule` is not a function.
 */
export function warmup(schedule: Schedule, options: WarmupOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { iterations, startLr = 0 } = options;
  checkFunction(ACTION, "schedule", schedule);
  checkPositive(ACTION, "iterations", iterations);
  checkNotNegative(ACTION, "startLr", startLr);
  const traits = traitsOf(schedule);
  const { description, momentum } = traits;
  const after = since(iterations);
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= iterations) return schedule(after(iteration));
    const remaining = (iterations - iteration) / iterations;
    return mix(startLr, schedule(0), remaining);
  }, {
    ...(description &&
      {
        description: {
          kind: "warmup",
          schedule: description,
          iterations,
          startLr,
        },
      }),
    iterations: iterations + traits.iterations,
    ...(momentum && {
      momentum: (iteration: number) => momentum(Math.max(0, after(iteration))),
    }),
  });
}
