import { checkCount, checkPositive } from "./_check.ts";
import { checkNames } from "../runtime/check_names.ts";

/** Options of {@linkcode planCycles}. */
export interface PlanCyclesOptions {
  /** The samples of an epoch; to be given with `batchSize`. */
  samples?: number | undefined;
  /** The samples of a batch. The last batch of an epoch may be smaller. */
  batchSize?: number | undefined;
  /**
   * The batches of an epoch, in place of `samples` and `batchSize`: what a range
   * test has as `range.batchesPerEpoch`, and a dataset as its `size`.
   */
  batchesPerEpoch?: number | undefined;
  /** The epochs that one means to train. */
  epochs: number;
  /**
   * The epochs of a step, which is half a cycle. The paper: 2 to 10.
   *
   * @default {2}
   */
  stepSizeEpochs?: number | undefined;
}

/** How many cycles a training has, and where they end. */
export interface CyclePlan {
  /** The iterations of an epoch, the last, smaller batch included. */
  readonly iterationsPerEpoch: number;
  /** The iterations of the whole training. */
  readonly iterations: number;
  /** The iterations of a step: the `stepSize` of `cyclic` and `CyclicLR`. */
  readonly stepSize: number;
  /** The cycles that the training has; not whole if it ends within one. */
  readonly cycles: number;
  /** Whether the training ends with a cycle, as it best does. */
  readonly endsOnCycle: boolean;
  /** The most epochs up to `epochs` that end with a cycle; 0 if none do. */
  readonly epochsBefore: number;
  /** The fewest epochs from `epochs` on that end with a cycle. */
  readonly epochsAfter: number;
}

const ACTION = "plan cycles";
const NAMES = Object.keys(
  {
    samples: 0,
    batchSize: 0,
    batchesPerEpoch: 0,
    epochs: 0,
    stepSizeEpochs: 0,
  } satisfies Record<keyof PlanCyclesOptions, 0>,
);

/** The iterations of an epoch, from the one or the other way to give them. */
function iterationsOf(options: PlanCyclesOptions): number {
  const { samples, batchSize, batchesPerEpoch } = options;
  if (batchesPerEpoch === undefined) {
    // Of somebody who gives none of them, both ways are news.
    if (samples === undefined && batchSize === undefined) {
      throw new RangeError(
        `Cannot ${ACTION} as samples and batchSize, or batchesPerEpoch, must be given: current value is none of them`,
      );
    }
    checkCount(ACTION, { samples: samples! });
    checkCount(ACTION, { batchSize: batchSize! });
    return Math.ceil(samples! / batchSize!);
  }
  checkCount(ACTION, { batchesPerEpoch });
  if (samples !== undefined || batchSize !== undefined) {
    throw new RangeError(
      `Cannot ${ACTION} as batchesPerEpoch must be given in place of samples and batchSize: current value has both`,
    );
  }
  return batchesPerEpoch;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * The step size for cycles of `stepSizeEpochs` epochs a step, and the epoch
 * counts at which a training best ends: at the end of a cycle, where the rate is
 * lowest. The step is rounded to whole iterations, so that peaks and ends of
 * cycles fall on batches.
 *
 * Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2015),
 * section 3.2, {@link https://arxiv.org/abs/1506.01186}.
 *
 * @example CIFAR-10, as in the paper
 * ```ts
 * import { planCycles } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = planCycles({
 *   samples: 50_000,
 *   batchSize: 100,
 *   epochs: 20,
 *   stepSizeEpochs: 4,
 * });
 * assertEquals(plan, {
 *   iterationsPerEpoch: 500,
 *   iterations: 10_000,
 *   stepSize: 2_000,
 *   cycles: 2.5,
 *   endsOnCycle: false,
 *   epochsBefore: 16,
 *   epochsAfter: 24,
 * });
 * ```
 *
 * @example Of batches that are known, as a range test and a dataset know them
 * ```ts
 * import { planCycles } from "@clr/clr/schedules";
 *
 * const plan = planCycles({ batchesPerEpoch: 500, epochs: 24, stepSizeEpochs: 4 });
 * console.log(plan.stepSize, plan.cycles, plan.endsOnCycle); // 2000 3 true
 * ```
 *
 * @throws {RangeError} If `samples`, `batchSize`, `batchesPerEpoch` or `epochs` is
 * not a whole number >= 1, both ways to give the batches are used or none is, or
 * `stepSizeEpochs` is not finite and > 0.
 */
export function planCycles(options: PlanCyclesOptions): CyclePlan {
  checkNames(ACTION, options, NAMES);
  const { epochs, stepSizeEpochs = 2 } = options;
  const iterationsPerEpoch = iterationsOf(options);
  checkCount(ACTION, { epochs });
  checkPositive(ACTION, "stepSizeEpochs", stepSizeEpochs);
  const iterations = iterationsPerEpoch * epochs;
  const stepSize = Math.max(
    1,
    Math.round(stepSizeEpochs * iterationsPerEpoch),
  );
  const length = 2 * stepSize;
  // Every so many epochs an epoch and a cycle end together.
  const period = length / greatestCommonDivisor(length, iterationsPerEpoch);
  return {
    iterationsPerEpoch,
    iterations,
    stepSize,
    cycles: iterations / length,
    endsOnCycle: epochs % period === 0,
    epochsBefore: Math.floor(epochs / period) * period,
    epochsAfter: Math.ceil(epochs / period) * period,
  };
}
