import { type CurveEvidence, MINIMUM_POINTS } from "./bounds.ts";
import {
  type AdvisedOption,
  type Finding,
  type FindingKind,
  type Remedy,
  type Verdict,
  verdictOf,
} from "./finding.ts";
import type { ByHeart } from "./by_heart.ts";
import type { Circumstances } from "./circumstances.ts";
import { chooseCurve, valuesOf } from "./choose_curve.ts";
import { finitePoints } from "./curve.ts";
import type { RecordedRun, StopReason } from "./recorded_run.ts";
import { LOWEST } from "./sweeps.ts";
import { MAX_BATCHES, type RangeTestSettings } from "./settings.ts";

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
  /** Whether training came near the loss of always predicting the same. */
  readonly isNear?: boolean;
  /** Whether weights never changed. */
  readonly isStuck?: boolean;
  /** The rate at which training diverged, if it did. */
  readonly divergedAt?: number;
  /** Whether the loss had risen at the lowest rates already. */
  readonly hasRisen?: boolean;
  /** Whether it is higher at the highest rates than at the lowest. */
  readonly endsHigher?: boolean;
  /** What training shows that learns its examples by heart. */
  readonly byHeart?: ByHeart;
  /** Whether there is a maximum. */
  readonly hasMax?: boolean;
  /** Whether the losses of the same batches at the first weights are known. */
  readonly isReferenced?: boolean;
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
  option: Exclude<AdvisedOption, "batchSize" | "maxBatches">,
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

/** Whether a linear test was past the improvement within its first steps. */
function isEarly({ settings, evidence }: About): boolean {
  return isCoarse(settings) && (evidence.hidden?.index ?? 0) < MINIMUM_POINTS;
}

/** A loss that takes hold below so many times the first rate may do so below it. */
const NEAR_START = 10;

/** A first rate from which on few trainings learn. */
const HIGH = 0.1;

/** Rates above this are beyond what any training uses. */
const HIGHEST = 1e3;

/** Higher rates, where there are some to test. */
function higherRates(about: About, otherwise: Remedy): Remedy {
  return about.settings.endLr < 0.999 * HIGHEST
    ? set(about, "endLr", TWO_DECADES)
    : otherwise;
}

/** Lower rates, where weights still move at them. */
function lower(about: About): readonly Remedy[] {
  if (isCoarse(about.settings)) return [set(about, "endLr", 1 / TWO_DECADES)];
  return about.settings.startLr > LOWEST
    ? [set(about, "startLr", 1 / TWO_DECADES)]
    : [checkSupervision(about)];
}

/** More of what the test may spend, in its own terms. */
function moreBatches(about: About): Remedy {
  const { maxBatches } = about.settings;
  return maxBatches === undefined ? set(about, "iterations", 2) : {
    kind: "set-option",
    option: "maxBatches",
    from: maxBatches,
    to: maxBatches < MAX_BATCHES ? MAX_BATCHES : MORE_BATCHES * maxBatches,
  };
}

/** Whether the test may spend more than usual, and more still help little. */
function hasManyBatches({ settings: { maxBatches = 0 } }: About): boolean {
  return maxBatches > MAX_BATCHES;
}

/** What to do where no short training held as near the first rate as they came. */
function startLower(about: About): readonly Remedy[] {
  const { base } = about.evidence;
  const isNear = base !== undefined &&
    base.learningRate < NEAR_START * about.settings.startLr;
  return !about.hasMax && isNear
    ? [set(about, "startLr", 1 / TWO_DECADES)]
    : [];
}

/** Whose fault it is that nothing improves. */
function checkSupervision({ circumstances }: About): Remedy {
  return { kind: circumstances?.isLoop ? "check-loss" : "check-labels" };
}

/** What tells an improvement of a loop from noise. */
function addEvaluation(about: About): readonly Remedy[] {
  const { circumstances, isReferenced, settings } = about;
  return circumstances?.isLoop && !isReferenced && !settings.validated &&
      about.evidence.curve === "loss"
    ? [{ kind: "add-evaluation" }]
    : [];
}

/** Of a loop nobody knows what loss is a low one. */
function askWhetherTrained(
  { circumstances, divergedAt }: About,
): readonly Remedy[] {
  return circumstances?.isLoop && divergedAt !== undefined
    ? [{ kind: "check-trained", below: divergedAt }]
    : [];
}

/** Numbers within these are of a size that networks are made for. */
const USUAL_SIZES = [0.05, 20];

/** What to do about inputs and targets of an unusual size, if they are. */
function scale({ circumstances }: About): readonly Remedy[] {
  const { inputSize = 1, targetSize = 1 } = circumstances ?? {};
  const [least, greatest] = USUAL_SIZES;
  const isUnusual = (size: number) =>
    size > 0 && size < Infinity && (size < least || size > greatest);
  return [
    ...(isUnusual(inputSize)
      ? [{ kind: "scale-inputs", size: inputSize } as const]
      : []),
    ...(isUnusual(targetSize)
      ? [{ kind: "scale-targets", size: targetSize } as const]
      : []),
  ];
}

