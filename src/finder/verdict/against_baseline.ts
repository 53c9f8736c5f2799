import { list } from "../result/list.ts";
import type { CurveEvidence } from "../curves/bounds.ts";
import type { Circumstances } from "../circumstances/circumstances.ts";
import type { Concluded, Overruling } from "./_overruling.ts";
import { formatRate } from "../../metrics/format_rate.ts";
import { mean } from "../../metrics/mean.ts";
import type { RangeTrial } from "../result/range_data.ts";

/**
 * By what share of the loss of always predicting the same a loss must be
 * better, to show that anything else was learned: more than noise and one or two
 * passes over examples that can only be memorized give.
 */
export const LEARNED = 0.04;

/** By what share of it a loss is worse that has not come near it. */
const FAR = 0.25;

/** Batches of a trial that tell what goes on to be learned. */
const LONG = 60;

/** Rates of a sweep that tell, without any trial, that it learned nothing. */
const TELLING = 30;

/** Losses in a row whose mean is telling. */
const STRETCH = 10;

/**
 * The same of batches that are met for the first time, which cannot be memorized:
 * the share, the standard errors by which they must be better at all, and how
 * many batches tell. Of 180 long trials with shuffled labels none came to a single
 * standard error.
 */
const LEARNED_AT_FIRST_SIGHT = 0.01;
const ERRORS_AT_FIRST_SIGHT = 2;
const LEAST_AT_FIRST_SIGHT = 16;

/** A start that is better by this share was trained before. */
const TRAINED = 0.3;

/** And improves by no more than this share of what it is better by. */
const IMPROVED = 0.3;

/** Nor by this share of itself: halfway, much of it is still to be had. */
const HALVED = 0.5;

