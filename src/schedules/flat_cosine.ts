import {
  checkAtLeastOne,
  checkNotNegative,
  checkPositive,
  show,
} from "./_check.ts";
import { checkNames } from "../runtime/check_names.ts";
import type { Schedule } from "./schedule.ts";
import { warmupStableDecay } from "./warmup_stable_decay.ts";

/** Options of {@linkcode flatCosine}. */
export interface FlatCosineOptions {
  /** The rate of the flat part. */
  maxLr: number;
  /** The iterations of the whole training. */
  iterations: number;
  /**
   * The part of the iterations that the rate stays at `maxLr` in, in [0, 1).
   *
   * @default {0.75}
   */
  pctStart?: number;
  /**
   * `maxLr` over the rate after the last iteration.
   *
   * @default {1e5}
   */
  finalDivFactor?: number;
}

const ACTION = "create a flat-cosine schedule";
const NAMES = Object.keys(
  {
    maxLr: 0,
    iterations: 0,
    pctStart: 0,
    finalDivFactor: 0,
  } satisfies Record<keyof FlatCosineOptions, 0>,
);

/**
 * Flat, then half a cosine: `maxLr` for the first `pctStart · iterations`, and
 * with f the part of the others that is over
 * `e + (maxLr − e) · (1 + cos πf) / 2`, where `e = maxLr / finalDivFactor`, which
 * then holds.
 *
 * Source: fast.ai's `fit_flat_cos`, {@link https://docs.fast.ai/callback.schedule.html};
 * it is the {@linkcode warmupStableDecay} of no warm-up and a cosine, and is
 * described as that.
 *
 * @example
 * ```ts
 * import { flatCosine } from "@clr/clr/schedules";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const rate = flatCosine({ maxLr: 1, iterations: 100 });
 * assertEquals([0, 75, 100].map(rate), [1, 1, 1e-5]);
 * assertAlmostEquals(rate(87.5), 0.500005);
 * ```
 *
 * @throws {RangeError} If `maxLr` is negative or not finite, `iterations` is not
 * finite and > 0, `pctStart` is not in [0, 1), or `finalDivFactor` is less than 1.
 */
export function flatCosine(options: FlatCosineOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const { maxLr, iterations, pctStart = 0.75, finalDivFactor = 1e5 } = options;
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkPositive(ACTION, "iterations", iterations);
  checkAtLeastOne(ACTION, "finalDivFactor", finalDivFactor);
  if (!(Number.isFinite(pctStart) && pctStart >= 0 && pctStart < 1)) {
    throw new RangeError(
      `Cannot ${ACTION} as pctStart must be >= 0 and < 1: current value is ${
        show(pctStart)
      }`,
    );
  }
  const stableIterations = pctStart * iterations;
  return warmupStableDecay({
    maxLr,
    endLr: maxLr / finalDivFactor,
    warmupIterations: 0,
    stableIterations,
    decayIterations: iterations - stableIterations,
    decay: "cosine",
  });
}
