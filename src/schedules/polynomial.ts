import { checkIteration, checkNotNegative, checkPositive } from "./_check.ts";
import { mix } from "./_interpolate.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkOptions, flag } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode polynomial}. */
export interface PolynomialOptions {
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
  /**
   * The exponent: 1 is a straight line, 2 falls fast at first.
   *
   * @default {1}
   */
  power?: number;
  /**
   * Whether the rate, once it has come to `endLr`, rises again and decays over
   * `iterations` more than in all so far: Keras's `cycle`. It then has no end.
   *
   * @default {false}
   */
  cycle?: boolean;
}

const ACTION = "create a polynomial schedule";
const NAMES = Object.keys(
  {
    startLr: 0,
    endLr: 0,
    iterations: 0,
    power: 0,
    cycle: 0,
  } satisfies Record<keyof PolynomialOptions, 0>,
);

/**
 * A power of what remains, from `startLr` to `endLr`, which then holds:
 * `endLr + (startLr − endLr) · (1 − min(1, iteration / iterations))^power`.
 *
 * With `cycle`, `iterations` is multiplied by the whole number, 1 at least, that
 * makes it no less than the iteration: the rate jumps up after each multiple, to
 * less each time.
 *
 * The same as optax's `polynomial_schedule`, Keras's `PolynomialDecay` and
 * Caffe's `poly`.
 *
 * @example
 * ```ts
 * import { polynomial } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = polynomial({ startLr: 1, iterations: 4, power: 2 });
 * assertEquals([0, 1, 2, 3, 4, 5].map(rate), [1, 0.5625, 0.25, 0.0625, 0, 0]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, or `iterations` or
 * `power` is not finite and > 0.
 */
export function polynomial(options: PolynomialOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  checkOptions(ACTION, options, { cycle: flag });
  const { startLr, endLr = 0, iterations, power = 1, cycle = false } = options;
  checkNotNegative(ACTION, "startLr", startLr);
  checkNotNegative(ACTION, "endLr", endLr);
  checkPositive(ACTION, "iterations", iterations);
  checkPositive(ACTION, "power", power);
  return withTraits((iteration) => {
    checkIteration(iteration);
    const end = cycle
      ? iterations * Math.max(1, Math.ceil(iteration / iterations))
      : iterations;
    if (iteration >= end) return endLr;
    const remaining = (end - iteration) / end;
    return mix(startLr, endLr, remaining ** power);
  }, {
    description: {
      kind: "polynomial",
      startLr,
      endLr,
      iterations,
      power,
      cycle,
    },
    iterations: cycle ? Infinity : iterations,
  });
}
