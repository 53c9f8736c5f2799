import { checkIteration, show } from "./_check.ts";
import { type CycleLengths, cycleLengths } from "./cycle_lengths.ts";
import {
  type CyclicOptions,
  resolveCyclicOptions,
  type ResolvedCyclicOptions,
  type ScaleFn,
  type Waveform,
} from "./cyclic_options.ts";
import { mix } from "./_interpolate.ts";
import { snap } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

/** Where an iteration lies in a cyclic schedule. */
export interface CyclePosition {
  /** The cycle, counted from 1; after the last of `cycles`, one more. */
  readonly cycle: number;
  /**
   * Iterations from this one, inclusive, to the start of the next cycle;
   * Infinity after the last of `cycles`.
   */
  readonly iterationsLeft: number;
  /** The waveform's height: 0 at the ends of a cycle, 1 at its peak. */
  readonly height: number;
  /** The factor of the amplitude: 1 where the peak reaches `maxLr`. */
  readonly scale: number;
}

/** A cyclic schedule that also tells where in its cycle an iteration lies. */
export interface Cycles {
  /** The options, with every default filled in. */
  readonly options: ResolvedCyclicOptions;
  /** The learning rate of an iteration. */
  readonly at: Schedule;
  /** The position of an iteration. */
  readonly positionAt: (iteration: number) => CyclePosition;
}

/** What rounding a fractional step size may leave of the way to the peak. */
const PEAK = 2 ** -50;

const SHAPES: Record<Waveform, (rise: number) => number> = {
  triangular: (rise) => rise,
  welch: (rise) => rise * (2 - rise),
  // Equal to (1 + cos πx) / 2, without its cancellation near the trough.
  hann: (rise) => Math.sin(rise * Math.PI / 2) ** 2,
};

function checkedScale(scaleFn: ScaleFn, x: number): number {
  const scale = scaleFn(x);
  if (Number.isFinite(scale)) return scale;
  throw new RangeError(
    `Cannot evaluate a cyclic schedule as scaleFn(${x}) must return a finite number: current value is ${
      show(scale)
    }`,
  );
}

function scaler(
  { mode, gamma, scaleFn, scaleMode }: ResolvedCyclicOptions,
): (cycle: number, iteration: number) => number {
  if (scaleFn) {
    return scaleMode === "cycle"
      ? (cycle) => checkedScale(scaleFn, cycle)
      : (_, iteration) => checkedScale(scaleFn, iteration);
  }
  switch (mode) {
    case "triangular":
      return () => 1;
    case "triangular2":
      return (cycle) => 2 ** (1 - cycle);
    case "exp_range":
      return (_, iteration) => gamma ** iteration;
  }
}

/** How much of the way to its peak, or back from it, an iteration has come. */
function riser(
  { stepSize, stepSizeDown, cycleFactor }: ResolvedCyclicOptions,
  { rest, cycleOf }: CycleLengths,
): (iteration: number) => number {
  if (cycleFactor === 1) {
    const length = stepSize + stepSizeDown;
    return (iteration) => {
      const offset = rest(iteration);
      return offset <= stepSize
        ? offset / stepSize
        : Math.min(1, (length - offset) / stepSizeDown);
    };
  }
  return (iteration) => {
    const { cycle, start, end } = cycleOf(iteration);
    const peak = snap(start + stepSize * cycleFactor ** cycle, cycle + 2);
    return iteration < peak
      ? (iteration - start) / (peak - start)
      : (end - iteration) / (end - peak);
  };
}

/**
 * {@linkcode cyclic} together with the position of each iteration in its
 * cycle: which cycle, how far to its end, and how high.
 *
 * @example
 * ```ts
 * import { cycles } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const { positionAt } = cycles({ stepSize: 4, mode: "triangular2" });
 * assertEquals(positionAt(10), {
 *   cycle: 2,
 *   iterationsLeft: 6,
 *   height: 0.5,
 *   scale: 0.5,
 * });
 * ```
 *
 * @throws {RangeError} As {@linkcode cyclic} does.
 * @throws {TypeError} As {@linkcode cyclic} does.
 */
