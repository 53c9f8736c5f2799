import {
  checkIteration,
  checkNotNegative,
  checkPositive,
  show,
} from "./_check.ts";
import { multiples, snap } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkOptions, flag } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode exponential}. */
export interface ExponentialOptions {
  /** The rate at iteration 0. */
  startLr: number;
  /** What the rate is multiplied by in `iterations`. More than 1 is growth. */
  factor: number;
  /**
   * The iterations in which the rate changes by `factor`.
   *
   * @default {1}
   */
  iterations?: number;
  /**
   * Whether the rate changes only every `iterations`, by the whole factor.
   *
   * @default {false}
   */
  staircase?: boolean;
  /** The rate to stop at and hold. Without it there is none. */
  endLr?: number;
}

const ACTION = "create an exponential schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    factor: 0,
    iterations: 0,
    staircase: 0,
    endLr: 0,
  } satisfies Record<keyof ExponentialOptions, 0>,
);

/**
 * Exponential decay, or growth: `startLr · factor^(iteration / iterations)`,
 * with the exponent rounded down if `staircase`, held at `endLr` once reached.
 *
 * The "exp" baseline of Smith (2015), section 4.1, and Caffe's `exp`; the same
 * as optax's `exponential_decay` and Keras's `ExponentialDecay`.
 *
 * @example
 * ```ts
 * import { exponential } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = exponential({ startLr: 1, factor: 0.5, endLr: 0.2 });
 * assertEquals([0, 1, 2, 3, 4].map(rate), [1, 0.5, 0.25, 0.2, 0.2]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, `factor` or
 * `iterations` is not finite and > 0, or `endLr` is on the wrong side of
 * `startLr`.
 */
export function exponential(options: ExponentialOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  checkOptions(ACTION, options, { staircase: flag });
  const { startLr, factor, iterations = 1, staircase = false, endLr } = options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkPositive(ACTION, "factor", factor);
  checkPositive(ACTION, "iterations", iterations);
  if (endLr !== undefined) {
    checkNotNegative(ACTION, "endLr", endLr);
    const growing = factor > 1;
    if (growing ? endLr < startLr : endLr > startLr) {
      throw new RangeError(
        `Cannot ${ACTION} as endLr must be ${
          growing ? ">=" : "<="
        } startLr (${startLr}) with factor ${factor}: current value is ${
          show(endLr)
        }`,
      );
    }
  }
  const [least, most] = endLr === undefined
    ? [0, Infinity]
    : factor > 1
    ? [0, endLr]
    : [endLr, Infinity];
  const steps = multiples(iterations);
  const rateAt: Schedule = (iteration) => {
    checkIteration(iteration);
    const exponent = staircase
      ? steps.count(iteration)
      : iteration / iterations;
    // 0 · ∞ would be NaN where the power has overflowed.
    const rate = startLr === 0 ? 0 : startLr * factor ** exponent;
    return Math.min(most, Math.max(least, rate));
  };
  return withTraits(rateAt, {
    description: {
      kind: "exponential",
      startLr,
      factor,
      iterations,
      staircase,
      ...(endLr === undefined ? {} : { endLr }),
    },
    iterations: endReached(
      { startLr, factor, iterations, staircase, endLr },
      rateAt,
    ),
  });
}

function endReached(
  { startLr, factor, iterations, staircase, endLr }:
    & Required<Omit<ExponentialOptions, "endLr">>
    & Pick<ExponentialOptions, "endLr">,
  rateAt: Schedule,
): number {
  if (factor === 1 || startLr === 0) return 0;
  if (endLr === undefined || endLr === 0) return Infinity;
  const factors = snap(Math.log(endLr / startLr) / Math.log(factor), 8);
  const end = Math.ceil(
    snap((staircase ? Math.ceil(factors) : factors) * iterations, 8),
  );
  // The power can round to just short of the end.
  if (!Number.isSafeInteger(end) || rateAt(end) === endLr) return end;
  return end + (staircase ? Math.ceil(iterations) : 1);
}
