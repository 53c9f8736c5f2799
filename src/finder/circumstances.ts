import type { CurveEvidence } from "./bounds.ts";
import type { Finding } from "./finding.ts";
import type { DataFacts } from "./data_survey.ts";
import type { LossOrder } from "./loss_order.ts";
import { formatRate } from "../metrics/format_rate.ts";
import { mean } from "../metrics/mean.ts";
import type { MeasuredRun } from "./range_test_run.ts";
import type { RangeTrial } from "./range_data.ts";

/** What the curve alone says. */
interface Concluded {
  readonly evidence: CurveEvidence;
  readonly finding: Finding;
  readonly baseLr?: number;
}

/** What a test saw of its data and its trainee, beside the curve. */
export interface Circumstances {
  /** What the batches look like. */
  readonly facts?: DataFacts;
  /** Whether the test itself drew the batches, in random order. */
  readonly isShuffled: boolean;
  /** Whether there are targets behind those that were looked at. */
  readonly isPartSeen?: boolean;
  /** Whether the loss is one of the targets, as that of a model is. */
  readonly usesTargets: boolean;
  /** Whether the trainee is a loop of one's own. */
  readonly isLoop?: boolean;
  /** The root mean square of inputs that reach the weights as they are. */
  readonly inputSize?: number;
  /** That of targets, where the loss is of how far outputs are from them. */
  readonly targetSize?: number;
  /** Weights that hold numbers that are not finite, before any training. */
  readonly badWeights?: readonly string[];
  /** Examples of a set in tensors with numbers that are not finite. */
  readonly notFinite?: {
    readonly part: "xs" | "ys";
    readonly examples: readonly number[];
    /** What they are called, where that is not the data trained on. */
    readonly of?: string;
  };
  /** The order in the losses of the batches, where they come in one. */
  readonly lossOrder?: LossOrder;
  /** Whether a loss that diverges does so at any rate: others drive it. */
  readonly isDriven?: boolean;
  /** Where a loss was not finite. */
  readonly nonFinite?: MeasuredRun["nonFinite"];
  /** The loss of always predicting the same, at its best, without any penalty. */
  readonly expected?: number;
  /** What penalties on the weights add to the loss at the start. */
  readonly penalty?: number;
  /** Weights that no training changed. */
  readonly unchanged?: {
    readonly names: readonly string[];
    readonly of: number;
  };
  /** Where each batch is all of the data, and that was asked for. */
  readonly whole?: { readonly batchSize: number; readonly examples: number };
  /** Outputs, targets and loss that do not suit each other, and what would. */
  readonly mismatch?: { readonly detail: string; readonly to: string };
  /** Examples that a buffer should hold to shuffle the data. */
  readonly buffer?: number;
}

/**
 * How many times as much the means of batches may differ as those of batches
 * drawn at random. By chance, of 40 batches, the ratio is below 1.6 in 99 of 100;
 * of 6 below 3. Sorted data come to the batch size.
 */
const RUNS = 3;

/**
 * By what share of the loss of always predicting the same a loss must be
 * better, to show that anything else was learned: more than noise and one or two
 * passes over examples that can only be memorized give.
 */
const LEARNED = 0.04;

/** By what share of it a loss is worse that has not come near it. */
const FAR = 0.25;

/** Batches of a trial that tell what goes on to be learned. */
const LONG = 60;

/** Rates of a sweep that tell, without any trial, that it learned nothing. */
const TELLING = 30;

/** Losses in a row whose mean is telling. */
const STRETCH = 10;

/** A start that is better by this share was trained before. */
const TRAINED = 0.3;

/** And improves by no more than this share of what it is better by. */
const IMPROVED = 0.3;

/** Nor by this share of itself: halfway, much of it is still to be had. */
const HALVED = 0.5;

function list(values: readonly (string | number)[], most = 3): string {
  const shown = values.slice(0, most).join(", ");
  return values.length > most
    ? `${shown} and ${values.length - most} more`
    : shown;
}

/** A loss that training came to, and what it is hardly more than. */
interface LeastLoss {
  readonly loss: number;
  readonly surely: number;
}

/** The mean of some losses, and so many standard errors more. */
function meanLoss(losses: readonly number[], errors: number): LeastLoss {
  const loss = mean(losses);
  const squares = losses.map((one) => (one - loss) ** 2);
  const error = Math.sqrt(mean(squares) / Math.max(1, losses.length - 1));
  return { loss, surely: loss + errors * error };
}

/**
 * How much of what a batch's loss at the first weights differs from the usual its
 * loss now differs by: the slope of a regression. It is near 1 as long as the
 * weights are near the first ones, and 0 where they have left them far behind.
 */
function persistence(
  losses: readonly number[],
  references: readonly number[],
): number {
  const [level, usual] = [mean(losses), mean(references)];
  const shared = mean(
    losses.map((loss, i) => (loss - level) * (references[i] - usual)),
  );
  const spread = mean(references.map((loss) => (loss - usual) ** 2));
  return spread > 0 ? Math.min(1, Math.max(0, shared / spread)) : 0;
}