export function cycles(options: CyclicOptions = {}): Cycles {
  const resolved = resolveCyclicOptions(options);
  const { baseLr, maxLr, stepSize, stepSizeDown, waveform } = resolved;
  const { cycleFactor: factor, cycles: count } = resolved;
  const range = maxLr - baseLr;
  const shape = SHAPES[waveform];
  const scaleOf = scaler(resolved);

  // The remainder is exact at any size, so nothing drifts and both ends are
  // met; 1 + t/T − cycle, as in PyTorch, misses the peak for many step sizes.
  const size = stepSize + stepSizeDown;
  const lengths = cycleLengths({ size, factor, cycles: count });
  const { end } = lengths;
  const riseAt = riser(resolved, lengths);

  function heightAt(iteration: number): number {
    if (iteration >= end) return 0;
    const rise = riseAt(iteration);
    return shape(1 - rise < PEAK ? 1 : rise);
  }

  function cycleAt(iteration: number): number {
    return 1 + (iteration >= end ? count! : lengths.count(iteration));
  }

  function at(iteration: number): number {
    checkIteration(iteration);
    if (iteration >= end) return baseLr;
    const amplitude = heightAt(iteration) *
      scaleOf(cycleAt(iteration), iteration);
    // base + (max − base) may round to a neighbour of max, or past it.
    if (amplitude === 1) return maxLr;
    const rate = baseLr + amplitude * range;
    if (amplitude < 1 && rate > maxLr) return maxLr;
    if (rate >= 0 && rate < Infinity) return rate;
    throw new RangeError(
      `Cannot evaluate a cyclic schedule as scaleFn must keep the rate finite and >= 0: current value is ${
        show(rate)
      } at iteration ${iteration}`,
    );
  }

  function positionAt(iteration: number): CyclePosition {
    checkIteration(iteration);
    const cycle = cycleAt(iteration);
    return {
      cycle,
      iterationsLeft: iteration >= end ? Infinity : lengths.left(iteration),
      height: heightAt(iteration),
      scale: scaleOf(cycle, iteration),
    };
  }

  function momentumAt(iteration: number): number {
    const { height, scale } = positionAt(iteration);
    const { base, max } = momentum!;
    // A scaleFn above 1 would lead below the base, below 0 even.
    return mix(base, max, Math.min(1, Math.max(0, height * scale)));
  }

  const { scaleFn, momentum, ...plain } = resolved;
  const schedule = withTraits(at, {
    ...(!scaleFn && {
      description: { kind: "cyclic", ...plain, ...(momentum && { momentum }) },
    }),
    iterations: end,
    ...(momentum && { momentum: momentumAt }),
  });
  return { options: resolved, at: schedule, positionAt };
}

/**
 * A rate that cycles between two bounds: up from `baseLr` to `maxLr` in
 * `stepSize` iterations, and down again in `stepSizeDown`.
 *
 * With `up = stepSize`, `down = stepSizeDown`, `T = up + down` and
 * `p = iteration mod T`:
 *
 * - `rise = p ≤ up ? p / up : (T − p) / down`,
 * - `rate = baseLr + (maxLr − baseLr) · waveform(rise) · scale`,
 * - `scale` is 1, `1 / 2^(cycle − 1)` with `cycle = 1 + ⌊iteration / T⌋`, or
 *   `gamma^iteration`, by `mode`; or what `scaleFn` returns.
 *
 * With a `cycleFactor` f, cycle i (from 0) is of `f^i` times those steps and
 * starts at `T · (f^i − 1) / (f − 1)`.
 *
 * Exactly `baseLr` at the ends of a cycle and, with scale 1, exactly `maxLr` at
 * its peak, for any iteration up to 2^53. A T that is not whole stands for the
 * fraction that it rounds: three cycles of 100 / 3 iterations end with 100.
 *
 * Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2015),
 * {@link https://arxiv.org/abs/1506.01186}; `stepSizeDown` as in PyTorch.
 *
 * @example The paper's schedule
 * ```ts
 * import { cyclic } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = cyclic({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 });
 * assertEquals([rate(0), rate(2000), rate(4000)], [0.001, 0.006, 0.001]);
 * ```
 *
 * @example An amplitude of one's own
 * ```ts
 * import { cyclic } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = cyclic({
 *   baseLr: 0,
 *   maxLr: 1,
 *   stepSize: 10,
 *   scaleFn: (cycle) => 1 / cycle,
 * });
 * assertEquals([rate(10), rate(30), rate(50)], [1, 1 / 2, 1 / 3]);
 * ```
 *
 * @example Cycles that grow, such as to anneal for longer each time
 * ```ts
 * import { cyclic } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = cyclic({ baseLr: 0, maxLr: 1, stepSize: 10, cycleFactor: 2 });
 * // Cycles of 20, 40 and 80 iterations.
 * assertEquals([10, 20, 40, 60, 100].map(rate), [1, 0, 1, 0, 1]);
 * ```
 *
 * @throws {RangeError} If a rate is negative or not finite, `maxLr` is below
 * `baseLr`, a step size or `cycleFactor` is not finite and > 0, `cycles` is not
 * a whole number >= 1, or absent with a `cycleFactor` below 1 or so many that
 * the last has less than an iteration, `gamma` is not in (0, 1],
 * `mode`, `scaleMode` or `waveform` is unknown, or the momentum's bounds are
 * not in order within [0, 1). The schedule itself throws one for an iteration
 * that is negative or not finite, and where `scaleFn` returns what is not
 * finite or makes the rate so, or negative.
 * @throws {TypeError} If `scaleFn` is not a function.
 */
export function cyclic(options: CyclicOptions = {}): Schedule {
  return cycles(options).at;
}
