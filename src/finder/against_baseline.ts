import { list } from "./_list.ts";
import type { CurveEvidence } from "./bounds.ts";
import type { Circumstances, Concluded, Overruling } from "./circumstances.ts";
import { formatRate } from "../metrics/format_rate.ts";
import { mean } from "../metrics/mean.ts";
import type { RangeTrial } from "./range_data.ts";

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

/**
 * What losses show beside that of always predicting the same: weights that had
 * learned before, or none that learned anything of the inputs.
 */
export function againstBaseline(
  expected: number,
  { evidence, finding: { kind, tested }, maxLr = Infinity }: Concluded,
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
  const isLong = evidence.base
    ? tested - evidence.base.index >= LONG
    : tested >= TELLING;
  if (trials.length === 0) {
    // What still improved, or blew up within a few rates, is no answer.
    if (kind === "still-improving" || kind === "batches-spent") {
      return undefined;
    }
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
  // What kills units, or saturates them, at a higher rate says nothing of this.
  const isWithin = trials.some(({ learningRate, unseen }) =>
    unseen && learningRate <= maxLr
  );
  const isTold = trials.length === 0
    ? isNear && better(least.loss) <= LEARNED && (isLong || isStuck)
    : isSure && cameNear && (isWithin || isStuck);
  const against = `${formatRate(least.loss)} at best${
    ofHeldOut ? " on batches held out" : ""
  }, and always predicting the same gives ${formatRate(expected)}`;
  if (!isTold) {
    return kind === "both-bounds" || trials.length > 0
      ? {
        kind: "baseline-not-passed",
        isNear: cameNear,
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
