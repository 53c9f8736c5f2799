import type { About } from "./_about.ts";
import {
  endless,
  endLower,
  hasManyBatches,
  higherRates,
  isEarly,
  isNearStart,
  lower,
  MORE_BATCHES,
  moreBatches,
  set,
  startLower,
  TWO_DECADES,
} from "./_option_remedies.ts";
import {
  addEvaluation,
  askWhetherTrained,
  checkSupervision,
  checkValidation,
  compileAgain,
  FAR_OFF,
  initializeRandomly,
  keepRowsOut,
  lowerNoise,
  lowerPenalties,
  normalizeLayers,
  normalizeMore,
  SATURATED,
  scale,
  scaleHuge,
  shrinkWeights,
  shuffle,
  watchUnits,
} from "./_problem_remedies.ts";
import type { FindingKind, Remedy } from "../result/finding.ts";

/** The default: twenty a decade over the default range. */
const ENOUGH_RATES = 120;

/** A first rate from which on few trainings learn. */
const HIGH = 0.1;

const REMEDIES: {
  readonly [Kind in FindingKind]: (about: About) => readonly Remedy[];
} = {
  "both-bounds": ({ circumstances = {}, byHeart }) => [
    { kind: "train" },
    ...compileAgain(circumstances),
    ...scaleHuge(circumstances),
    ...(circumstances.unlearned ?? []).map((
      one,
    ) => ({ kind: "check-output", ...one } as const)),
    ...(byHeart ? [{ kind: "watch-validation", ...byHeart } as const] : []),
    ...keepRowsOut(circumstances, byHeart !== undefined),
    ...watchUnits(circumstances),
    ...(circumstances.isContested ? [{ kind: "judge-outcome" } as const] : []),
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
  "still-improving": (about) => [higherRates(about, endless(about))],
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
  "trials-failed": (about) => {
    const lower = set(about, "startLr", 1 / TWO_DECADES);
    if (!about.circumstances?.isLoop) return [lower];
    // A loss that rises as the loop learns fails at any rate.
    const check = checkSupervision(about);
    return isNearStart(about) ? [lower, check] : [check, lower];
  },
  "data-not-finite": () => [{ kind: "clean-data" }],
  "weights-not-finite": () => [{ kind: "initialize" }],
  "loss-not-finite": (about) => [...scale(about), { kind: "check-data" }],
  "targets-in-runs": shuffle,
  "losses-in-runs": shuffle,
  "diverges-at-any-rate": () => [{ kind: "lower-other-rates" }],
  "targets-constant": (about) => [
    ...(about.circumstances?.isPartSeen ? shuffle(about) : []),
    { kind: "check-targets" },
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
    ...checkValidation(about),
    { kind: "check-pairing" },
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
  "pairs-not-learned": (about) => {
    const { circumstances } = about;
    const lower = endLower(about);
    // Between bounds that throw training off nothing would be learned.
    if (lower) return [lower, { kind: "check-pairing" }];
    return [
      ...(circumstances?.isPassSpent || circumstances?.rows
        ? []
        : [moreBatches(about)]),
      { kind: "check-pairing" },
      ...keepRowsOut(circumstances ?? {}, false),
      { kind: "train" },
    ];
  },
  "inputs-unused": () => [{ kind: "use-batch" }, { kind: "train" }],
  "batches-unused": () => [{ kind: "use-batch" }, { kind: "train" }],
  "loss-unmoved": () => [{ kind: "check-loss" }],
  "losses-are-shares": () => [{ kind: "return-loss" }],
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

/** What says that little is learned, which noise may hide or hinder. */
const OF_LEARNING: ReadonlySet<FindingKind> = new Set([
  "no-improvement",
  "no-improvement-before-divergence",
  "diverged-before-improving",
  "bounds-hidden-by-noise",
  "trials-failed",
  "frequencies-only",
  "baseline-not-passed",
  "weights-unchanged",
]);

/** What to do about a finding, the most promising first. */
export function remediesFor(
  kind: FindingKind,
  about: About,
): readonly Remedy[] {
  return [
    ...(about.settings.growth === "linear" && OF_RANGE.has(kind)
      ? [{ kind: "grow-exponentially" } as const]
      : []),
    ...(OF_LEARNING.has(kind)
      ? [
        ...compileAgain(about.circumstances ?? {}),
        ...lowerNoise(about),
        ...initializeRandomly(about),
        ...normalizeLayers(about),
      ]
      : []),
    ...REMEDIES[kind](about),
  ];
}
