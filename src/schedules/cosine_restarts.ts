import {
  checkAtLeast,
  checkCount,
  checkFactor,
  checkIteration,
  checkNotNegative,
  checkPositive,
  show,
} from "./_check.ts";
import { checkCycleFactor, cycleLengths } from "./cycle_lengths.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode cosineRestarts}. */
export interface CosineRestartsOptions {
  /** The rate at the start of the first cycle. */
  maxLr: number;
  /**
   * The rate that each cycle falls to.
   *
   * @default {0}
   */
  minLr?: number;
  /** The iterations of the first cycle; T_0 in the paper and in PyTorch. */
  cycleSize: number;
  /**
   * How many times as long each cycle is as the one before; T_mult. Below 1 the
   * restarts become more frequent, and `cycles` says when they end.
   *
   * @default {1}
   */
  cycleFactor?: number;
  /**
   * What the amplitude is multiplied by at each restart, in (0, 1]; Keras's
   * `m_mul`.
   *
   * @default {1}
   */
  amplitudeFactor?: number;
  /**
   * Iterations at the start of each cycle in which the rate rises from `minLr`
   * in a straight line, less than the shortest cycle has; the cosine has the
   * others.
   *
   * @default {0}
   */
  warmupIterations?: number;
  /** The number of cycles, after which `minLr` holds. Without it, no end. */
  cycles?: number;
}

const ACTION = "create a schedule of cosine restarts";
const NAMES = Object.keys(
  {
    maxLr: 0,
    minLr: 0,
    cycleSize: 0,
    cycleFactor: 0,
    amplitudeFactor: 0,
    warmupIterations: 0,
    cycles: 0,
  } satisfies Record<keyof CosineRestartsOptions, 0>,
);

/**
 * SGDR: half a cosine from `maxLr` to `minLr`, restarted again and again. In
 * cycle i, counted from 0, of `T = cycleSize · cycleFactor^i` iterations, p of
 * them done:
 *
 * `minLr + (maxLr − minLr) · amplitudeFactor^i · (1 + cos(π · p / T)) / 2`,
 *
 * with `w = warmupIterations` and `(p − w) / (T − w)` in place of `p / T`; in the
 * first w of a cycle the weight of `maxLr` is `amplitudeFactor^i · p / w`.
 *
 * Cycle i starts at `cycleSize · (cycleFactor^i − 1) / (cycleFactor − 1)`, at
 * `cycleSize · i` with a factor of 1, and with it the first iteration that is no
 * earlier. The last iteration of a cycle is one short of `minLr`, which is reached only
 * after the last of `cycles`.
 *
 * Source: Loshchilov and Hutter, "SGDR" (2016),
 * {@link https://arxiv.org/abs/1608.03983}; the same as PyTorch's
 * `CosineAnnealingWarmRestarts` and Keras's `CosineDecayRestarts`, and with a
 * warm-up as optax's `sgdr_schedule`.
 *
 * @example
 * ```ts
 * import { cosineRestarts } from "@clr/clr/schedules";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const rate = cosineRestarts({ maxLr: 1, cycleSize: 10, cycleFactor: 2 });
 * assertAlmostEquals(rate(5), 0.5);
 * assertEquals([rate(0), rate(10), rate(30)], [1, 1, 1]);
 * ```
 *
 * @example Restarts that become more frequent, each after a warm-up
 * ```ts
 * import { cosineRestarts, lengthOf } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = cosineRestarts({
 *   maxLr: 1,
 *   cycleSize: 400,
 *   cycleFactor: 0.5,
 *   cycles: 3,
 *   warmupIterations: 20,
 * });
 * assertEquals(lengthOf(rate), 700); // 400, 200 and 100 iterations
 * assertEquals([0, 10, 20, 400, 420, 620].map(rate), [0, 0.5, 1, 0, 1, 1]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, `maxLr` is below
 * `minLr`, `cycleSize` or `cycleFactor` is not finite and > 0,
 * `amplitudeFactor` is not in (0, 1], `cycles` is not a whole number >= 1, or
 * absent with a `cycleFactor` below 1 or so many that the last has less than an
 * iteration, or `warmupIterations` is not less than the shortest cycle has.
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const {
    maxLr,
    minLr = 0,
    cycleSize,
    cycleFactor = 1,
    amplitudeFactor = 1,
    warmupIterations = 0,
    cycles,
  } = options;
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkNotNegative(ACTION, "minLr", minLr);
  checkAtLeast(ACTION, { maxLr }, { minLr });
  checkPositive(ACTION, "cycleSize", cycleSize);
  checkFactor(ACTION, "amplitudeFactor", amplitudeFactor);
  if (cycles !== undefined) checkCount(ACTION, { cycles });
  const lengths = { size: cycleSize, factor: cycleFactor, cycles };
  checkCycleFactor(ACTION, lengths);
  checkNotNegative(ACTION, "warmupIterations", warmupIterations);
  const shortest = cycleFactor < 1
    ? cycleSize * cycleFactor ** (cycles! - 1)
    : cycleSize;
  if (!(warmupIterations < shortest)) {
    throw new RangeError(
      `Cannot ${ACTION} as warmupIterations must be < ${shortest}, the iterations of the shortest cycle: current value is ${
        show(warmupIterations)
      }`,
    );
  }
  const { cycleOf, count, rest, end } = cycleLengths(lengths);
  const isEqual = cycleFactor === 1;

  /** Of an iteration: its cycle from 0, what is over of that, of how many. */
  function locate(iteration: number): [number, number, number] {
    if (isEqual) return [count(iteration), rest(iteration), cycleSize];
    const { cycle, start, end } = cycleOf(iteration);
    // A cycle that no number can say the end of is a very long one.
    return [cycle, iteration - start, Math.min(end, Number.MAX_VALUE) - start];
  }

  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= end) return minLr;
    const [cycle, done, length] = locate(iteration);
    const weight = done < warmupIterations
      ? done / warmupIterations
      : cosineWeight((length - done) / (length - warmupIterations));
    return mix(maxLr, minLr, weight * amplitudeFactor ** cycle);
  }, {
    description: {
      kind: "cosineRestarts",
      maxLr,
      minLr,
      cycleSize,
      cycleFactor,
      amplitudeFactor,
      warmupIterations,
      ...(cycles === undefined ? {} : { cycles }),
    },
    iterations: end,
  });
}