/** The losses of a trial's end, were its batches as hard as all are. */
function endOf({ losses, references, penalty = 0 }: RangeTrial): number[] {
  const end = -Math.ceil(losses.length / 3);
  const last = losses.slice(end);
  if (!references) return last.map((loss) => loss - penalty);
  const usual = mean(references);
  const own = references.slice(end);
  const share = persistence(last, own);
  return last.map((loss, i) => loss - share * (own[i] - usual) - penalty);
}

/**
 * The losses of batches that a trial did not train on, were the baseline of each
 * what it is of all: some are harder than others, and so is their baseline.
 */
function unseenOf(
  { unseen, baselines, penalty = 0 }: RangeTrial,
  expected: number,
): number[] | undefined {
  return unseen?.map((loss, i) =>
    loss - penalty + (baselines ? expected - baselines[i] : 0)
  );
}

/** The lowest mean of so many losses in a row, if there are as many. */
function lowestStretch(losses: readonly number[]): LeastLoss | undefined {
  let least: LeastLoss | undefined;
  for (let end = STRETCH; end <= losses.length; end++) {
    const one = meanLoss(losses.slice(end - STRETCH, end), 2);
    if (!least || one.surely < least.surely) least = one;
  }
  return least;
}

/**
 * The least loss that training surely came to, without penalties on weights: to
 * make these small is not to learn. What long trials did not train on tells best,
 * as passes over few examples memorize them; then the ends of short ones. Where
 * there is no trial, the lowest point of a sweep counts for no more than what a
 * single batch is known to, as it is the least of many, or a stretch of losses as
 * they were measured does.
 */
function leastLoss(
  evidence: CurveEvidence,
  options: {
    readonly trials: readonly RangeTrial[];
    /** The loss of always predicting the same. */
    readonly expected: number;
    /** The penalties at the first weights. */
    readonly penalty: number;
    /** The losses of a sweep, as they were measured. */
    readonly losses: readonly number[];
  },
): LeastLoss {
  const { best, noise } = evidence;
  const { trials, expected, penalty, losses } = options;
  const unseen = trials.flatMap((trial) => {
    const own = unseenOf(trial, expected);
    return own ? [own] : [];
  });
  const tried = unseen.length > 0
    ? unseen.map((losses) => meanLoss(losses, 2))
    : trials.map(endOf).filter((losses) => losses.length > 0)
      .map((losses) => meanLoss(losses, 1));
  // Penalties that outweigh the rest hide what it does from step to step.
  if (unseen.length === 0 && penalty > expected) {
    const start = evidence.start - penalty;
    return { loss: start, surely: Math.max(start, expected) };
  }
  const stretch = lowestStretch(losses.map((loss) => loss - penalty));
  const point = { loss: best - penalty, surely: best - penalty + noise };
  const lower = (a: LeastLoss, b: LeastLoss) => b.surely < a.surely ? b : a;
  if (tried.length > 0) return tried.reduce(lower);
  if (!stretch) return point;
  // What the more precise of the two says, and what either is sure of.
  const { loss } = stretch.surely - stretch.loss < noise ? stretch : point;
  return { loss, surely: lower(stretch, point).surely };
}

/** A finding in place of the curve's. */
interface Overruling extends Pick<Finding, "kind" | "detail"> {
  /** Whether training came near that of always predicting the same. */
  readonly isNear?: boolean;
}

/**
 * What losses show beside that of always predicting the same: weights that had
 * learned before, or none that learned anything of the inputs.
 */