/** What to do where batch normalization leaves nothing of an example. */
function normalizeMore({ circumstances }: About): readonly Remedy[] {
  return circumstances?.isNormalizedAway ? [{ kind: "normalize-more" }] : [];
}

/**
 * Inputs beyond this, as incomes and placeholders such as -9999 are and pixels are
 * not, leave little room between bounds that hold.
 */
const HUGE = 300;

/** What to do about inputs that are so large, where bounds are good. */
function scaleHuge(
  { inputSize = 1 }: Partial<Circumstances>,
): readonly Remedy[] {
  return inputSize > HUGE && inputSize < Infinity
    ? [{ kind: "scale-inputs", size: inputSize }]
    : [];
}

/** What to do about penalties that outweigh all that there is to learn. */
function lowerPenalties({ circumstances }: About): readonly Remedy[] {
  const { penalty = 0, baseline } = circumstances ?? {};
  return baseline && penalty > baseline.loss - baseline.floor
    ? [{ kind: "lower-penalties", penalty, expected: baseline.loss }]
    : [];
}

/**
 * A first loss this many times that of always predicting the same, and the square
 * of the targets. Weights drawn as usual give outputs of about the inputs' size,
 * and with these and the targets of a usual size a loss within some tens of both.
 */
const FAR_OFF = 1000;

/**
 * The same where no rate lowers it: outputs that are saturated have no gradient,
 * and logarithms are cut off, at 16 in tfjs.
 */
const SATURATED = 3;

/** What to do about weights that are too large at first, if nothing else is. */
function shrinkWeights(about: About, farOff = FAR_OFF): readonly Remedy[] {
  const { penalty = 0, baseline, targetSize = 1 } = about.circumstances ?? {};
  const { loss: expected } = baseline ?? { loss: Infinity };
  const loss = about.evidence.start - penalty;
  const isFarOff = loss > farOff * Math.max(expected, targetSize ** 2);
  const { settings: { validated }, evidence: { curve } } = about;
  // What validation data give first says less of the weights than of them.
  return curve === "loss" && !validated && isFarOff &&
      scale(about).length === 0
    ? [{ kind: "shrink-weights", loss, expected }]
    : [];
}

/** What is evaluated on may not be like what is trained on. */
function checkValidation({ settings }: About): readonly Remedy[] {
  return settings.validated ? [{ kind: "check-validation" }] : [];
}

function shuffle({ circumstances }: About): readonly Remedy[] {
  return [{ kind: "shuffle", buffer: circumstances?.buffer ?? 1000 }];
}

