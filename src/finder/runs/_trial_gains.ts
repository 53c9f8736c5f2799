import { mean } from "../../metrics/mean.ts";
import type { RangeTrial } from "../result/range_data.ts";

/**
 * Trials are weighed by the exponential of what each gained beside the one that
 * gained most, with this advantage of the next higher rate and this scale. It is
 * not a choice of one: where all do as well, the middle, whatever noise says.
 */
const ADVANTAGE = 0.05;
const SCALE = 0.6;

/**
 * How many times what the trial below gained the boldest one must have gained for
 * a bolder one still to be tried: the best rate is higher then than any tried, as
 * at the beginning of a plateau.
 */
const STILL_RISING = 1.25;

/** What a trial may lose, in improvements of the sweep, and still holds. */
const TOLERANCE = 0.1;

/** Standard errors by which a training must pass chance to be weighed by that. */
const SURELY = 2;

/**
 * By how much a training passed what always predicting the same gives, in
 * improvements of the sweeps: 0 where it did not, or not surely. First weights may
 * be far worse than that, and to undo it, as any rate soon does, is not to learn.
 */
export function gainOverChance(
  { losses }: Pick<RangeTrial, "losses">,
  { steps, chance, gain }: {
    /** How much of it is looked at: the last third of so many steps. */
    readonly steps: number;
    /** What always predicting the same gives on each batch. */
    readonly chance: readonly number[];
    /** The improvement of the sweeps. */
    readonly gain: number;
  },
): number {
  const from = steps - Math.ceil(steps / 3);
  const passed = losses.slice(from, steps).map((loss, i) =>
    chance[from + i] - loss
  );
  const average = mean(passed);
  const error = Math.sqrt(
    mean(passed.map((value) => (value - average) ** 2)) / (passed.length - 1),
  );
  return average > SURELY * error ? average / gain : 0;
}

/** What a training gained, in improvements of the sweeps, if it held. */
export function gainOf(
  { losses, references }: Pick<RangeTrial, "losses" | "references">,
  { steps, start, gain }: {
    /** How much of it is looked at: the last third of so many steps. */
    readonly steps: number;
    /** The level before, where the losses of the same batches are not known. */
    readonly start: number;
    /** The improvement of the sweeps. */
    readonly gain: number;
  },
): number | undefined {
  if (losses.length < steps) return undefined;
  const changes = losses.slice(0, steps).map((loss, i) =>
    loss - (references?.[i] ?? start)
  );
  const change = mean(changes.slice(-Math.ceil(steps / 3)));
  return change <= TOLERANCE * gain ? -change / gain : undefined;
}

/** The step between those of trials, weighed by what these gained. */
export function bestOf(gains: ReadonlyMap<number, number>): number {
  const most = Math.max(...gains.values());
  let [sum, weighed] = [0, 0];
  for (const [step, gained] of gains) {
    const beside = most > 0 ? gained / most : gained - most;
    const weight = Math.exp((beside + ADVANTAGE * step) / SCALE);
    sum += weight;
    weighed += weight * step;
  }
  return weighed / sum;
}

/** Whether a step gained so much more than the one below it. */
export function isStillRising(
  gains: ReadonlyMap<number, number>,
  step: number,
): boolean {
  const [gained, below] = [gains.get(step), gains.get(step - 1)];
  return gained !== undefined && below !== undefined &&
    gained > STILL_RISING * Math.max(0, below);
}
