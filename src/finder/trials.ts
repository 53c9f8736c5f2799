import { centerOf, spanOf } from "./bounds.ts";
import { MOST_HELD_OUT } from "./_held_out.ts";
import { mean } from "../metrics/mean.ts";
import type { MeasuredRun } from "./range_test_run.ts";
import type { RangeTrial } from "./range_data.ts";
import type { Budget, SearchSetup } from "./search_setup.ts";
import type { Found } from "./sweeps.ts";

/** Batches of each trial, and how few are still worth it. */
const TRIAL = 20;
const SHORTEST_TRIAL = 12;

/**
 * How far from the middle the two rates of the trials are: by this share of the
 * way between taking hold and being undone, and by this many decades more.
 */
const APART_SHARE = 0.1;
const APART = 0.2;

/**
 * The two rates are weighed by a logistic function of what one gained over the
 * other, in improvements of the sweep, with this advantage of the higher rate
 * and this scale. It is not a choice of one: where both do as well, the middle.
 */
const ADVANTAGE = 0.05;
const SCALE = 1;

/** Below this weight the higher rate has failed, and the middle is tried out. */
const FAILED = 0.2;

/**
 * How much of the way to the higher rate is gone at most: what holds for so few
 * batches may break a network in hundreds, at once and for good.
 */
const BOLDNESS = 0.5;

/** By how many decades the rate is lowered where both trials failed. */
const RETREAT = 0.6;

/** What a trial may lose, in improvements of the sweep, and still holds. */
const TOLERANCE = 0.1;

/**
 * What a trial must gain, in improvements of the sweeps, where noise hides these:
 * it confirms that there is one.
 */
const CONFIRMED = 0.5;

/**
 * The share of all batches that a long trial takes, and how few are still worth
 * it: some networks learn nothing from their inputs in the first fifty.
 */
const LONG_TRIAL_SHARE = 0.4;
const SHORTEST_LONG_TRIAL = 60;

/**
 * What the bold rate must have gained over all others in short trials, in
 * improvements of the sweep, to be tried out for long before the maximum.
 */
const AHEAD = 0.1;

/** The weight of the higher of two rates that were tried out, from 0 to 1. */
function weigh(higher: RangeTrial, lower: RangeTrial): number {
  const gained = (higher.gained ?? -Infinity) - (lower.gained ?? -Infinity);
  return 1 / (1 + Math.exp(-(gained + ADVANTAGE) / SCALE));
}

/**
 * Trainings at single rates, each from the first weights. Two short ones, below
 * and above the middle of what sweeps found, say where between them the upper
 * bound lies and that training holds there. Where the higher one does much worse,
 * a third takes its place, at the middle.
 */
export class Trials {
  readonly #setup: SearchSetup;
  readonly #budget: Budget;
  readonly #found: Found;
  /** The decade between, and how far the two rates are from it. */
  readonly #middle: number;
  readonly #apart: number;
  /** The decades of the lowest and the highest rate that may be tried. */
  readonly #lowest: number;
  readonly #highest: number;
  /** What was tried out. */
  readonly done: RangeTrial[] = [];

  constructor(
    setup: SearchSetup,
    options: {
      readonly found: Found;
      readonly highest: number;
      readonly budget: Budget;
    },
  ) {
    const { found, highest, budget } = options;
    this.#setup = setup;
    this.#budget = budget;
    this.#found = found;
    const takes = mean(found.takes);
    const undone = found.undone.length ? mean(found.undone) : Infinity;
    this.#middle = centerOf(takes, undone);
    this.#apart = APART_SHARE * spanOf(takes, undone) + APART;
    const { startLr, mayStartLower, mayEndHigher } = setup;
    this.#lowest = mayStartLower ? -Infinity : Math.log10(startLr);
    this.#highest = mayEndHigher ? Infinity : Math.log10(highest);
  }

  /** The nearest decade that may be tried. */
  #allowed(decade: number): number {
    return Math.max(this.#lowest, Math.min(this.#highest, decade));
  }

