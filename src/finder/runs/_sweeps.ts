import { HIGHEST, LOWEST } from "../options/learning_rate_grid.ts";
import { type CurveEvidence, findBounds } from "../curves/bounds.ts";
import type { MeasuredRun } from "./range_test_run.ts";
import type { Budget, SearchSetup } from "./search_setup.ts";

/** What the sweeps of a search show together, in decades of the rate. */
export interface Found {
  /** Whether noise hides all of it: a guess, that trials must confirm. */
  readonly isGuess: boolean;
  /** Where the loss took hold, of each sweep that shows it. */
  readonly takes: readonly number[];
  /** Where it was undone, of each sweep that shows it. */
  readonly undone: readonly number[];
  /** Its level before, and what it gained. */
  readonly starts: readonly number[];
  readonly gains: readonly number[];
}

/** By how many decades a range is extended in one go. */
const EXTENSION = 3;

/**
 * Within how many decades a first sweep must blow up without an improvement, to
 * ask for lower rates: after more, noise hides it.
 */
const AT_ONCE = 2;

/** How many decades below where a loss took hold a further sweep begins. */
const APPROACH = 0.7;

/**
 * Sweeps whose bounds are averaged. On the zoo one sweep of ten rates a decade
 * trains to a mean regret of 0.07, two to 0.03, and a third gains nothing.
 */
const SWEEPS = 2;

/** Two sweeps that differ by more decades than that ask for a third. */
const AGREEMENT = 0.5;

/** Batches that are left for two trials. */
const FOR_TRIALS = 40;

/** The smallest sweep that is worth it, in batches. */
const SHORTEST = 12;

function isBlownUp({ stopReason }: MeasuredRun): boolean {
  return stopReason === "diverged" || stopReason === "non-finite";
}

function spread(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}

/**
 * Sweeps over growing rates, each from the first weights: a coarse one over all
 * rates, extended where it does not show both ends, another with other batches
 * over the part that matters, and a third where these two disagree.
 */
export class Sweeps {
  readonly #setup: SearchSetup;
  readonly #budget: Budget;
  readonly #sweeps: { from: number; run: MeasuredRun }[] = [];
  #low = 0;
  #high: number;
  #isCut = false;

  constructor(setup: SearchSetup, budget: Budget) {
    this.#setup = setup;
    this.#budget = budget;
    const { startLr, endLr, pace } = setup;
    this.#high = Math.ceil(Math.log10(endLr / startLr) * pace - 1e-9);
  }

  /** Whether batches ended before the last rate of the last sweep. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The last rate that there was to be tested. */
  get highest(): number {
    return this.#rate(this.#high);
  }

