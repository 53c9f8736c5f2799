import type { CurveEvidence } from "../curves/bounds.ts";
import type { GridResult } from "./grid_data.ts";
import type { Finding, Remedy, Verdict } from "./finding.ts";
import type { RangeCurve } from "../curves/curve.ts";
import type { RangeTestCost } from "./range_test_cost.ts";
import type { RecordedRun, StopReason } from "../curves/recorded_run.ts";
import type { RangeTestSettings } from "../options/settings.ts";
import type { LearningRateSuggestions } from "../curves/suggestions.ts";

/** One run of the test, of which there are `repeats`. */
export interface RangeTestRun extends RecordedRun {
  /** What this run alone would have found. */
  readonly verdict: Verdict;
  /** Its lower bound, if any. */
  readonly baseLr?: number;
  /** Its upper bound, if any. */
  readonly maxLr?: number;
}

/** The least and the greatest of several runs. */
export type Spread = readonly [least: number, greatest: number];

/** A training at one rate, short or long, from the weights that the test began with. */
export interface RangeTrial {
  /** The rate. */
  readonly learningRate: number;
  /** The loss of each batch. */
  readonly losses: readonly number[];
  /** The losses of the same batches at the first weights, where measured. */
  readonly references?: readonly number[];
  /**
   * What its last third gained over the start, in improvements of the sweeps;
   * absent where training did not hold at this rate.
   */
  readonly gained?: number;
  /** What the penalties on a model's weights were in the end, if there are some. */
  readonly penalty?: number;
  /** Of a long one: at its end, the losses of batches that it did not train on. */
  readonly unseen?: readonly number[];
  /** What always predicting the same gives on these batches, where it is known. */
  readonly baselines?: readonly number[];
  /**
   * The same of those that it trained on, from the first to the last that it had
   * not met before.
   */
  readonly firstBaselines?: readonly number[];
}

/** All that a range test found: the fields of a `LearningRateRange`. */
export interface RangeTestResult {
  /** With what the test was run. */
  readonly settings: RangeTestSettings;
  /**
   * The lower bound of a cycle; absent where the curve supports none. Both are
   * stated as preferred numbers, twelve a decade (IEC 60063): 1, 1.2, 1.5, 1.8,
   * 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2. {@linkcode RangeTestResult.evidence}
   * has the rates that they were read from.
   */
  readonly baseLr?: number;
  /** The upper bound of a cycle, likewise. */
  readonly maxLr?: number;
  /** The rates tested, up to where the test stopped. */
  readonly learningRates: readonly number[];
  /** The loss at each rate: of several runs, the median. */
  readonly losses: readonly number[];
  /** The losses after bias-corrected exponential smoothing by `beta`. */
  readonly smoothedLosses: readonly number[];
  /**
   * The other metrics at each rate, by name: of several runs, the median; NaN,
   * in JSON null, where there is none.
   */
  readonly metrics: { readonly [name: string]: readonly number[] };
  /** Single rates that published rules pick from the smoothed losses. */
  readonly suggestions: LearningRateSuggestions;
  /** Why the test stopped. */
  readonly stopReason: StopReason;
  /** The rate at which it stopped. */
  readonly stoppedAt: number;
  /** What the test found, in a word. */
  readonly verdict: Verdict;
  /** What was seen that led to the verdict. */
  readonly finding: Finding;
  /** What to do next, the most promising first. */
  readonly remedies: readonly Remedy[];
  /** The finding in a line, as text and pictures of the range have it. */
  readonly headline: string;
  /** What to do next, in a line. */
  readonly nextStep: string;
  /** The finding and what to do next, in a sentence. */
  readonly advice: string;
  /** Where and why the test stopped, in a line. */
  readonly ending: string;
  /** The curve that the bounds were read from. */
  readonly curve: RangeCurve;
  /** From which points of it they were read, and how clearly it shows. */
  readonly evidence: CurveEvidence;
  /** Least and greatest bounds of several runs; absent for a single run. */
  readonly spread?: {
    /** Of the lower bound. */
    readonly baseLr: Spread;
    /** Of the upper bound. */
    readonly maxLr: Spread;
  };
  /**
   * Between which rates each bound lies with a confidence of 90 %, where the test
   * chose its rates for itself.
   */
  readonly intervals?: {
    /** Of the lower bound. */
    readonly baseLr: Spread;
    /** Of the upper bound. */
    readonly maxLr: Spread;
  };
  /**
   * Which bound was not read from the curve but set by the rule of thumb from
   * the other one (Smith 2015, section 3.3: a third or a fourth of the maximum).
   */
  readonly thumb?: "baseLr" | "maxLr";
  /** Trainings at single rates, if there were some. */
  readonly trials?: readonly RangeTrial[];
  /** What the test cost, where that was counted. */
  readonly cost?: RangeTestCost;
  /**
   * Batches in a pass over the data, where that is known; with `accumulate`, the
   * steps on them.
   */
  readonly batchesPerEpoch?: number;
  /**
   * The curves of other hyperparameters, where `grid` asked for some: this is the
   * range of the best of them.
   */
  readonly grid?: GridResult;
  /** Each run; the bounds of the range are the medians of theirs. */
  readonly runs: readonly RangeTestRun[];
}

/** A `LearningRateRange` as plain data, such as its JSON stands for. */
export interface LearningRateRangeData extends RangeTestResult {
  /** Says what these data are. */
  readonly type: "LearningRateRange";
  /** Of this format. */
  readonly version: 2;
}
