import { mean } from "../../metrics/mean.ts";
import type { Circumstances } from "../circumstances/circumstances.ts";
import type { RangeTrial } from "../result/range_data.ts";

/** Fewer examples in a third of a pass, or no batch in it, tell nothing. */
const LEAST_EXAMPLES = 30;

/**
 * By how much the loss of examples met for the first time may be better than that
 * of always predicting the same, by how much it must fall where they come again,
 * and how much better it must be in the end, in shares of what is to be gained. Of
 * 148 runs of the zoo none comes to all three; a thousand words in a hundred texts
 * go from 0 to 0.5 at once and to 1 in the end.
 */
const HARDLY = 0.1;
const AT_ONCE = 0.25;
const MUCH = 0.4;

/** A loss that falls where examples come again, and not before. */
export interface ByHeart {
  /** The loss of examples met for the first time, at the end of their pass. */
  readonly first: number;
  /** The loss in the end, of examples that all were met before. */
  readonly again: number;
  /** The loss of always predicting the same. */
  readonly expected: number;
}

/**
 * What a short training says that learned its examples by heart: each pass over
 * them is in an order of its own, so that learning goes on within a pass as it
 * does from one to the next, and memory begins with the second.
 *
 * @param maxLr The rate that no trial that tells is above.
 */
export function learnedByHeart(
  trials: readonly RangeTrial[],
  { maxLr, circumstances }: {
    readonly maxLr: number;
    readonly circumstances: Circumstances;
  },
): ByHeart | undefined {
  const { baseline, pass = 0, buffer: examples = 0 } = circumstances;
  const baselines = baseline?.trialBaselines;
  const third = Math.floor(pass / 3);
  if (
    !baseline || !baselines || third === 0 || examples / 3 < LEAST_EXAMPLES
  ) return undefined;
  const [best] = trials.filter((
    { learningRate, gained, unseen, penalty, losses },
  ) =>
    learningRate <= maxLr && gained !== undefined && !unseen && !penalty &&
    losses.length >= pass + 2 * third && losses.length <= baselines.length
  ).toSorted((a, b) => b.gained! - a.gained!);
  if (!best) return undefined;
  const { loss: expected, floor } = baseline;
  const shares = best.losses.map((loss, i) =>
    (loss - baselines[i]) / (expected - floor)
  );
  const from = (at: number) => mean(shares.slice(at, at + third));
  const before = from(pass - 2 * third);
  const first = from(pass - third);
  const second = from(pass);
  const end = Math.min(Math.ceil(shares.length / 3), shares.length - pass);
  const again = mean(shares.slice(-end));
  const fall = first - second;
  // What only falls as steeply as it did within the first pass is learned.
  const isSudden = fall > AT_ONCE && before - first < fall / 2;
  if (first < -HARDLY || again > -MUCH || !isSudden) return undefined;
  const { losses } = best;
  return {
    first: mean(losses.slice(pass - third, pass)),
    again: mean(losses.slice(-end)),
    expected: mean(baselines.slice(pass - third, pass)),
  };
}