/** A loss that training came to, and what it is hardly more than. */
interface LeastLoss {
  readonly loss: number;
  /** Infinity where it says nothing. */
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

/** What the losses of trials are held against. */
interface Usual {
  /** The loss of always predicting the same, less what misses nothing has. */
  readonly expected: number;
  /** What misses nothing has. */
  readonly floor: number;
  /** The loss of always predicting the same of each batch of a short trial. */
  readonly trialBaselines: readonly number[] | undefined;
}

/** The losses of a trial's end, were its batches as hard as all are. */
function endOf(
  { losses, references, penalty = 0 }: RangeTrial,
  { floor }: Usual,
): number[] {
  const end = -Math.ceil(losses.length / 3);
  const last = losses.slice(end).map((loss) => loss - penalty - floor);
  if (!references) return last;
  const usual = mean(references);
  const own = references.slice(end);
  const share = persistence(last, own);
  return last.map((loss, i) => loss - share * (own[i] - usual));
}

/**
 * Whether batches are about as hard as all are, by their baselines. What is rare
 * may be in none of them: then to say that it never is does better than it will.
 */
function areTelling(
  baselines: readonly number[],
  { expected, floor }: Usual,
): boolean {
  return mean(baselines) - floor >= (1 - FAR) * expected;
}

/** The baselines of the batches at a short trial's end, where they are known. */
function endBaselines(
  { losses, unseen }: RangeTrial,
  { trialBaselines = [] }: Usual,
): readonly number[] | undefined {
  if (unseen || trialBaselines.length < losses.length) return undefined;
  return trialBaselines.slice(0, losses.length)
    .slice(-Math.ceil(losses.length / 3));
}

/** What the end of a short trial surely came to, however it is read. */
function endLoss(trial: RangeTrial, usual: Usual): LeastLoss {
  const own = meanLoss(endOf(trial, usual), 1);
  const baselines = endBaselines(trial, usual);
  if (!baselines) return own;
  if (!areTelling(baselines, usual)) return { ...own, surely: Infinity };
  const { losses, penalty = 0 } = trial;
  const byBaselines = meanLoss(
    losses.slice(-baselines.length).map((loss, i) =>
      loss - penalty - baselines[i] + usual.expected
    ),
    1,
  );
  return byBaselines.surely > own.surely ? byBaselines : own;
}

/**
 * The losses of batches that a trial did not train on, were the baseline of each
 * what it is of all: some are harder than others, and so is their baseline.
 */
function unseenOf(
  { unseen, baselines, penalty = 0 }: RangeTrial,
  { expected, floor }: Usual,
): number[] | undefined {
  return unseen?.map((loss, i) =>
    loss - penalty + (baselines ? expected - baselines[i] : -floor)
  );
}

/**
 * Whether a long trial surely predicted batches that it had not met before better
 * than always the same: those held out, and in the later half of its first pass
 * those that it was about to train on.
 */
function isLearnedAtFirstSight(
  { losses, unseen, baselines, firstBaselines = [], penalty }: RangeTrial,
  usual: Usual,
): boolean {
  // What penalties were as it went is not known.
  if (!unseen || !baselines || penalty) return false;
  const from = Math.floor(firstBaselines.length / 2);
  const expected = [...firstBaselines.slice(from), ...baselines];
  const met = [...losses.slice(from, firstBaselines.length), ...unseen];
  if (
    expected.length < LEAST_AT_FIRST_SIGHT || !areTelling(expected, usual)
  ) return false;
  const { loss, surely } = meanLoss(
    met.map((loss, i) => loss - expected[i]),
    ERRORS_AT_FIRST_SIGHT,
  );
  return surely < 0 && -loss > LEARNED_AT_FIRST_SIGHT * usual.expected;
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
    readonly usual: Usual;
    /** The penalties at the first weights. */
    readonly penalty: number;
    /** The losses of a sweep, as they were measured. */
    readonly losses: readonly number[];
  },
): LeastLoss {
  const { best, noise } = evidence;
  const { trials, usual, penalty, losses } = options;
  const { expected, floor } = usual;
  const unseen = trials.flatMap((trial) => {
    const own = unseenOf(trial, usual);
    if (!own) return [];
    const level = meanLoss(own, 2);
    const { baselines } = trial;
    const isTelling = !baselines || areTelling(baselines, usual);
    return [isTelling ? level : { ...level, surely: Infinity }];
  });
  const tried = unseen.length > 0
    ? unseen
    : trials.filter(({ losses }) => losses.length > 0)
      .map((trial) => endLoss(trial, usual));
  // Penalties that outweigh the rest hide what it does from step to step.
  if (unseen.length === 0 && penalty > expected) {
    const start = evidence.start - penalty - floor;
    return { loss: start, surely: Math.max(start, expected) };
  }
  const offset = penalty + floor;
  const stretch = lowestStretch(losses.map((loss) => loss - offset));
  const point = { loss: best - offset, surely: best - offset + noise };
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
  { loss, floor, trialBaselines }: NonNullable<Circumstances["baseline"]>,
  { evidence, finding: { kind, tested }, maxLr = Infinity }: Concluded,
  { circumstances, trials, losses, references }: {
    readonly circumstances: Circumstances;
    readonly trials: readonly RangeTrial[];
    readonly losses: readonly number[];
    /** What the same batches gave at the first weights. */
    readonly references?: readonly number[];
  },
): Overruling | undefined {
  const { penalty = 0, unchanged } = circumstances;
  const expected = loss - floor;
  const usual: Usual = { expected, floor, trialBaselines };
  const better = (loss: number) => (expected - loss) / expected;
  const start = evidence.start - penalty - floor;
  // A trial may improve what a sweep over growing rates does not. Where there is
  // none, the lowest point of a sweep is the least of many.
  const improvement = Math.max(
    evidence.start - evidence.best - (trials.length > 0 ? 0 : evidence.noise),
    ...trials.map((trial) => endOf(trial, usual))
      .filter((losses) => losses.length > 0)
      .map((losses) => start - meanLoss(losses, 1).surely),
  );
  // Of a few single examples the first losses may be low by chance.
  const { loss: level, surely } = meanLoss(references ?? losses, 2);
  if (
    better(start + surely - level) > TRAINED &&
    improvement < IMPROVED * (expected - start) &&
    improvement < HALVED * start
  ) {
    return {
      kind: "optimum-already",
      detail: `whose loss is ${formatRate(start + floor)}, against ${
        formatRate(loss)
      } of always predicting the same`,
    };
  }
  const least = leastLoss(evidence, {
    trials,
    usual,
    penalty,
    losses,
  });
  if (
    better(least.surely) >= LEARNED ||
    trials.some((trial) => isLearnedAtFirstSight(trial, usual))
  ) return undefined;
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
      !(Math.abs(better((losses.at(-1) ?? Infinity) - penalty - floor)) <
        LEARNED)
    ) return undefined;
  }
  const isNear = better(least.loss) >= -FAR;
  // What a loss that is this precise may be at best.
  const isSure = better(2 * least.loss - least.surely) <= LEARNED;
  const ofHeldOut = trials.some(({ unseen }) => unseen);
  // Far above on what was trained on too: it did not come near in so few batches.
  const cameNear = isNear || ofHeldOut &&
      long.some((trial) => better(mean(endOf(trial, usual))) >= -FAR);
  // What kills units, or saturates them, at a higher rate says nothing of this.
  const isWithin = trials.some(({ learningRate, unseen }) =>
    unseen && learningRate <= maxLr
  );
  const isTold = trials.length === 0
    ? isNear && better(least.loss) <= LEARNED && (isLong || isStuck)
    : isSure && cameNear && (isWithin || isStuck);
  const own = `${formatRate(least.loss + floor)} at best${
    ofHeldOut ? " on batches held out" : ""
  }`;
  // A little below it, which chance may do, is told as what it is.
  const isBelow = least.loss < expected;
  if (!isTold) {
    return kind === "both-bounds" || trials.length > 0
      ? {
        kind: "baseline-not-passed",
        isNear: cameNear,
        detail: `for it came to ${own}, and always predicting the same gives ${
          formatRate(loss)
        }${isBelow ? ", which so few batches cannot tell apart" : ""}`,
      }
      : undefined;
  }
  return {
    kind: "frequencies-only",
    isNear,
    isStuck,
    detail: `for the loss came to ${own}, ${
      isBelow
        ? `hardly below the ${formatRate(loss)} of always predicting the same`
        : `and always predicting the same gives ${formatRate(loss)}`
    }${isStuck ? `; ${list(unchanged.names)} never changed` : ""}`,
  };
}
