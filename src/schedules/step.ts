import {
  checkFactor,
  checkIteration,
  checkNotNegative,
  checkPositive,
} from "./_check.ts";
import { multiples } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode step}. */
export interface StepOptions {
  /** The rate at iteration 0. */
  startLr: number;
  /**
   * What the rate is multiplied by at each step, in (0, 1].
   *
   * @default {0.1}
   */
  factor?: number;
  /** The iterations between two steps. */
  stepSize: number;
}

const ACTION = "create a step schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    factor: 0,
    stepSize: 0,
  } satisfies Record<keyof StepOptions, 0>,
);

/**
 * A staircase: `startLr · factor^⌊iteration / stepSize⌋`.
 *
 * The same as PyTorch's `StepLR` and Caffe's `step`. For steps at uneven
 * distances see `piecewise`.
 *
 * @example
 * ```ts
 * import { step } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = step({ startLr: 1, factor: 0.5, stepSize: 2 });
 * assertEquals([0, 1, 2, 3, 4].map(rate), [1, 1, 0.5, 0.5, 0.25]);
 * ```
 *
 * @throws {RangeError} If `startLr` is negative or not finite, `factor` is not
 * in (0, 1], or `stepSize` is not finite and > 0.
 */
export function step(options: StepOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { startLr, factor = 0.1, stepSize } = options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkFactor(ACTION, "factor", factor);
  checkPositive(ACTION, "stepSize", stepSize);
  const steps = multiples(stepSize);
  return withTraits((iteration) => {
    checkIteration(iteration);
    return startLr * factor ** steps.count(iteration);
  }, {
    description: { kind: "step", startLr, factor, stepSize },
    iterations: Infinity,
  });
}
