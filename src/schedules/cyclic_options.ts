import {
  checkAtLeast,
  checkChoice,
  checkCount,
  checkFactor,
  checkFunction,
  checkNotNegative,
  checkPositive,
} from "./_check.ts";
import { checkCycleFactor } from "./cycle_lengths.ts";
import { checkMomentumRange, type MomentumRange } from "./momentum_range.ts";
import { checkNames } from "../runtime/check_names.ts";

/**
 * How the amplitude changes over the cycles: `"triangular"` keeps it,
 * `"triangular2"` halves it after each cycle, `"exp_range"` multiplies it by
 * `gamma` at each iteration.
 *
 * `"exp_range"` is that of Keras and PyTorch: the peaks decay towards `baseLr`.
 * The paper's text (section 3.1) has both bounds decay, which is
 * `scale(cyclic(options), exponential({ startLr: 1, factor: gamma }))`.
 */
export type CyclicMode = "triangular" | "triangular2" | "exp_range";

/** What a {@linkcode ScaleFn} is called with: the cycle or the iteration. */
export type ScaleMode = "cycle" | "iterations";

/**
 * The shape of a cycle, with x from −1 at its start through 0 at its peak to 1
 * at its end: `"triangular"` is `1 − |x|`, `"welch"` is `1 − x²` and `"hann"`
 * is `(1 + cos(πx)) / 2`.
 */
export type Waveform = "triangular" | "welch" | "hann";

/**
 * An amplitude factor. `x` is the cycle, counted from 1, with
 * `scaleMode: "cycle"`, and the iteration, counted from 0, with `"iterations"`.
 */
export type ScaleFn = (x: number) => number;

/** Options of `cyclic`. */
export interface CyclicOptions {
  /**
   * The rate at the start and end of each cycle.
   *
   * @default {0.001}
   */
  baseLr?: number;
  /**
   * The rate at the peak of the first cycle.
   *
   * @default {0.006}
   */
  maxLr?: number;
  /**
   * Iterations from `baseLr` up to the peak. Two to ten epochs' worth is usual.
   *
   * @default {2000}
   */
  stepSize?: number;
  /**
   * Iterations from the peak down to `baseLr`.
   *
   * @default {stepSize}
   */
  stepSizeDown?: number;
  /**
   * How many times as long each cycle is as the one before, in both its steps.
   * Below 1 cycles become shorter, and `cycles` says when they end.
   *
   * @default {1}
   */
  cycleFactor?: number;
  /** The number of cycles, after which `baseLr` holds. Without it, no end. */
  cycles?: number;
  /**
   * How the amplitude changes over the cycles. Has no effect with `scaleFn`.
   *
   * @default {"triangular"}
   */
  mode?: CyclicMode;
  /**
   * The amplitude's factor per iteration in mode `"exp_range"`, in (0, 1].
   * The default is the paper's; Keras's and PyTorch's default of 1 would turn
   * `"exp_range"` into `"triangular"`.
   *
   * @default {0.99994}
   */
  gamma?: number;
  /** The amplitude's factor, in place of `mode` and `gamma`. */
  scaleFn?: ScaleFn;
  /**
   * What `scaleFn` is called with.
   *
   * @default {"cycle"}
   */
  scaleMode?: ScaleMode;
  /**
   * The shape of a cycle.
   *
   * @default {"triangular"}
   */
  waveform?: Waveform;
  /** Cycles the momentum between these bounds, inversely to the rate. */
  momentum?: MomentumRange;
}

/** {@linkcode CyclicOptions} with every default filled in. */
export type ResolvedCyclicOptions =
  & Readonly<Required<Omit<CyclicOptions, "scaleFn" | "momentum" | "cycles">>>
  & Readonly<Pick<CyclicOptions, "scaleFn" | "momentum" | "cycles">>;

const ACTION = "create a cyclic schedule";
const MODES = ["triangular", "triangular2", "exp_range"] as const;
const SCALE_MODES = ["cycle", "iterations"] as const;
const WAVEFORMS = ["triangular", "welch", "hann"] as const;

/** The names of all options. */
export const CYCLIC_NAMES: readonly string[] = Object.keys(
  {
    baseLr: 0,
    maxLr: 0,
    stepSize: 0,
    stepSizeDown: 0,
    cycleFactor: 0,
    cycles: 0,
    mode: 0,
    gamma: 0,
    scaleFn: 0,
    scaleMode: 0,
    waveform: 0,
    momentum: 0,
  } satisfies Record<keyof CyclicOptions, 0>,
);

/**
 * `options` with every default filled in.
 *
 * @throws {RangeError} If one is out of its range.
 * @throws {TypeError} If one is of another kind, or none.
 */
export function resolveCyclicOptions(
  options: CyclicOptions,
): ResolvedCyclicOptions {
  checkNames(ACTION, options, CYCLIC_NAMES);
  const {
    baseLr = 0.001,
    maxLr = 0.006,
    stepSize = 2000,
    stepSizeDown = stepSize,
    cycleFactor = 1,
    cycles,
    mode = "triangular",
    gamma = 0.99994,
    scaleFn,
    scaleMode = "cycle",
    waveform = "triangular",
    momentum,
  } = options;
  checkNotNegative(ACTION, "baseLr", baseLr);
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkAtLeast(ACTION, { maxLr }, { baseLr });
  checkPositive(ACTION, "stepSize", stepSize);
  checkPositive(ACTION, "stepSizeDown", stepSizeDown);
  if (cycles !== undefined) checkCount(ACTION, { cycles });
  checkCycleFactor(ACTION, {
    size: stepSize + stepSizeDown,
    factor: cycleFactor,
    cycles,
  });
  checkChoice(ACTION, { mode }, MODES);
  checkFactor(ACTION, "gamma", gamma);
  checkChoice(ACTION, { scaleMode }, SCALE_MODES);
  checkChoice(ACTION, { waveform }, WAVEFORMS);
  if (scaleFn !== undefined) checkFunction(ACTION, "scaleFn", scaleFn);
  if (momentum !== undefined) checkMomentumRange(ACTION, momentum);
  return {
    baseLr,
    maxLr,
    stepSize,
    stepSizeDown,
    cycleFactor,
    ...(cycles !== undefined && { cycles }),
    mode,
    gamma,
    scaleFn,
    scaleMode,
    waveform,
    momentum: momentum && { base: momentum.base, max: momentum.max },
  };
}
