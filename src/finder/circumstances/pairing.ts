import { mean } from "../../metrics/mean.ts";
import { median } from "../../metrics/median.ts";

/** The part of a training, from its end, whose losses are compared. */
const END = 1 / 2;

/** By how many standard errors training on true pairs must do better. */
const ERRORS = 3;

/** The most that one difference counts, in their median: a spike is no trend. */
const CAP = 4;

/** Losses as near as this, in their own size, are the same but for rounding. */
const ROUNDING = 1e-5;

/** What training came to on true pairs, and on each other's targets. */
export interface Pairing {
  readonly loss: number;
  readonly mispaired: number;
}

/** Whether losses are the same. */
export function areAlike(
  some: readonly number[],
  others: readonly number[],
): boolean {
  return some.every((loss, i) =>
    Math.abs(loss - others[i]) <= ROUNDING * Math.abs(loss)
  );
}

/**
 * What two trainings came to on the same batches, where the one on true pairs of
 * inputs and targets did not surely do better than the one on each other's
 * targets: then nothing was seen to be learned from the inputs.
 */
export function notLearnedFrom(
  losses: readonly number[],
  mispaired: readonly number[],
): Pairing | undefined {
  const from = Math.floor(losses.length * END);
  const own = losses.slice(from);
  const others = mispaired.slice(from);
  // What blows up on each other's targets did worse.
  if (others.length < own.length) return undefined;
  const all = own.map((loss, i) => others[i] - loss);
  const most = CAP * median(all.map(Math.abs));
  const gains = all.map((one) => Math.max(-most, Math.min(most, one)));
  const gain = mean(gains);
  const squares = gains.map((one) => (one - gain) ** 2);
  const error = Math.sqrt(mean(squares) / Math.max(1, gains.length - 1));
  return gain > ERRORS * error
    ? undefined
    : { loss: mean(own), mispaired: mean(others) };
}

/**
 * By how many standard deviations, as other pairings show them, a training on the
 * true ones must do better, and by how many nothing is left to doubt. Of forty
 * tests of 40 rows of blobs, all twenty with their own labels come to the first,
 * and two of twenty with shuffled ones.
 */
const APART = 3;
const WELL_APART = 5;

/** Steps after which losses show what was learned. */
const AFTER = 2;

/** The losses of a training, and what the same batches gave at the first weights. */
interface Losses {
  readonly losses: readonly number[];
  readonly references?: readonly number[];
}

/** What training came to on some pairs of rows, and on other pairs of the same. */
export interface RowPairing {
  /** Where training on the true pairs did not surely do better. */
  readonly pairing?: Pairing;
  /** Whether chance might do as well. */
  readonly isClose: boolean;
}

/** By how many deviations a training came lower than others, in one stretch. */
function deviationsBelow(
  own: readonly number[],
  others: readonly (readonly number[])[],
  from: number,
): number {
  const levels = others.map((one) => mean(one.slice(from)));
  const level = mean(levels);
  const squares = levels.map((one) => (one - level) ** 2);
  const deviation = Math.sqrt(
    mean(squares) * (1 + levels.length) / (levels.length - 1),
  );
  const below = level - mean(own.slice(from));
  return below / Math.max(deviation, ROUNDING * Math.abs(level));
}

/** What a training changed of its losses, where that is known. */
function changesOf({ losses, references }: Losses): number[] | undefined {
  return references && losses.map((loss, i) => loss - references[i]);
}

/**
 * What trainings came to on the same few rows, one on their true pairs of inputs
 * and targets and some on other pairings, each of which can be learned by heart as
 * well as the true one: to do better is to have learned something of the inputs.
 * What is learned soon, and what late, is seen in one of two stretches; and what
 * the first weights have for some pairing by chance, in the losses or their change.
 */
export function compareRowPairings(
  own: Losses,
  others: readonly Losses[],
): RowPairing | undefined {
  const { length } = own.losses;
  // What blows up on each other's targets did worse.
  const whole = others.filter(({ losses }) => losses.length === length);
  if (whole.length < 2) return undefined;
  const half = Math.floor(length * END);
  const changes = changesOf(own);
  const otherChanges = whole.map((one) => changesOf(one) ?? []);
  const apart = Math.max(...[AFTER, half].flatMap((from) => [
    deviationsBelow(own.losses, whole.map(({ losses }) => losses), from),
    ...(changes ? [deviationsBelow(changes, otherChanges, from)] : []),
  ]));
  if (apart >= APART) return { isClose: apart < WELL_APART };
  const end = ({ losses }: Losses) => mean(losses.slice(half));
  return {
    pairing: { loss: end(own), mispaired: mean(whole.map(end)) },
    isClose: true,
  };
}
