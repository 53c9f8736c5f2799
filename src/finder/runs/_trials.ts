import { centerOf, spanOf } from "../curves/bounds.ts";
import { MOST_HELD_OUT } from "../data/held_out.ts";
import { mean } from "../../metrics/mean.ts";
import type { MeasuredRun } from "./range_test_run.ts";
import type { RangeTrial } from "../result/range_data.ts";
import type { Budget, SearchSetup } from "./search_setup.ts";
import type { Found } from "./_sweeps.ts";
import {
  bestOf,
  gainOf,
  gainOverChance,
  isStillRising,
} from "./_trial_gains.ts";

/**
 * Batches of each trial. Read off the zoo's grids with one seed, 20 leave a mean
 * regret of 0.033 where 40 leave 0.020, and 60 gain little.
 */
const TRIAL = 40;

/** Batches of each where a long trial may have to follow. */
const BRIEF_TRIAL = 20;

/** How few batches are still worth a trial. */
const SHORTEST_TRIAL = 12;

/**
 * How far from each other the rates of trials are: by this share of the way
 * between taking hold and being undone, and by this many decades more.
 */
const APART_SHARE = 0.2;
const APART = 0.4;

/**
 * How much of the way to the boldest rate is gone at most: what holds for so few
 * batches may break a network in hundreds, at once and for good.
 */
const BOLDNESS = 0.5;

/** By how much of a step it is lowered where a long trial did not hold. */
const LOWER = 0.5;

/** By how many decades the rate is lowered where all trials failed. */
const RETREAT = 0.6;

/**
 * What a trial must gain, in improvements of the sweeps, where noise hides these:
 * it confirms that there is one.
 */
const CONFIRMED = 0.5;

/**
 * Batches of a long trial, the share of all that it takes where these are many,
 * and how few are still worth it: some networks learn nothing from their inputs
 * in the first fifty.
 */
const LONG_TRIAL = 100;
const LONG_TRIAL_SHARE = 0.2;
const SHORTEST_LONG_TRIAL = 60;
const FOR_LONG_TRIAL = SHORTEST_LONG_TRIAL + MOST_HELD_OUT;

/**
 * The rates of further long trials, in steps above the middle: networks that begin
 * on a plateau leave it at rates that undo what little is learned on it.
 */
const BOLDER = [1, 2, 3];

/**
 * By what share of its level before a loss has risen where training breaks. What
 * little it moves on a plateau is no measure.
 */
const BROKEN = 0.1;

/**
 * What the bold rate must have gained over all others in short trials, in
 * improvements of the sweep, to be tried out for long before the maximum.
 */
const AHEAD = 0.1;

/**
 * Trainings at single rates, each from the first weights and on the same batches:
 * at the middle of what sweeps found, above and below it. They say where the upper
 * bound lies and that training holds there.
 */
export class Trials {
  readonly #setup: SearchSetup;
  readonly #budget: Budget;
  readonly #found: Found;
  /** The decade in the middle, and how far from each other rates are. */
  readonly #middle: number;
  readonly #apart: number;
  /** The decades of the lowest and the highest rate that may be tried. */
  readonly #lowest: number;
  readonly #highest: number;
  /** What was tried out. */
  readonly done: RangeTrial[] = [];
  /** The decade of the lowest rate at which training broke. */
  #broken = Infinity;

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

  /** The decade so many steps above the middle, or the nearest that may be tried. */
  #at(step: number): number {
    const decade = this.#middle + step * this.#apart;
    return Math.max(this.#lowest, Math.min(this.#highest, decade));
  }

