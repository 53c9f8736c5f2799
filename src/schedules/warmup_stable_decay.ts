import {
  checkChoice,
  checkIteration,
  checkNotNegative,
  checkPositive,
} from "./_check.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { snap } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** The shape of the last phase of {@linkcode warmupStableDecay}. */
export type DecayShape = "linear" | "cosine" | "sqrt";

/** Options of {@linkcode warmupStableDecay}. */
export interface WarmupStableDecayOptions {
  /** The rate of the stable phase. */
  maxLr: number;
  /**
   * The rate at iteration 0.
   *
   * @default {0}
   */
  startLr?: number;
  /**
   * The rate after the decay.
   *
   * @default {0}
   */
  endLr?: number;
  /** The iterations from `startLr` to `maxLr`; may be 0. */
  warmupIterations: number;
  /** The iterations at `maxLr`; may be 0. */
  stableIterations: number;
  /** The iterations from `maxLr` to `endLr`. */
  decayIterations: number;
  /**
   * The shape of the decay, in the part f of it that is done: `1 − f`,
   * `(1 + cos πf) / 2` or `1 − √f`.
   *
   * @default {"linear"}
   */
  decay?: DecayShape;
}

const ACTION = "create a warmup-stable-decay schedule";
const NAMES = Object.keys(
  {
    maxLr: 0,
    startLr: 0,
    endLr: 0,
    warmupIterations: 0,
    stableIterations: 0,
    decayIterations: 0,
    decay: 0,
  } satisfies Record<keyof WarmupStableDecayOptions, 0>,
);
const DECAYS = ["linear", "cosine", "sqrt"] as const;

const WEIGHTS: Record<DecayShape, (remaining: number) => number> = {
  linear: (remaining) => remaining,
  cosine: cosineWeight,
  sqrt: (remaining) => 1 - Math.sqrt(1 - remaining),
};

/**
 * A trapezoid: a straight rise to `maxLr`, a plateau, and a decay to `endLr`,
 * which then holds. The plateau can be prolonged without planning its end.
 *
 * Source: Hu et al., "MiniCPM" (2024), {@link https://arxiv.org/abs/2404.06395};
 * the `sqrt` decay is of Hägele et al. (2024),
 * {@link https://arxiv.org/abs/2405.18392}.
 *
 * @example
 * ```ts
 * import { warmupStableDecay } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = warmupStableDecay({
 *   maxLr: 1,
 *   warmupIterations: 2,
 *   stableIterations: 3,
 *   decayIterations: 4,
 * });
 * assertEquals(
 *   [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(rate),
 *   [0, 0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0],
 * );
 * ```
 *
 * @throws {RangeError} If a rate or a number of iterations is negative or not
 * finite, `decayIterations` is 0, or `decay` is unknown.
 */
export function warmupStableDecay(
  options: WarmupStableDecayOptions,
): Schedule {
  checkNames(ACTION, options, NAMES);
  const {
    maxLr,
    startLr = 0,
    endLr = 0,
    warmupIterations,
    stableIterations,
    decayIterations,
    decay = "linear",
  } = options;
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkNotNegative(ACTION, "startLr", startLr);
  checkNotNegative(ACTION, "endLr", endLr);
  checkNotNegative(ACTION, "warmupIterations", warmupIterations);
  checkNotNegative(ACTION, "stableIterations", stableIterations);
  checkPositive(ACTION, "decayIterations", decayIterations);
  checkChoice(ACTION, { decay }, DECAYS);
  const decayStart = snap(warmupIterations + stableIterations);
  const end = snap(decayStart + decayIterations, 2);
  const weight = WEIGHTS[decay];
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration < warmupIterations) {
      const remaining = (warmupIterations - iteration) / warmupIterations;
      return mix(startLr, maxLr, remaining);
    }
    if (iteration <= decayStart) return maxLr;
    if (iteration >= end) return endLr;
    return mix(maxLr, endLr, weight((end - iteration) / (end - decayStart)));
  }, {
    description: {
      kind: "warmupStableDecay",
      maxLr,
      startLr,
      endLr,
      warmupIterations,
      stableIterations,
      decayIterations,
      decay,
    },
    iterations: end,
  });
}
