import type { MeasuredRun } from "./range_test_run.ts";
import type { RangeTrial } from "../result/range_data.ts";

/** What a search for both bounds needs. */
export interface SearchSetup {
  /** The first rate, and whether lower ones may be tested. */
  readonly startLr: number;
  readonly mayStartLower: boolean;
  /** The last rate, and whether higher ones may be tested. */
  readonly endLr: number;
  readonly mayEndHigher: boolean;
  /** Rates a decade. */
  readonly pace: number;
  /** Batches that may be trained on, in all. */
  readonly maxBatches: number;
  /** Trains on a batch at each rate in turn, from the first weights. */
  run(
    rates: readonly number[],
    options: {
      /** Of a run over growing rates. */
      readonly from?: number;
      /** How many such runs there were, this one included. */
      readonly sweep?: number;
    },
  ): Promise<MeasuredRun>;
  /** Whether the data or the trainee are at fault, whatever training shows. */
  isSettled?(): Promise<boolean>;
  /**
   * Whether nothing may have been learned from the inputs so far, or nothing that
   * was not learned before, which a long training would tell.
   */
  isInDoubt?(search: Search): Promise<boolean>;
  /**
   * What always predicting the same gives on each of so many batches of short
   * trainings, penalties included; nothing where nobody knows.
   */
  chance?(count: number): Promise<readonly number[] | undefined>;
  /**
   * Trains for so many batches at one rate, from the first weights, and goes on
   * with the losses of some that it did not train on; nothing where there are
   * none to hold out.
   */
  runLong?(
    learningRate: number,
    steps: number,
  ): Promise<LongRun | undefined>;
}

/** A training that goes on with losses of batches it did not train on. */
export interface LongRun {
  readonly run: MeasuredRun;
  /** What always predicting the same gives on these batches, where it is known. */
  readonly baselines?: readonly number[];
  /** The same of those that it trained on in its first pass over them. */
  readonly firstBaselines?: readonly number[];
}

/** What a search comes to. */
export interface Search {
  /** Every rate of a sweep, from the lowest to the highest. */
  readonly grid: readonly number[];
  /** The sweeps, whose `from` is an index of `grid`. */
  readonly runs: readonly MeasuredRun[];
  readonly trials: readonly RangeTrial[];
  /** Whether `maxBatches` were spent before the last rate. */
  readonly isCut?: boolean;
  /** The bounds, where there are some. */
  readonly baseLr?: number;
  readonly maxLr?: number;
  /** Half of a 90 % interval of each, in decades. */
  readonly halfWidths?: { readonly baseLr: number; readonly maxLr: number };
  /**
   * By how many decades long trainings raised them, which another order of the
   * batches might not have: so much farther down they may lie.
   */
  readonly raised?: number;
}

/** The batches that a search may still train on. */
export class Budget {
  #left: number;

  constructor(maxBatches: number) {
    this.#left = maxBatches;
  }

  get left(): number {
    return this.#left;
  }

  spend({ trained }: MeasuredRun): void {
    this.#left -= trained;
  }
}