  /**
   * The decade of the maximum; none where training held nowhere.
   *
   * @param isInDoubt Whether a maximum and the trials so far leave it open that
   * nothing is learned from the inputs: batches are kept for a long trial then.
   */
  async choose(
    isInDoubt: (max: number) => Promise<boolean>,
  ): Promise<number | undefined> {
    const middle = this.#at(0);
    const { isGuess } = this.#found;
    const first = this.#firstSteps;
    if (first < SHORTEST_TRIAL) return isGuess ? undefined : middle;
    const tried = new Map<number, RangeTrial>();
    const tryOut = async (step: number, steps: number) => {
      tried.set(step, await this.#tryOut(this.#at(step), steps));
    };
    await tryOut(0, first);
    const { left } = this.#budget;
    const mayBeLong = left - 2 * SHORTEST_TRIAL >= FOR_LONG_TRIAL;
    const isBrief = mayBeLong && await isInDoubt(middle);
    const further = isBrief
      ? this.#briefSteps
      : mayBeLong
      ? first
      : Math.min(TRIAL, Math.floor(left / 2));
    const steps = Math.min(first, further);
    await tryOut(1, further);
    await tryOut(-1, further);
    let gains = await this.#gains(tried, steps);
    if (gains.size === 0) return await this.#retreat();
    if (isGuess && !this.#isConfirmed) return undefined;
    const kept = isBrief ? FOR_LONG_TRIAL : 0;
    for (
      let boldest = 1;
      isStillRising(gains, boldest) && this.#at(boldest) < this.#highest &&
      this.#budget.left - further >= kept;
      boldest++
    ) {
      await tryOut(boldest + 1, further);
      gains = await this.#gains(tried, steps);
    }
    const most = Math.max(BOLDNESS, ...[...gains.keys()].map((one) => one - 1));
    return this.#at(Math.min(bestOf(gains), most));
  }

  /** Of the first trial: of three, and where it can be, with a long one to come. */
  get #firstSteps(): number {
    const { left } = this.#budget;
    const spare = left - 2 * BRIEF_TRIAL - FOR_LONG_TRIAL;
    return Math.min(
      TRIAL,
      Math.max(BRIEF_TRIAL, spare),
      Math.floor(left / 3),
    );
  }

  /** Of two more, with a long one to come. */
  get #briefSteps(): number {
    const spare = Math.floor((this.#budget.left - FOR_LONG_TRIAL) / 2);
    return Math.min(BRIEF_TRIAL, Math.max(SHORTEST_TRIAL, spare));
  }

  /**
   * What each trial that held gained in so many steps: over what always predicting
   * the same gives, where the first weights are worse than that and some pass it.
   */
  async #gains(
    tried: ReadonlyMap<number, RangeTrial>,
    steps: number,
  ): Promise<Map<number, number>> {
    const gains = new Map<number, number>();
    const overChance = new Map<number, number>();
    const chance = await this.#setup.chance?.(steps);
    for (const [step, trial] of tried) {
      if (trial.gained === undefined) continue;
      // Some learn later than others, and after a few steps that go astray.
      const gained = gainOf(trial, { steps, ...this.#scale }) ?? trial.gained;
      gains.set(step, gained);
      if (!chance) continue;
      const over = gainOverChance(trial, { steps, chance, ...this.#scale });
      overChance.set(step, Math.min(gained, over));
    }
    return Math.max(0, ...overChance.values()) > 0 ? overChance : gains;
  }

  /** Batches of a long trial, where as many are left. */
  get #longTrial(): number {
    const share = LONG_TRIAL_SHARE * this.#setup.maxBatches;
    return Math.max(LONG_TRIAL, Math.round(share));
  }

  /** What gains are measured from, and in. */
  get #scale(): { readonly start: number; readonly gain: number } {
    return { start: mean(this.#found.starts), gain: mean(this.#found.gains) };
  }

  /** Whether trials show an improvement that noise hides in the sweeps. */
  get #isConfirmed(): boolean {
    return this.done.some((trial) => {
      const steps = Math.min(BRIEF_TRIAL, trial.losses.length);
      return (gainOf(trial, { steps, ...this.#scale }) ?? 0) > CONFIRMED;
    });
  }

  /** Tries a rate below all that failed. */
  async #retreat(): Promise<number | undefined> {
    const steps = Math.min(BRIEF_TRIAL, this.#budget.left);
    if (steps < SHORTEST_TRIAL) return undefined;
    const lower = Math.max(this.#lowest, this.#at(-1) - RETREAT);
    const { gained } = await this.#tryOut(lower, steps);
    return gained === undefined ? undefined : lower;
  }

  /**
   * Trains for long at the maximum and then at bolder rates, until what is learned
   * is beyond doubt, training breaks, or the batches are spent. A bold one comes
   * first where it did better than others, as it learns the more. Where it did
   * not, it may have killed units, or have saturated them. Where the maximum does
   * not hold for so long, a lower rate may.
   *
   * @returns The decade of the maximum; none where the doubt remains.
   */
  async learnForLong(
    max: number | undefined,
    isInDoubt: () => Promise<boolean>,
  ): Promise<number | undefined> {
    const bold = this.#at(BOLDNESS);
    const most = max ?? this.#highestThatHeld ?? this.#at(0);
    const atMost = { decade: most, max: most };
    const above = { decade: bold, max: most + BOLDNESS * (bold - most) };
    const bolder = BOLDER.map((step) => this.#at(step))
      .map((decade) => ({ decade, max: decade }));
    const plans = this.#isBoldAhead
      ? [above, atMost, ...bolder]
      : [atMost, ...bolder];
    let lowest = atMost;
    for (const plan of plans) {
      const { decade, max } = plan;
      const isBolder = decade > most + 1e-9 && decade < this.#broken - 1e-9;
      if (plan !== lowest && !isBolder) continue;
      const steps = Math.min(
        this.#longTrial,
        this.#budget.left - MOST_HELD_OUT,
      );
      if (steps < SHORTEST_LONG_TRIAL) return;
      const long = await this.#setup.runLong!(10 ** decade, steps);
      if (!long) return;
      const { gained } = this.#judge(10 ** decade, { ...long, steps });
      if (!await isInDoubt()) return max;
      // What held for a few batches may break after a hundred.
      const lower = Math.max(this.#lowest, decade - LOWER * this.#apart);
      if (plan !== lowest || gained !== undefined || lower >= decade) continue;
      lowest = { decade: lower, max: lower };
      plans.push(lowest);
    }
  }

  /** The decade of the highest rate at which a trial held. */
  get #highestThatHeld(): number | undefined {
    const rates = this.done.filter(({ gained }) => gained !== undefined)
      .map(({ learningRate }) => learningRate);
    return rates.length ? Math.log10(Math.max(...rates)) : undefined;
  }

  /**
   * Whether the trial at the boldest rate surely gained more than all others. Of
   * weights that are penalized it may be no more than that they shrank faster.
   */
  get #isBoldAhead(): boolean {
    if (this.done.some(({ penalty }) => penalty)) return false;
    const steps = Math.min(...this.done.map(({ losses }) => losses.length));
    const gains = this.done.map((trial) => ({
      rate: trial.learningRate,
      gained: gainOf(trial, { steps, ...this.#scale }) ?? -Infinity,
    })).sort((a, b) => b.rate - a.rate);
    const [bold, ...others] = gains;
    return others.every(({ gained }) => bold.gained - gained > AHEAD);
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
      readonly firstBaselines?: readonly number[];
    },
  ): RangeTrial {
    const { run, steps, baselines, firstBaselines } = options;
    this.#budget.spend(run);
    const { references } = run;
    const losses = run.losses.slice(0, steps);
    const gained = run.stopReason === "end"
      ? gainOf({ losses, ...(references && { references }) }, {
        steps,
        ...this.#scale,
      })
      : undefined;
    const holds = gained !== undefined;
    const { start } = this.#scale;
    const end = mean(losses.slice(-Math.ceil(steps / 3)));
    if (run.stopReason !== "end" || end - start > BROKEN * Math.abs(start)) {
      this.#broken = Math.min(this.#broken, Math.log10(learningRate));
    }
    const trial = {
      learningRate,
      losses,
      ...(references && { references: references.slice(0, steps) }),
      ...(run.penalty ? { penalty: run.penalty } : {}),
      ...(holds ? { gained } : {}),
      ...(holds && run.losses.length > steps
        ? {
          unseen: run.losses.slice(steps),
          ...(baselines && { baselines }),
          ...(firstBaselines && { firstBaselines }),
        }
        : {}),
    };
    this.done.push(trial);
    return trial;
  }
}
