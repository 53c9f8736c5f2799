import { checkAtLeast, checkFunction, checkNotNegative } from "./_check.ts";
import { traitsOf, withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode clamp}. */
export interface ClampOptions {
  /**
   * The lowest rate.
   *
   * @default {0}
   */
  min?: number;
  /** The highest rate. Without it, as high as the schedule's. */
  max?: number;
}

const ACTION = "clamp a schedule";
const NAMES = Object.keys(
  {
    min: 0,
    max: 0,
  } satisfies Record<keyof ClampOptions, 0>,
);

/**
 * `schedule`, with every rate kept within `min` and `max`. Its momentum stays.
 *
 * @example
 * ```ts
 * import { clamp, linear } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = linear({ startLr: 1, endLr: 0, iterations: 4 });
 * const rate = clamp(decay, { min: 0.2, max: 0.6 });
 * assertEquals([0, 1, 2, 3, 4].map(rate), [0.6, 0.6, 0.5, 0.25, 0.2]);
 * ```
 *
 * @throws {RangeError} If a bound is negative or not finite, or `max` is below
 * `min`.
 * @throws {TypeError} If `schedule` is not a function.
 */
export function clamp(schedule: Schedule, options: ClampOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { min = 0, max } = options;
  checkFunction(ACTION, "schedule", schedule);
  checkNotNegative(ACTION, "min", min);
  if (max !== undefined) {
    checkNotNegative(ACTION, "max", max);
    checkAtLeast(ACTION, { max }, { min });
  }
  const most = max ?? Infinity;
  const { description, ...traits } = traitsOf(schedule);
  return withTraits(
    (iteration) => Math.min(most, Math.max(min, schedule(iteration))),
    {
      ...traits,
      ...(description && {
        description: {
          kind: "clamp",
          schedule: description,
          min,
          ...(max === undefined ? {} : { max }),
        },
      }),
    },
  );
}