  get #bold(): number {
    return this.#allowed(this.#middle + this.#apart);
  }

  /** The decade of the maximum; none where training held nowhere. */
  async choose(): Promise<number | undefined> {
    const [middle, apart] = [this.#middle, this.#apart];
    const { isGuess } = this.#found;
    const length = Math.min(TRIAL, Math.floor(this.#budget.left / 2));
    if (length < SHORTEST_TRIAL) return isGuess ? undefined : middle;
    const bold = await this.#tryOut(this.#bold, length);
    const cautious = await this.#tryOut(
      this.#allowed(middle - apart),
      length,
    );
    if (bold.gained === undefined && cautious.gained === undefined) {
      const lower = this.#allowed(middle - apart - RETREAT);
      const last = await this.#tryOutIfAny(lower);
      return last?.gained === undefined ? undefined : lower;
    }
    if (
      isGuess &&
      !(Math.max(bold.gained ?? 0, cautious.gained ?? 0) > CONFIRMED)
    ) return undefined;
    const weight = weigh(bold, cautious);
    if (weight < FAILED) {
      // What a constant rate breaks from the first step on, one that rises to
      // it may not: the middle is not given up for a failure above it.
      const between = await this.#tryOutIfAny(middle);
      if (between) return middle - (1 - weigh(between, cautious)) * apart;
    }
    return middle + Math.min(2 * weight - 1, BOLDNESS) * apart;
  }

  /**
   * Trains for long at the maximum and at a bold rate, until what is learned is
   * beyond doubt or the batches are spent. The bold one comes first where it did
   * better than others, as it learns the more. Where it did not, it may have
   * killed units, or have saturated them.
   *
   * @returns The decade of the maximum; none where the doubt remains.
   */
  async learnForLong(
    max: number | undefined,
    isInDoubt: () => Promise<boolean>,
  ): Promise<number | undefined> {
    const bold = this.#bold;
    const most = max ?? this.#middle;
    const hasFailed = this.done.some(({ learningRate, gained }) =>
      gained === undefined && Math.log10(learningRate) <= bold + 1e-9
    );
    const atMost = { decade: this.#allowed(most), max: most };
    const above = { decade: bold, max: most + BOLDNESS * (bold - most) };
    const plans = hasFailed || bold <= most
      ? [atMost]
      : this.#isBoldAhead
      ? [above, atMost]
      : [atMost, above];
    for (const { decade, max } of plans) {
      const steps = Math.min(
        Math.round(LONG_TRIAL_SHARE * this.#setup.maxBatches),
        this.#budget.left - MOST_HELD_OUT,
      );
      if (steps < SHORTEST_LONG_TRIAL) return;
      const long = await this.#setup.runLong!(10 ** decade, steps);
      if (!long) return;
      this.#judge(10 ** decade, { ...long, steps });
      if (!await isInDoubt()) return max;
    }
  }

  /**
   * Whether the first trial, at the bold rate, surely gained more than all others.
   * Of weights that are penalized it may be no more than that they shrank faster.
   */
  get #isBoldAhead(): boolean {
    if (this.done.some(({ penalty }) => penalty)) return false;
    const [bold, ...others] = this.done.map(({ gained = -Infinity }) => gained);
    return others.every((gained) => bold - gained > AHEAD);
  }

  async #tryOutIfAny(decade: number): Promise<RangeTrial | undefined> {
    const length = Math.min(TRIAL, this.#budget.left);
    if (length < SHORTEST_TRIAL) return undefined;
    return await this.#tryOut(decade, length);
  }

  async #tryOut(decade: number, steps: number): Promise<RangeTrial> {
    const rate = 10 ** decade;
    const run = await this.#setup.run(new Array<number>(steps).fill(rate), {});
    return this.#judge(rate, { run, steps });
  }

  /** What a training of so many steps gained. */
  #judge(
    learningRate: number,
    options: {
      readonly run: MeasuredRun;
      readonly steps: number;
      readonly baselines?: readonly number[];
    },
  ): RangeTrial {
    const { run, steps, baselines } = options;
    this.#budget.spend(run);
    const start = mean(this.#found.starts);
    const gain = mean(this.#found.gains);
    const { references } = run;
    const losses = run.losses.slice(0, steps);
    const end = Math.ceil(steps / 3);
    const change = mean(
      losses.map((loss, i) => loss - (references?.[i] ?? start)).slice(-end),
    );
    const holds = run.stopReason === "end" && change <= TOLERANCE * gain;
    const trial = {
      learningRate,
      losses,
      ...(references && { references: references.slice(0, steps) }),
      ...(run.penalty ? { penalty: run.penalty } : {}),
      ...(holds ? { gained: -change / gain } : {}),
      ...(holds && run.losses.length > steps
        ? { unseen: run.losses.slice(steps), ...(baselines && { baselines }) }
        : {}),
    };
    this.done.push(trial);
    return trial;
  }
}
