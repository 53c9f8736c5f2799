import {
  type CurveEvidence,
  LOCATING_BASE_CLARITY,
  LOCATING_CLARITY,
  MINIMUM_POINTS,
  SIGNIFICANT_CLARITY,
} from "./bounds.ts";
import { chooseCurve, valuesOf } from "./choose_curve.ts";
import { finitePoints } from "./curve.ts";
import type { RecordedRun, StopReason } from "./recorded_run.ts";
import type { RangeTestSettings } from "./settings.ts";

/**
 * What a test found:
 *
 * - `"good"`: both bounds.
 * - `"flat"`: no improvement at any rate.
 * - `"never-diverged"`: still improving at the end; raise `endLr`.
 * - `"diverged-at-once"`: diverged before it improved; lower `startLr`.
 * - `"noisy"`: an improvement that noise hides; more batches per rate.
 * - `"too-short"`: too few rates tested to tell.
 */
export type Verdict =
  | "good"
  | "flat"
  | "never-diverged"
  | "diverged-at-once"
  | "noisy"
  | "too-short";

/**
 * What was seen in the curve:
 *
 * - `"both-bounds"`: where it starts to improve and where that ends (`"good"`).
 * - `"no-improvement"`: none at any rate, `"no-improvement-before-divergence"`:
 *   none at the rates before training diverged (`"flat"`).
 * - `"still-improving"`: it improves up to the last rate (`"never-diverged"`).
 * - `"first-loss-not-finite"`: there was no loss to begin with,
 *   `"diverged-before-improving"`: training diverged among the first rates
 *   (`"diverged-at-once"`).
 * - `"bounds-hidden-by-noise"`: it improves, noise hides where;
 *   `"bounds-coincide"`: it improves from one rate to the next (`"noisy"`).
 * - `"stopped-before-improving"` and `"stopped-while-improving"`: the signal
 *   stopped the test; `"too-few-rates"`: there are too few to see a trend;
 *   `"too-few-finite"`: the curve is not a number at most of them
 *   (`"too-short"`).
 */
export type FindingKind =
  | "both-bounds"
  | "no-improvement"
  | "no-improvement-before-divergence"
  | "still-improving"
  | "first-loss-not-finite"
  | "diverged-before-improving"
  | "bounds-hidden-by-noise"
  | "bounds-coincide"
  | "stopped-before-improving"
  | "stopped-while-improving"
  | "too-few-rates"
  | "too-few-finite";

/** The verdict that each leads to. */
const VERDICTS: { readonly [Kind in FindingKind]: Verdict } = {
  "both-bounds": "good",
  "no-improvement": "flat",
  "no-improvement-before-divergence": "flat",
  "still-improving": "never-diverged",
  "first-loss-not-finite": "diverged-at-once",
  "diverged-before-improving": "diverged-at-once",
  "bounds-hidden-by-noise": "noisy",
  "bounds-coincide": "noisy",
  "stopped-before-improving": "too-short",
  "stopped-while-improving": "too-short",
  "too-few-rates": "too-short",
  "too-few-finite": "too-short",
};

/** What was seen that led to a verdict. */
export interface Finding {
  /** What was seen. */
  readonly kind: FindingKind;
  /** Rates at which a finite loss was recorded. */
  readonly tested: number;
  /** Rates at which the curve that was read is a finite number. */
  readonly points: number;
}

/** An option of the test that a {@linkcode Remedy} sets. */
export type AdvisedOption =
  | "startLr"
  | "endLr"
  | "iterations"
  | "batchesPerRate";

/**
 * Something to do next:
 *
 * - `"train"`: train with a schedule between the bounds.
 * - `"set-option"`: test again with another value of an option.
 * - `"read-metric"`: read the bounds from another curve.
 * - `"enlarge-batch"`: use a larger batch.
 * - `"check-labels"`: check that labels fit inputs.
 * - `"check-data"`: check the data and the loss function.
 * - `"run-on"`: do not stop the test.
 */
export type Remedy =
  | {
    /** What to do. */
    readonly kind: "set-option";
    /** The option to set. */
    readonly option: AdvisedOption;
    /** Its value in this test. */
    readonly from: number;
    /** The value to set. */
    readonly to: number;
  }
  | {
    /** What to do. */
    readonly kind: "read-metric";
    /** The curve to read instead, `metric` of the test's options. */
    readonly metric: string;
  }
  | {
    /** What to do. */
    readonly kind:
      | "train"
      | "enlarge-batch"
      | "check-labels"
      | "check-data"
      | "run-on";
  };

/** What a run allows one to conclude. */
export interface Conclusion {
  readonly baseLr?: number;
  readonly maxLr?: number;
  readonly verdict: Verdict;
  readonly finding: Finding;
  readonly remedies: readonly Remedy[];
  readonly evidence: CurveEvidence;
}

/** What advice is given on. */
interface About {
  readonly settings: RangeTestSettings;
  readonly evidence: CurveEvidence;
}

