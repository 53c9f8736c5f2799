import { checkIteration, checkNotNegative, checkPositive } from "./_check.ts";
import { multiples } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkOptions, flag } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode inverseTime}. */
export interface InverseTimeOptions {
  /** The rate at iteration 0. */
  startLr: number;
  /** How fast the rate falls, per `iterations`. */
  decayRate: number;
  /**
   * The iterations that `decayRate` is given for.
   *
   * @default {1}
   */
  iterations?: number;
  /**
   * The exponent.
   *
   * @default {1}
   */
  power?: number;
  /**
   * Whether the rate changes only every `iterations`.
   *
   * @default {false}
   */
  staircase?: boolean;
}

const ACTION = "create an inverse-time schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    decayRate: 0,
    iterations: 0,
    power: 0,
    staircase: 0,
  } satisfies Record<keyof InverseTimeOptions, 0>,
);

/**
 * Inverse-time decay: `startLr / (1 + decayRate · iteration / iterations)^power`,
 * with the quotient rounded down if `staircase`.
 *
 * Caffe's `inv`, with which the paper's LeNet is trained; with power 1 the same
 * as Keras's `InverseTimeDecay`.
 *
 * @example
 * ```ts
 * import { inverseTime } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = inverseTime({ startLr: 1, decayRate: 1 });
 * assertEquals([0, 1, 3].map(rate), [1, 1 / 2, 1 / 4]);
 * ```
 *
 * @throws {RangeError} If `startLr` or `decayRate` is negative or not finite, or
 * `iterations` or `power` is not finite and > 0.
 */
export function inverseTime(options: InverseTimeOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  checkOptions(ACTION, options, { staircase: flag });
  const { startLr, decayRate, iterations = 1, power = 1, staircase = false } =
    options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkNotNegative(ACTION, "decayRate", decayRate);
  checkPositive(ACTION, "iterations", iterations);
  checkPositive(ACTION, "power", power);
  const steps = multiples(iterations);
  return withTraits((iteration) => {
    checkIteration(iteration);
    const elapsed = staircase ? steps.count(iteration) : iteration / iterations;
    return startLr / (1 + decayRate * elapsed) ** power;
  }, {
    description: {
      kind: "inverseTime",
      startLr,
      decayRate,
      iterations,
      power,
      staircase,
    },
    iterations: decayRate === 0 ? 0 : Infinity,
  });
}