const REMEDIES: {
  readonly [Kind in FindingKind]: (about: About) => readonly Remedy[];
} = {
  "both-bounds": ({ circumstances = {}, byHeart }) => [
    { kind: "train" },
    ...scaleHuge(circumstances),
    ...(circumstances.unlearned ?? []).map((
      one,
    ) => ({ kind: "check-output", ...one } as const)),
    ...(byHeart ? [{ kind: "watch-validation", ...byHeart } as const] : []),
  ],
  "no-improvement": (about) => {
    const higher = higherRates(about, { kind: "check-weights" });
    const check = checkSupervision(about);
    // Of a loss that is none of progress, higher rates show no more.
    const isLoop = about.circumstances?.isLoop;
    const isHigh = about.hasRisen || about.settings.startLr >= HIGH;
    const others = isHigh
      ? [set(about, "startLr", 1 / TWO_DECADES), check]
      : about.endsHigher
      ? [check]
      : isLoop
      ? [check, higher]
      : [higher, check];
    return [
      ...scale(about),
      ...shrinkWeights(about, SATURATED),
      ...checkValidation(about),
      ...addEvaluation(about),
      ...others,
    ];
  },
  "no-improvement-before-divergence": (about) => [
    ...scale(about),
    ...checkValidation(about),
    ...(about.hasRisen ? [set(about, "startLr", 1 / TWO_DECADES)] : []),
    ...addEvaluation(about),
    checkSupervision(about),
    ...askWhetherTrained(about),
    { kind: "enlarge-batch" },
    ...(about.settings.maxBatches === undefined
      ? [set(about, "iterations", 2)]
      : []),
  ],
  "still-improving": (about) => [higherRates(about, { kind: "train" })],
  "levelled-off": (about) => [higherRates(about, { kind: "train" })],
  "first-loss-not-finite": (about) => [...scale(about), { kind: "check-data" }],
  "diverged-before-improving": (about) => [
    ...scale(about),
    ...checkValidation(about),
    ...lower(about),
  ],
  "bounds-hidden-by-noise": (about) => [
    ...addEvaluation(about),
    ...(isEarly(about) ? [set(about, "endLr", 1 / TWO_DECADES)] : []),
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
  "batches-spent": (about) => [moreBatches(about)],
  "too-few-finite": () => [{ kind: "read-metric", metric: "loss" }],
  "trials-failed": (about) => [set(about, "startLr", 1 / TWO_DECADES)],
  "data-not-finite": () => [{ kind: "clean-data" }],
  "weights-not-finite": () => [{ kind: "initialize" }],
  "loss-not-finite": (about) => [...scale(about), { kind: "check-data" }],
  "targets-in-runs": shuffle,
  "losses-in-runs": shuffle,
  "diverges-at-any-rate": () => [{ kind: "lower-other-rates" }],
  "targets-constant": (about) => [
    ...(about.circumstances?.isPartSeen ? shuffle(about) : []),
    { kind: "check-labels" },
  ],
  "inputs-constant": (about) => [
    { kind: "check-inputs" },
    ...(about.circumstances?.isPartSeen ? shuffle(about) : []),
  ],
  "frequencies-only": (about) => [
    ...normalizeMore(about),
    ...scale(about),
    ...lowerPenalties(about),
    ...shrinkWeights(about),
    ...(about.isStuck ? [{ kind: "check-weights" } as const] : []),
    { kind: "check-pairing" },
    ...checkValidation(about),
    ...(about.isNear && !about.isStuck ? [moreBatches(about)] : []),
  ],
  "baseline-not-passed": (about) => [
    ...normalizeMore(about),
    ...scale(about),
    ...lowerPenalties(about),
    ...shrinkWeights(about, about.isNear ? FAR_OFF : SATURATED),
    ...startLower(about),
    ...checkValidation(about),
    ...(hasManyBatches(about) ? [] : [moreBatches(about)]),
    // Of validation data only their own loss is known, not that of training.
    ...(about.isNear || about.settings.validated
      ? [{ kind: "check-pairing" } as const]
      : []),
    // Numbers of another size first: they move the bounds, too.
    ...(about.hasMax && scale(about).length === 0
      ? [{ kind: "train" } as const]
      : []),
    ...(hasManyBatches(about) ? [moreBatches(about)] : []),
  ],
  "pairs-not-learned": (about) => [
    ...(about.circumstances?.isPassSpent ? [] : [moreBatches(about)]),
    { kind: "check-pairing" },
    { kind: "train" },
  ],
  "weights-unchanged": (about) => [
    ...normalizeMore(about),
    ...scale(about),
    ...shrinkWeights(about, SATURATED),
    { kind: "check-weights" },
  ],
  "optimum-already": ({ evidence: { lost }, divergedAt }) => {
    const below = lost?.learningRate ?? divergedAt;
    return below === undefined
      ? [{ kind: "initialize" }]
      : [{ kind: "use-lower-rates", below }];
  },
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

/** Whether a divergence after so many rates is one at once. */
function isAtOnce(
  tested: number,
  { iterations, maxBatches }: RangeTestSettings,
  rates: readonly number[],
): boolean {
  if (maxBatches === undefined) {
    return tested < Math.max(MINIMUM_POINTS, iterations / 4);
  }
  // A test that chooses its rates has no more of them than it tested.
  return rates[tested - 1] < TWO_DECADES * rates[0];
}

function findingKind(
  { tested, points }: Omit<Finding, "kind">,
  { stopReason, rates }: {
    readonly stopReason: StopReason;
    readonly rates: readonly number[];
  },
  { settings, evidence }: About,
): FindingKind {
  const aborted = stopReason === "aborted";
  if (points < tested && points < MINIMUM_POINTS) return "too-few-finite";
  if (evidence.hidden) return "bounds-hidden-by-noise";
  if (points < MINIMUM_POINTS || !evidence.base) {
    if (stopReason === "diverged" || stopReason === "non-finite") {
      if (tested === 0) return "first-loss-not-finite";
      return isAtOnce(tested, settings, rates)
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

/**
 * What a test over equal steps finds that are too large or too small: it sees a
 * decade or two, and to move its end goes to and fro.
 */
const OF_RANGE: ReadonlySet<FindingKind> = new Set([
  "still-improving",
  "levelled-off",
  "diverged-before-improving",
  "no-improvement",
  "bounds-hidden-by-noise",
]);

/** What to do about a finding, the most promising first. */
export function remediesFor(
  kind: FindingKind,
  about: About,
): readonly Remedy[] {
  const remedies = REMEDIES[kind](about);
  return about.settings.growth === "linear" && OF_RANGE.has(kind)
    ? [{ kind: "grow-exponentially" }, ...remedies]
    : remedies;
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
  const kind = findingKind(counts, {
    stopReason: run.stopReason,
    rates: learningRates,
  }, about);
  return {
    verdict: verdictOf(kind),
    finding: { kind, ...counts },
    remedies: remediesFor(kind, about),
    evidence,
    ...boundsOf(kind, evidence),
  };
}
