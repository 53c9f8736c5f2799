import {
  checkAtLeastOne,
  checkChoice,
  checkCount,
  checkIteration,
  checkNotNegative,
  show,
} from "./_check.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { snap } from "./_multiples.ts";
import { withTraits } from "./_traits.ts";
import { checkMomentumRange, type MomentumRange } from "./momentum_range.ts";
import type { Schedule } from "./schedule.ts";
import { checkOptions, flag } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

/** The shape of each phase of {@linkcode oneCycle}. */
export type Annealing = "cosine" | "linear";

/** Options of {@linkcode oneCycle}. */
export interface OneCycleOptions {
  /** The rate at the peak. */
  maxLr: number;
  /** The iterations of the whole cycle, which should be all of the training. */
  iterations: number;
  /**
   * The part of the iterations that the rate rises in.
   *
   * @default {0.3}
   */
  pctStart?: number;
  /**
   * `maxLr` over the rate of iteration 0.
   *
   * @default {25}
   */
  divFactor?: number;
  /**
   * The rate of iteration 0 over the rate of the last iteration.
   *
   * @default {1e4}
   */
  finalDivFactor?: number;
  /**
   * The shape of each phase.
   *
   * @default {"cosine"}
   */
  anneal?: Annealing;
  /**
   * Whether the rate first falls back to where it began, as fast as it rose,
   * and is annealed only then.
   *
   * @default {false}
   */
  threePhase?: boolean;
  /** Cycles the momentum between these bounds, inversely to the rate. */
  momentum?: MomentumRange;
}

const ACTION = "create a one-cycle schedule";
/** The names of all options. */
export const ONE_CYCLE_NAMES: readonly string[] = Object.keys(
  {
    maxLr: 0,
    iterations: 0,
    pctStart: 0,
    divFactor: 0,
    finalDivFactor: 0,
    anneal: 0,
    threePhase: 0,
    momentum: 0,
  } satisfies Record<keyof OneCycleOptions, 0>,
);
const ANNEALINGS = ["cosine", "linear"] as const;

/** One phase of a one-cycle schedule: from the end of the one before to `end`. */
export interface OneCyclePhase {
  /** The iteration with which the phase ends. */
  readonly end: number;
  /** The rate at the start of the phase. */
  readonly startLr: number;
  /** The rate at the end of the phase. */
  readonly endLr: number;
  /** The momentum at the start of the phase. */
  readonly startMomentum?: number;
  /** The momentum at the end of the phase. */
  readonly endMomentum?: number;
}

/** The phases of a one-cycle schedule of resolved options. */
export function oneCyclePhases(
  {
    maxLr,
    iterations,
    pctStart,
    divFactor,
    finalDivFactor,
    threePhase,
    momentum,
  }:
    & Required<Omit<OneCycleOptions, "momentum">>
    & Pick<OneCycleOptions, "momentum">,
): OneCyclePhase[] {
  const startLr = maxLr / divFactor;
  const endLr = startLr / finalDivFactor;
  const low = momentum?.base;
  const high = momentum?.max;
  // Rounding would hide the peak.
  const peak = snap(pctStart * iterations, 4) - 1;
  const rise = {
    end: peak,
    startLr,
    endLr: maxLr,
    startMomentum: high,
    endMomentum: low,
  };
  const last = iterations - 1;
  if (!threePhase) {
    return [rise, {
      end: last,
      startLr: maxLr,
      endLr,
      startMomentum: low,
      endMomentum: high,
    }];
  }
  return [rise, {
    end: 2 * peak,
    startLr: maxLr,
    endLr: startLr,
    startMomentum: low,
    endMomentum: high,
  }, {
    end: last,
    startLr,
    endLr,
    startMomentum: high,
    endMomentum: high,
  }];
}

/**
 * One cycle for the whole training: up from `maxLr / divFactor` to `maxLr`, and
 * down to `maxLr / divFactor / finalDivFactor` at the last iteration,
 * `iterations − 1`, which then holds.
 *
 * The phases end at `pctStart · iterations − 1`, with `threePhase` at
 * `2 · pctStart · iterations − 2`, and at `iterations − 1`. Within a phase that
 * starts at s and ends at e, with `f = (iteration − s) / (e − s)`, the rate goes
 * by `(1 + cos πf) / 2` or, linearly, by `1 − f`, from one end to the other.
 *
 * Source: Smith and Topin, "Super-Convergence" (2017),
 * {@link https://arxiv.org/abs/1708.07120}; phases as in PyTorch's `OneCycleLR`,
 * which goes up again past its end where this one holds, and starts below the
 * peak where `pctStart · iterations` is less than 1, where this one starts at it.
 *
 * @example
 * ```ts
 * import { oneCycle } from "@clr/clr/schedules";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const rate = oneCycle({ maxLr: 1, iterations: 10 });
 * assertAlmostEquals(rate(1), 0.52);
 * assertEquals([rate(0), rate(2), rate(9), rate(99)], [0.04, 1, 4e-6, 4e-6]);
 * ```
 *
 * @throws {RangeError} If `maxLr` is negative or not finite, `iterations` is not
 * a whole number >= 2, `pctStart` is not in [0, 1], or [0, 0.5] with
 * `threePhase`, a factor is less than 1, `anneal` is unknown, or the momentum's
 * bounds are not in order within [0, 1).
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkNames(ACTION, options, ONE_CYCLE_NAMES);
  checkOptions(ACTION, options, { threePhase: flag });
  const {
    maxLr,
    iterations,
    pctStart = 0.3,
    divFactor = 25,
    finalDivFactor = 1e4,
    anneal = "cosine",
    threePhase = false,
    momentum,
  } = options;
  checkNotNegative(ACTION, "maxLr", maxLr);
  checkCount(ACTION, { iterations }, 2);
  checkAtLeastOne(ACTION, "divFactor", divFactor);
  checkAtLeastOne(ACTION, "finalDivFactor", finalDivFactor);
  checkChoice(ACTION, { anneal }, ANNEALINGS);
  if (momentum !== undefined) checkMomentumRange(ACTION, momentum);
  const most = threePhase ? 0.5 : 1;
  if (!(Number.isFinite(pctStart) && pctStart >= 0 && pctStart <= most)) {
    throw new RangeError(
      `Cannot ${ACTION} as pctStart must be >= 0 and <= ${most}: current value is ${
        show(pctStart)
      }`,
    );
  }
  const resolved = {
    maxLr,
    iterations,
    pctStart,
    divFactor,
    finalDivFactor,
    anneal,
    threePhase,
    ...(momentum ? { momentum: { ...momentum } } : {}),
  };
  const phases = oneCyclePhases(resolved).filter(({ end }, i, all) =>
    end > Math.max(0, all[i - 1]?.end ?? 0)
  );
  const weight = anneal === "cosine"
    ? cosineWeight
    : (remaining: number) => remaining;

  function valueAt(
    iteration: number,
    start: "startLr" | "startMomentum",
    end: "endLr" | "endMomentum",
  ): number {
    checkIteration(iteration);
    let began = 0;
    for (const phase of phases) {
      if (iteration < phase.end) {
        const remaining = (phase.end - iteration) / (phase.end - began);
        return mix(phase[start]!, phase[end]!, weight(remaining));
      }
      began = phase.end;
    }
    return phases[phases.length - 1][end]!;
  }

  return withTraits((iteration) => valueAt(iteration, "startLr", "endLr"), {
    description: { kind: "oneCycle", ...resolved },
    iterations,
    ...(momentum &&
      {
        momentum: (iteration) =>
          valueAt(iteration, "startMomentum", "endMomentum"),
      }),
  });
}
