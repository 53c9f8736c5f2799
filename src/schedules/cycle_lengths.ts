/** Cycles one after another, each `factor` times as long as the one before. */

import { checkPositive } from "./_check.ts";
import { multiples, snap } from "./_multiples.ts";

/** Where the iterations lie in cycles that follow each other. */
export interface CycleLengths {
  /** The cycle of an iteration, counted from 0. */
  readonly count: (iteration: number) => number;
  /** Iterations of that cycle which are over. */
  readonly rest: (iteration: number) => number;
  /** Whole iterations to its end, rounded up. */
  readonly left: (iteration: number) => number;
  /** Where that cycle lies. */
  readonly cycleOf: (iteration: number) => CycleBounds;
  /** The end of the last cycle; Infinity where they go on. */
  readonly end: number;
}

/** Where one cycle lies. */
export interface CycleBounds {
  /** The cycle, counted from 0. */
  readonly cycle: number;
  /** The iteration that it starts at. */
  readonly start: number;
  /** The iteration that the next one starts at. */
  readonly end: number;
}

/** What decides over the lengths of cycles. */
export interface CycleLengthsOptions {
  /** The iterations of the first cycle. */
  readonly size: number;
  /** How many times as long each cycle is as the one before. */
  readonly factor: number;
  /** How many cycles there are; without it, no end. */
  readonly cycles?: number;
}

/**
 * The iteration at which cycle `cycle`, counted from 0, starts:
 * `size · (factor^cycle − 1) / (factor − 1)`. A start that is whole but for
 * rounding is whole: a restart just after its iteration would leave that at the
 * end of the cycle before.
 */
export function restartOf(
  cycle: number,
  size: number,
  factor: number,
): number {
  if (factor === 1) return snap(size * cycle);
  if (Number.isInteger(factor)) {
    return snap(size * (factor ** cycle - 1) / (factor - 1));
  }
  // 1.1 − 1 alone has lost the last digits of 1.1.
  const cycles = Math.expm1(cycle * Math.log1p(factor - 1)) / (factor - 1);
  return snap(size * cycles, cycle + 1);
}

/**
 * Throws unless cycles of a factor have an end where they become shorter and
 * shorter, which would otherwise be infinitely many in a finite time, and unless
 * the shortest of them lasts for an iteration.
 */
export function checkCycleFactor(
  action: string,
  { size, factor, cycles }: CycleLengthsOptions,
): void {
  checkPositive(action, "cycleFactor", factor);
  if (factor >= 1) return;
  if (cycles === undefined) {
    throw new RangeError(
      `Cannot ${action} as cycles must be given where cycleFactor is less than 1: current value is undefined`,
    );
  }
  const shortest = size * factor ** (cycles - 1);
  if (snap(shortest, cycles) < 1) {
    const most = 1 + Math.max(
      0,
      Math.floor(Math.log(1 / size) / Math.log(factor)),
    );
    throw new RangeError(
      `Cannot ${action} as cycles must be <= ${most}, where the last is of one iteration at least: current value is ${cycles}`,
    );
  }
}

/** The cycles of a size and a factor, in closed form. */
export function cycleLengths(
  { size, factor, cycles }: CycleLengthsOptions,
): CycleLengths {
  const end = cycles === undefined ? Infinity : restartOf(cycles, size, factor);
  if (factor === 1) {
    const { count, rest, left } = multiples(size);
    return {
      count,
      rest,
      left,
      cycleOf: (iteration) => {
        const start = iteration - rest(iteration);
        return { cycle: count(iteration), start, end: start + size };
      },
      end,
    };
  }
  // Not Infinity, which no number of iterations leads back from.
  const growth = Math.min((factor - 1) / size, Number.MAX_VALUE);
  const logarithm = Math.log1p(factor - 1);
  function cycleOf(iteration: number): CycleBounds {
    const grown = Math.min(iteration * growth, Number.MAX_VALUE);
    let cycle = Math.floor(Math.log1p(grown) / logarithm);
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
    return { cycle, start, end };
  }
  return {
    count: (iteration) => cycleOf(iteration).cycle,
    rest: (iteration) => iteration - cycleOf(iteration).start,
    left: (iteration) => Math.ceil(cycleOf(iteration).end - iteration),
    cycleOf,
    end,
  };
}