function againstBaseline(
  expected: number,
  { evidence, finding: { kind, tested } }: Concluded,
  { circumstances, trials, losses }: {
    readonly circumstances: Circumstances;
    readonly trials: readonly RangeTrial[];
    readonly losses: readonly number[];
  },
): Overruling | undefined {
  const { penalty = 0, unchanged } = circumstances;
  const better = (loss: number) => (expected - loss) / expected;
  const improvement = evidence.start - evidence.best;
  const start = evidence.start - penalty;
  if (
    better(start) > TRAINED && improvement < IMPROVED * (expected - start) &&
    improvement < HALVED * start
  ) {
    return {
      kind: "optimum-already",
      detail: `whose loss is ${formatRate(start)}, against ${
        formatRate(expected)
      } of always predicting the same`,
    };
  }
  const least = leastLoss(evidence, {
    trials,
    expected,
    penalty,
    losses,
  });
  if (better(least.surely) >= LEARNED) return undefined;
  const long = trials.filter(({ losses }) => losses.length >= LONG);
  const isStuck = unchanged !== undefined && unchanged.names.length > 0;
  if (trials.length === 0) {
    // What still improved, or blew up within a few rates, is no answer.
    if (
      kind === "still-improving" || kind === "levelled-off" ||
      kind === "batches-spent"
    ) return undefined;
    if (kind !== "both-bounds" && !isStuck && tested < TELLING) {
      return undefined;
    }
    // What blows up at once was not learning, unless it stayed at that very loss.
    if (
      kind === "diverged-before-improving" &&
      !(Math.abs(better((losses.at(-1) ?? Infinity) - penalty)) < LEARNED)
    ) return undefined;
  }
  const isNear = better(least.loss) >= -FAR;
  // What a loss that is this precise may be at best.
  const isSure = better(2 * least.loss - least.surely) <= LEARNED;
  const ofHeldOut = trials.some(({ unseen }) => unseen);
  // Far above on what was trained on too: it did not come near in so few batches.
  const cameNear = isNear || ofHeldOut &&
      long.some((trial) => better(mean(endOf(trial))) >= -FAR);
  const isTold = trials.length === 0
    ? isNear && better(least.loss) <= LEARNED && (tested >= TELLING || isStuck)
    : isSure && cameNear && (ofHeldOut || isStuck);
  const against = `${formatRate(least.loss)} at best${
    ofHeldOut ? " on batches held out" : ""
  }, and always predicting the same gives ${formatRate(expected)}`;
  if (!isTold) {
    return kind === "both-bounds" || trials.length > 0
      ? {
        kind: "baseline-not-passed",
        isNear: long.length > 0 && cameNear,
        detail: `for it came to ${against}`,
      }
      : undefined;
  }
  return {
    kind: "frequencies-only",
    isNear: isNear && !isStuck,
    detail: `for the loss came to ${against}${
      isStuck ? `; ${list(unchanged.names)} never changed` : ""
    }`,
  };
}

/** What is to be found in place of what the curve shows, if anything. */
export function overrule(
  conclusion: Concluded,
  options: {
    readonly circumstances: Circumstances;
    readonly trials: readonly RangeTrial[];
    /** The losses of a sweep. */
    readonly losses: readonly number[];
  },
): Overruling | undefined {
  const { circumstances } = options;
  const { facts, expected, unchanged, whole } = circumstances;
  const { kind, tested } = conclusion.finding;

  if (circumstances.notFinite) {
    const { part, examples, of } = circumstances.notFinite;
    return {
      kind: "data-not-finite",
      detail: `in ${part} of the ${
        examples.length > 1 ? "examples" : "example"
      } at ${list(examples)}${of === undefined ? "" : ` of ${of}`}`,
    };
  }
  if (facts && facts.notFinite.length > 0) {
    const [{ part }] = facts.notFinite;
    const batches = facts.notFinite.filter((one) => one.part === part)
      .map(({ batch }) => batch);
    return {
      kind: "data-not-finite",
      detail: `in ${part} of batch ${list(batches)}`,
    };
  }
  if (circumstances.mismatch) {
    const { detail } = circumstances.mismatch;
    return { kind: "targets-out-of-reach", detail };
  }
  const { badWeights = [] } = circumstances;
  if (badWeights.length > 0) {
    return { kind: "weights-not-finite", detail: `in ${list(badWeights)}` };
  }
  if (circumstances.nonFinite?.cause === "data") {
    if (tested === 0) return { kind: "first-loss-not-finite" };
    const { batch } = circumstances.nonFinite;
    return { kind: "loss-not-finite", detail: `of batch ${batch}` };
  }
  if (
    kind === "stopped-before-improving" || kind === "stopped-while-improving" ||
    kind === "too-few-rates"
  ) return;
  if (circumstances.usesTargets && facts?.targets?.variance === 0) {
    return {
      kind: "targets-constant",
      ...(circumstances.isPartSeen
        ? { detail: `in the first ${facts.targets.batches} batches` }
        : {}),
    };
  }
  if (
    !circumstances.isShuffled && facts?.runs !== undefined && facts.runs > RUNS
  ) {
    return {
      kind: "targets-in-runs",
      detail: `the targets of batches differ ${
        Number(facts.runs.toPrecision(2))
      } times as much as those of batches drawn at random`,
    };
  }
  if (
    circumstances.isDriven &&
    (kind === "diverged-before-improving" ||
      kind === "no-improvement-before-divergence")
  ) return { kind: "diverges-at-any-rate" };
  if (!circumstances.isShuffled && circumstances.lossOrder) {
    const { pass } = circumstances.lossOrder;
    return {
      kind: "losses-in-runs",
      detail: `the losses of neighbouring batches are alike${
        pass === undefined
          ? " at the first weights"
          : `, and come again with each pass of ${pass} batches`
      }`,
    };
  }
  if (
    unchanged && unchanged.of > 0 && unchanged.names.length === unchanged.of
  ) {
    return { kind: "weights-unchanged" };
  }
  if (expected !== undefined && conclusion.evidence.curve === "loss") {
    const found = againstBaseline(expected, conclusion, options);
    if (found) return found;
  }
  if (whole && kind === "both-bounds") {
    return {
      kind: "batch-holds-all",
      detail:
        `as batchSize is ${whole.batchSize} and there are ${whole.examples} examples`,
    };
  }
}