/** The default: twenty a decade over the default range. */
const ENOUGH_RATES = 120;

/**
 * By how much a bound of the range is moved in one go: two decades, a third of
 * the default range, so that two tests reach what one missed.
 */
const TWO_DECADES = 100;

/** Noise falls with the root of the batches: four times as many halve it. */
const MORE_BATCHES = 4;

function set(
  { settings }: About,
  option: AdvisedOption,
  factor: number,
): Remedy {
  const from = settings[option];
  // A rate is said, and meant, to two digits.
  const to = option === "startLr" || option === "endLr"
    ? Number((from * factor).toPrecision(2))
    : Math.round(from * factor);
  return { kind: "set-option", option, from, to };
}

/** A linear test is past the first few steps wherever it starts. */
function isCoarse({ startLr, endLr, growth, iterations }: RangeTestSettings) {
  return growth === "linear" && startLr < (endLr - startLr) / (iterations - 1);
}

const REMEDIES: {
  readonly [Kind in FindingKind]: (about: About) => readonly Remedy[];
} = {
  "both-bounds": () => [{ kind: "train" }],
  "no-improvement": (about) => [
    set(about, "endLr", TWO_DECADES),
    { kind: "check-labels" },
  ],
  "no-improvement-before-divergence": (about) => [
    { kind: "check-labels" },
    set(about, "iterations", 2),
  ],
  "still-improving": (about) => [set(about, "endLr", TWO_DECADES)],
  "first-loss-not-finite": () => [{ kind: "check-data" }],
  "diverged-before-improving": (about) => [
    set(about, isCoarse(about.settings) ? "endLr" : "startLr", 1 / TWO_DECADES),
  ],
  "bounds-hidden-by-noise": (about) => [
    set(about, "batchesPerRate", MORE_BATCHES),
    { kind: "enlarge-batch" },
  ],
  "bounds-coincide": (about) => [set(about, "iterations", 2)],
  "stopped-before-improving": () => [{ kind: "run-on" }],
  "stopped-while-improving": () => [{ kind: "run-on" }],
  "too-few-rates": ({ settings }) => [{
    kind: "set-option",
    option: "iterations",
    from: settings.iterations,
    to: Math.max(ENOUGH_RATES, 2 * settings.iterations),
  }],
  "too-few-finite": () => [{ kind: "read-metric", metric: "loss" }],
};

/** Among how many of the first rates a divergence is one at once. */
function atOnce({ iterations }: RangeTestSettings): number {
  return Math.max(MINIMUM_POINTS, iterations / 4);
}

function findingKind(
  { tested, points }: Omit<Finding, "kind">,
  stopReason: StopReason,
  { settings, evidence }: About,
): FindingKind {
  const aborted = stopReason === "aborted";
  if (points < tested && points < MINIMUM_POINTS) return "too-few-finite";
  if (points < MINIMUM_POINTS || !(evidence.clarity >= SIGNIFICANT_CLARITY)) {
    if (stopReason === "diverged" || stopReason === "non-finite") {
      if (tested === 0) return "first-loss-not-finite";
      return tested < atOnce(settings)
        ? "diverged-before-improving"
        : "no-improvement-before-divergence";
    }
    if (aborted) return "stopped-before-improving";
    return points < MINIMUM_POINTS ? "too-few-rates" : "no-improvement";
  }
  if (
    evidence.clarity < LOCATING_CLARITY ||
    evidence.baseClarity < LOCATING_BASE_CLARITY
  ) {
    return "bounds-hidden-by-noise";
  }
  const { base, max } = evidence;
  if (!max) return aborted ? "stopped-while-improving" : "still-improving";
  return max.learningRate > base!.learningRate
    ? "both-bounds"
    : "bounds-coincide";
}

/** The bounds that a finding leaves standing. */
function boundsOf(kind: FindingKind, { base, max }: CurveEvidence) {
  switch (kind) {
    case "both-bounds":
      return { baseLr: base!.learningRate, maxLr: max!.learningRate };
    case "still-improving":
    case "stopped-while-improving":
      return { baseLr: base!.learningRate };
    default:
      return {};
  }
}

/** What to do about a finding, the most promising first. */
export function remediesFor(
  kind: FindingKind,
  about: About,
): readonly Remedy[] {
  return REMEDIES[kind](about);
}

/** Judges one run: its bounds where the curve supports them, and what to do. */
export function conclude(
  learningRates: readonly number[],
  run: RecordedRun,
  settings: RangeTestSettings,
): Conclusion {
  const evidence = chooseCurve(learningRates, run, settings.metric);
  const about = { settings, evidence };
  const counts = {
    tested: run.losses.length,
    points: finitePoints(valuesOf(run, evidence.curve)).length,
  };
  const kind = findingKind(counts, run.stopReason, about);
  return {
    verdict: VERDICTS[kind],
    finding: { kind, ...counts },
    remedies: remediesFor(kind, about),
    evidence,
    ...boundsOf(kind, evidence),
  };
}
