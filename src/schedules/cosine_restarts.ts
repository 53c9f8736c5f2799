import {
  checkAtLeast,
  checkAtLeastOne,
  checkCount,
  checkFactor,
  checkIteration,
  checkNotNegative,
  checkPositive,
} from "./_check.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { multiples, snap } from "./_multiples.ts";
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
   * How much longer each cycle is than the one before; T_mult.
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
    cycles: 0,
  } satisfies Record<keyof CosineRestartsOptions, 0>,
);

/** Of an iteration: its cycle from 0, what is left of that, of how many. */
type Locate = (iteration: number) => [number, number, number];

/**
 * The iteration at which cycle `cycle`, counted from 0, starts. A start that is
 * whole but for rounding is whole: a restart just after its iteration would
 * leave that at `minLr`.
 */
export function restartOf(
  cycle: number,
  size: number,
  factor: number,
): number {
  if (Number.isInteger(factor)) {
    return snap(
      factor === 1 ? size * cycle : size * (factor ** cycle - 1) / (factor - 1),
    );
  }
  // 1.1 − 1 alone has lost the last digits of 1.1.
  const cycles = Math.expm1(cycle * Math.log1p(factor - 1)) / (factor - 1);
  return snap(size * cycles, cycle + 1);
}

/** Cycles as long as each other. */
function equalCycles(size: number): Locate {
  const { count, rest } = multiples(size);
  return (iteration) => [count(iteration), size - rest(iteration), size];
}

/** Cycles each `factor` times as long as the one before. */
function growingCycles(size: number, factor: number): Locate {
  const growth = (factor - 1) / size;
  const logarithm = Math.log1p(factor - 1);
  return (iteration) => {
    let cycle = Math.floor(Math.log1p(iteration * growth) / logarithm);
    let start = restartOf(cycle, size, factor);
    let end = restartOf(cycle + 1, size, factor);
    // The logarithm can round to either side of a restart.
    if (iteration < start) {
      cycle--;
      [start, end] = [restartOf(cycle, size, factor), start];
    } else if (iteration >= end) {
      cycle++;
      [start, end] = [end, restartOf(cycle + 1, size, factor)];
    }
    return [cycle, end - iteration, end - start];
  };
}

/**
 * SGDR: half a cosine from `maxLr` to `minLr`, restarted again and again. In
 * cycle i, counted from 0, of `T = cycleSize · cycleFactor^i` iterations, p of
 * them done:
 *
 * `minLr + (maxLr − minLr) · amplitudeFactor^i · (1 + cos(π · p / T)) / 2`.
 *
 * Cycle i starts at `cycleSize · (cycleFactor^i − 1) / (cycleFactor − 1)`, at
 * `cycleSize · i` with a factor of 1, and with it the first iteration that is no
 * earlier. The last iteration of a cycle is one short of `minLr`, which is reached only
 * after the last of `cycles`.
 *
 * Source: Loshchilov and Hutter, "SGDR" (2016),
 * {@link https://arxiv.org/abs/1608.03983}; the same as PyTorch's
 * `CosineAnnealingWarmRestarts` and Keras's `CosineDecayRestarts`.
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
 * @throws {RangeError} If a rate is negative or not finite, `maxLr` is below
 * `minLr`, `cycleSize` is not finite and > 0, `cycleFactor` is less than 1,
 * `amplitudeFactor` is not in (0, 1], or `cycles` is not a whole number >= 1.
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  checkNames(ACTION, options, NAMES);
  const {
    maxLr,
    minLr = 0,
    cycleSize,
    cycleFactor = 1,
    amplitudeFactor = 1,
    cycles,
  } = options;
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkNotNegative(ACTION, "minLr", minLr);
  checkAtLeast(ACTION, { maxLr }, { minLr });
  checkPositive(ACTION, "cycleSize", cycleSize);
  checkAtLeastOne(ACTION, "cycleFactor", cycleFactor);
  checkFactor(ACTION, "amplitudeFactor", amplitudeFactor);
  if (cycles !== undefined) checkCount(ACTION, { cycles });
  const end = cycles === undefined
    ? Infinity
    : restartOf(cycles, cycleSize, cycleFactor);
  const locate = cycleFactor === 1
    ? equalCycles(cycleSize)
    : growingCycles(cycleSize, cycleFactor);
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= end) return minLr;
    const [cycle, left, length] = locate(iteration);
    const weight = cosineWeight(left / length);
    return mix(maxLr, minLr, weight * amplitudeFactor ** cycle);
  }, {
    description: {
      kind: "cosineRestarts",
      maxLr,
      minLr,
      cycleSize,
      cycleFactor,
      amplitudeFactor,
      ...(cycles === undefined ? {} : { cycles }),
    },
    iterations: end,
  });
}
