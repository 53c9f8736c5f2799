import { checkIteration, checkNotNegative, checkPositive } from "./_check.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode cosine}. */
export interface CosineOptions {
  /** The rate at iteration 0. */
  startLr: number;
  /**
   * The rate from iteration `iterations` on.
   *
   * @default {0}
   */
  endLr?: number;
  /** The iterations from `startLr` to `endLr`. */
  iterations: number;
}

const ACTION = "create a cosine schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    endLr: 0,
    iterations: 0,
  } satisfies Record<keyof CosineOptions, 0>,
);

/**
 * Half a cosine from `startLr` to `endLr`, which then holds:
 * `endLr + (startLr − endLr) · (1 + cos(π · min(1, iteration / iterations))) / 2`.
 *
 * The same as optax's `cosine_decay_schedule` and, up to its end, PyTorch's
 * `CosineAnnealingLR`, which bounces back up after it.
 *
 * @example
 * ```ts
 * import { cosine } from "@clr/clr/schedules";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const rate = cosine({ startLr: 0.1, iterations: 100 });
 * assertAlmostEquals(rate(50), 0.05);
 * assertEquals([rate(0), rate(100), rate(150)], [0.1, 0, 0]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, or `iterations` is
 * not finite and > 0.
 */
export function cosine(options: CosineOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { startLr, endLr = 0, iterations } = options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkNotNegative(ACTION, "endLr", endLr);
  checkPositive(ACTION, "iterations", iterations);
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= iterations) return endLr;
    const remaining = (iterations - iteration) / iterations;
    return mix(startLr, endLr, cosineWeight(remaining));
  }, {
    description: { kind: "cosine", startLr, endLr, iterations },
    iterations,
  });
}