  /** Each sweep, with the index of its first rate among all of them. */
  get runs(): readonly MeasuredRun[] {
    const [first] = this.#ends;
    return this.#sweeps.map(({ from, run }) => ({
      ...run,
      from: from - first,
    }));
  }

  /** Every rate of a sweep, from the lowest to the highest. */
  get grid(): readonly number[] {
    const [first, last] = this.#ends;
    return Array.from(
      { length: last - first + 1 },
      (_, i) => this.#rate(first + i),
    );
  }

  get #ends(): [first: number, last: number] {
    const first = Math.min(...this.#sweeps.map(({ from }) => from));
    const ends = this.#sweeps.map(({ from, run }) =>
      from + run.losses.length - (run.stopReason === "non-finite" ? 0 : 1)
    );
    return [first, Math.max(...ends, first)];
  }

  /** Sweeps until both bounds show; false where nothing more can be had. */
  async run(): Promise<boolean> {
    let run = await this.#sweep(this.#low);
    if (await this.#setup.isSettled?.()) return false;
    const { pace, mayStartLower, mayEndHigher } = this.#setup;
    while (
      this.#isUsable(run) && mayStartLower && isBlownUp(run) &&
      run.losses.length < AT_ONCE * pace && !this.#last.base &&
      this.#rate(this.#low) > LOWEST
    ) {
      this.#low -= EXTENSION * pace;
      run = await this.#sweep(this.#low);
    }
    while (
      this.#isUsable(run) && mayEndHigher && run.stopReason === "end" &&
      !this.#last.lost && this.highest < HIGHEST * 0.999
    ) {
      const { base } = this.#last;
      const from = base
        ? this.#before(Math.log10(base.learningRate))
        : this.#high - EXTENSION * pace;
      this.#high += EXTENSION * pace;
      run = await this.#sweep(Math.max(this.#low, from));
    }
    while (this.#isUsable(run)) {
      const from = this.#further();
      if (from === undefined) break;
      run = await this.#sweep(from);
    }
    return run.stopReason !== "aborted" && run.nonFinite?.cause !== "data";
  }

  /** Where the sweeps took hold, and where they were undone. */
  found(): Found {
    const evidence = this.#sweeps.map((sweep) => this.#evidence(sweep));
    const clear = evidence.filter(({ base }) => base);
    // A guess, that the trials will tell, is better than none.
    const all = clear.length > 0
      ? clear
      : evidence.filter(({ hidden }) => hidden);
    return {
      isGuess: clear.length === 0,
      takes: all.map(({ base, hidden }) =>
        Math.log10((base ?? hidden)!.learningRate)
      ),
      undone: all.flatMap(({ lost }) =>
        lost ? [Math.log10(lost.learningRate)] : []
      ),
      gains: all.map(({ start, best }) => start - best),
      starts: all.map(({ start }) => start),
    };
  }

  /** Where a further sweep is to begin, where there is to be one. */
  #further(): number | undefined {
    const { takes, undone } = this.found();
    if (takes.length === 0) {
      const { length } = this.#sweeps.at(-1)!.run.losses;
      const isWhole = length <= this.#budget.left;
      return this.#sweeps.length < SWEEPS && isWhole ? this.#low : undefined;
    }
    if (this.#sweeps.length > SWEEPS) return;
    const withBounds = this.#sweeps.filter((sweep) =>
      this.#evidence(sweep).base
    );
    const isEnough = withBounds.length >= SWEEPS &&
      spread(takes) < AGREEMENT && spread(undone) < AGREEMENT;
    if (isEnough) return;
    const from = Math.max(this.#low, this.#before(Math.min(...takes)));
    const to = undone.length > 0
      ? this.#step(10 ** Math.max(...undone))
      : this.#high;
    // Trials tell more than one sweep more.
    const kept = FOR_TRIALS;
    return to - from + kept > this.#budget.left ? undefined : from;
  }

  async #sweep(from: number): Promise<MeasuredRun> {
    const count = Math.min(
      this.#high - from + 1,
      Math.max(1, this.#budget.left),
    );
    const rates = Array.from({ length: count }, (_, i) => this.#rate(from + i));
    const sweep = this.#sweeps.length + 1;
    const run = await this.#setup.run(rates, { from, sweep });
    this.#budget.spend(run);
    this.#isCut = run.stopReason === "end" && from + count <= this.#high;
    this.#sweeps.push({ from, run });
    return run;
  }

  #isUsable(run: MeasuredRun): boolean {
    return run.stopReason !== "aborted" && run.nonFinite?.cause !== "data" &&
      this.#budget.left >= SHORTEST;
  }

  get #last(): CurveEvidence {
    return this.#evidence(this.#sweeps.at(-1)!);
  }

  #evidence({ from, run }: { from: number; run: MeasuredRun }): CurveEvidence {
    const rates = run.losses.map((_, i) => this.#rate(from + i));
    return findBounds(rates, {
      name: "loss",
      better: "lower",
      values: run.losses,
      ...(run.references && { references: run.references }),
      blewUp: isBlownUp(run),
    });
  }

  /**
   * The rate of a step of the ladder. Step 0 is `startLr`, and the last one
   * `endLr` where there is none beyond.
   */
  #rate(step: number): number {
    const { startLr, endLr, pace, mayEndHigher } = this.#setup;
    if (step === 0) return startLr;
    const rate = Number((startLr * 10 ** (step / pace)).toPrecision(12));
    return mayEndHigher ? rate : Math.min(endLr, rate);
  }

  #step(rate: number): number {
    const { startLr, pace } = this.#setup;
    return Math.round(Math.log10(rate / startLr) * pace);
  }

  /** The step at which a sweep comes well before a decade. */
  #before(decade: number): number {
    return this.#step(10 ** (decade - APPROACH));
  }
}
