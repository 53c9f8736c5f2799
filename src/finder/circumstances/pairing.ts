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
