import { type CurveEvidence, MINIMUM_POINTS } from "./bounds.ts";
import {
  type AdvisedOption,
  type Finding,
  type FindingKind,
  type Remedy,
  type Verdict,
  verdictOf,
} from "./finding.ts";
import type { Circumstances } from "./circumstances.ts";
import { chooseCurve, valuesOf } from "./choose_curve.ts";
import { finitePoints } from "./curve.ts";
import type { RecordedRun, StopReason } from "./recorded_run.ts";
import type { RangeTestSettings } from "./settings.ts";

/** What a run allows one to conclude. */
export interface Conclusion {
  readonly baseLr?: number;
  readonly maxLr?: number;
  readonly thumb?: "maxLr";
  readonly verdict: Verdict;
  readonly finding: Finding;
  readonly remedies: readonly Remedy[];
  readonly evidence: CurveEvidence;
}

/** What advice is given on. */
interface About {
  readonly settings: RangeTestSettings;
  readonly evidence: CurveEvidence;
  readonly circumstances?: Circumstances;
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
  option: Exclude<AdvisedOption, "batchSize">,
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

function shuffle({ circumstances }: About): readonly Remedy[] {
  return [{ kind: "shuffle", buffer: circumstances?.buffer ?? 1000 }];
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
  "levelled-off": (about) => [set(about, "endLr", TWO_DECADES)],
  "first-loss-not-finite": () => [{ kind: "check-data" }],
  "diverged-before-improving": (about) => [
    set(about, isCoarse(about.settings) ? "endLr" : "startLr", 1 / TWO_DECADES),
  ],
  "bounds-hidden-by-noise": (about) => [
    set(about, "batchesPerRate", MORE_BATCHES),
    { kind: "enlarge-batch" },
  ],
  "stopped-before-improving": () => [{ kind: "run-on" }],
  "stopped-while-improving": () => [{ kind: "run-on" }],
  "too-few-rates": ({ settings }) => [{
    kind: "set-option",
    option: "iterations",
    from: settings.iterations,
    to: Math.max(ENOUGH_RATES, 2 * settings.iterations),
  }],
  "too-few-finite": () => [{ kind: "read-metric", metric: "loss" }],
  "trials-failed": (about) => [set(about, "startLr", 1 / TWO_DECADES)],
  "data-not-finite": () => [{ kind: "clean-data" }],
  "loss-not-finite": () => [{ kind: "check-data" }],
  "targets-in-runs": shuffle,
  "losses-in-runs": shuffle,
  "diverges-at-any-rate": () => [{ kind: "lower-other-rates" }],
  "targets-constant": () => [{ kind: "check-labels" }],
  "frequencies-only": () => [{ kind: "check-pairing" }],
  "baseline-not-passed": (about) => [set(about, "iterations", 2)],
  "weights-unchanged": () => [{ kind: "check-weights" }],
  "optimum-already": ({ settings, evidence }) => [{
    kind: "use-lower-rates",
    below: evidence.lost?.learningRate ?? settings.endLr,
  }],
  "targets-out-of-reach": ({ circumstances }) => [{
    kind: "change-loss",
    to: circumstances?.mismatch?.to ?? "a loss that suits the targets",
  }],
  "batch-holds-all": ({ circumstances }) => [{
    kind: "set-option",
    option: "batchSize",
    from: circumstances!.whole!.batchSize,
    to: Math.max(1, Math.floor(circumstances!.whole!.examples / 10)),
  }],
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
  if (evidence.hidden) return "bounds-hidden-by-noise";
  if (points < MINIMUM_POINTS || !evidence.base) {
    if (stopReason === "diverged" || stopReason === "non-finite") {
      if (tested === 0) return "first-loss-not-finite";
      return tested < atOnce(settings)
        ? "diverged-before-improving"
        : "no-improvement-before-divergence";
    }
    if (aborted) return "stopped-before-improving";
    return points < MINIMUM_POINTS ? "too-few-rates" : "no-improvement";
  }
  const { max } = evidence;
  if (!max) return aborted ? "stopped-while-improving" : "still-improving";
  if (max.reason === "slows") return "levelled-off";
  return "both-bounds";
}

/** A maximum that is not known, by the rule of thumb: base = max / 3. */
const THUMB = 3;

/** The bounds that a finding leaves standing. */
function boundsOf(
  kind: FindingKind,
  { base, max }: CurveEvidence,
): Pick<Conclusion, "baseLr" | "maxLr" | "thumb"> {
  switch (kind) {
    case "both-bounds":
      return { baseLr: base!.learningRate, maxLr: max!.learningRate };
    case "levelled-off":
    case "still-improving":
      return {
        baseLr: base!.learningRate,
        maxLr: THUMB * base!.learningRate,
        thumb: "maxLr",
      };
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
  const evidence = chooseCurve(learningRates, run, settings);
  const about = { settings, evidence };
  const counts = {
    tested: run.losses.length,
    points: finitePoints(valuesOf(run, evidence.curve)).length,
  };
  const kind = findingKind(counts, run.stopReason, about);
  return {
    verdict: verdictOf(kind),
    finding: { kind, ...counts },
    remedies: remediesFor(kind, about),
    evidence,
    ...boundsOf(kind, evidence),
  };
}
