import { centerOf, type CurveEvidence, findBounds, spanOf } from "./bounds.ts";
import type { MeasuredRun } from "./range_test_run.ts";
import type { RangeTrial } from "./range_data.ts";

/** What a search for both bounds needs. */
export interface SearchSetup {
  /** The first rate, and whether lower ones may be tested. */
  readonly startLr: number;
  readonly mayStartLower: boolean;
  /** The last rate, and whether higher ones may be tested. */
  readonly endLr: number;
  readonly mayEndHigher: boolean;
  /** Rates a decade. */
  readonly pace: number;
  /** Batches that may be trained on, in all. */
  readonly maxBatches: number;
  /** Trains on a batch at each rate in turn, from the first weights. */
  run(
    rates: readonly number[],
    options: {
      /** Of a run over growing rates. */
      readonly from?: number;
      /** How many such runs there were, this one included. */
      readonly sweep?: number;
    },
  ): Promise<MeasuredRun>;
}

/** What a search comes to. */
export interface Search {
  /** Every rate of a sweep, from the lowest to the highest. */
  readonly grid: readonly number[];
  /** The sweeps, whose `from` is an index of `grid`. */
  readonly runs: readonly MeasuredRun[];
  readonly trials: readonly RangeTrial[];
  /** The bounds, where there are some. */
  readonly baseLr?: number;
  readonly maxLr?: number;
  /** Half of a 90 % interval of each, in decades. */
  readonly halfWidths?: { readonly baseLr: number; readonly maxLr: number };
}

/** The farthest that a range is extended downwards and upwards. */
const LOWEST = 1e-11;
const HIGHEST = 1e3;

/** By how many decades a range is extended in one go. */
const EXTENSION = 3;

/** How many decades below where a loss took hold a further sweep begins. */
const APPROACH = 1;

/**
 * Sweeps whose bounds are averaged. On the zoo one sweep of ten rates a decade
 * trains to a mean regret of 0.07, two to 0.03, and a third gains nothing.
 */
const SWEEPS = 2;

/** Two sweeps that differ by more decades than that ask for a third. */
const AGREEMENT = 0.5;

/** Batches of each trial, and how few are still worth it. */
const TRIAL = 30;
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
const SCALE = 0.25;

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

/** No cycle is flatter, or steeper, than this ratio of its bounds. */
const LEAST_RATIO = 3;
const GREATEST_RATIO = 10;

/**
 * Standard deviation, in decades, of the bounds from one sweep: of the zoo, with
 * other orders of batches.
 */
const SWEEP_DEVIATION = { baseLr: 0.12, maxLr: 0.14 };

/** Half-width of a 90 % interval, in standard deviations. */
const NINETY_PERCENT = 1.645;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(greatest, Math.max(least, value));
}

/** The weight of the higher of two rates that were tried out, from 0 to 1. */
function weigh(higher: RangeTrial, lower: RangeTrial): number {
  const gained = (higher.gained ?? -Infinity) - (lower.gained ?? -Infinity);
  return 1 / (1 + Math.exp(-(gained + ADVANTAGE) / SCALE));
}

/** A search for the bounds that spends batches where they tell most. */
class RangeSearch {
  readonly #setup: SearchSetup;
  readonly #sweeps: { from: number; run: MeasuredRun }[] = [];
  readonly #trials: RangeTrial[] = [];
  #used = 0;
  #sweepCount = 0;

  constructor(setup: SearchSetup) {
    this.#setup = setup;
  }

  /** The rate of a step of the ladder; step 0 is `startLr`. */
  #rate(step: number): number {
    const { startLr, pace } = this.#setup;
    return step === 0
      ? startLr
      : Number((startLr * 10 ** (step / pace)).toPrecision(12));
  }

  get #left(): number {
    return this.#setup.maxBatches - this.#used;
  }

  async #sweep(from: number, to: number): Promise<MeasuredRun> {
    const count = Math.min(to - from + 1, Math.max(1, this.#left));
    const rates = Array.from({ length: count }, (_, i) => this.#rate(from + i));
    this.#sweepCount++;
    const run = await this.#setup.run(rates, { from, sweep: this.#sweepCount });
    this.#used += run.trained;
    this.#sweeps.push({ from, run });
    return run;
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

  async search(): Promise<Search> {
    const { startLr, endLr, pace, mayStartLower, mayEndHigher } = this.#setup;
    let low = 0;
    let high = Math.round(Math.log10(endLr / startLr) * pace);
    let run = await this.#sweep(low, high);
    const isOver = () =>
      run.stopReason === "aborted" || run.nonFinite?.cause === "data" ||
      this.#left < SHORTEST_TRIAL;
    const last = () => this.#evidence(this.#sweeps.at(-1)!);

    while (
      !isOver() && mayStartLower && isBlownUp(run) && !last().base &&
      this.#rate(low) > LOWEST
    ) {
      low -= EXTENSION * pace;
      run = await this.#sweep(low, high);
    }
    while (
      !isOver() && mayEndHigher && run.stopReason === "end" &&
      !last().lost && this.#rate(high) < HIGHEST * 0.999
    ) {
      const { base } = last();
      const from = base
        ? this.#step(base.learningRate) - APPROACH * pace
        : high - EXTENSION * pace;
      high += EXTENSION * pace;
      run = await this.#sweep(Math.max(low, from), high);
    }
    for (;;) {
      if (isOver()) break;
      const found = this.#found();
      if (!found.takes.length) break;
      const isEnough = this.#sweepsWithBounds() >= SWEEPS &&
        spread(found.takes) < AGREEMENT && spread(found.undone) < AGREEMENT;
      const from = Math.max(
        low,
        this.#step(10 ** Math.min(...found.takes)) - APPROACH * pace,
      );
      const needed = this.#step(
        10 ** (found.undone.length ? Math.max(...found.undone) : Math.log10(
          this.#rate(high),
        )),
      ) - from;
      if (isEnough || this.#sweepCount > SWEEPS + 1) break;
      // Trials tell more than one sweep more.
      if (needed + 2 * SHORTEST_TRIAL > this.#left) break;
      run = await this.#sweep(from, high);
    }
    if (run.stopReason === "aborted" || run.nonFinite?.cause === "data") {
      return this.#result({});
    }
    return await this.#conclude(high);
  }

  #step(rate: number): number {
    const { startLr, pace } = this.#setup;
    return Math.round(Math.log10(rate / startLr) * pace);
  }

  #sweepsWithBounds(): number {
    return this.#sweeps.filter((sweep) => this.#evidence(sweep).base).length;
  }

  /** Where each sweep took hold, and where it was undone, in decades. */
  #found() {
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

  async #conclude(high: number): Promise<Search> {
    const found = this.#found();
    const { mayEndHigher } = this.#setup;
    // Rates above the last one that was allowed are not to be tried.
    const isCutShort = found.undone.length === 0 && !mayEndHigher;
    if (found.takes.length === 0 || isCutShort) return this.#result({});
    const takes = mean(found.takes);
    const undone = found.undone.length ? mean(found.undone) : Infinity;
    const span = spanOf(takes, undone);
    const middle = centerOf(takes, undone);
    const apart = APART_SHARE * span + APART;
    const gain = mean(found.gains);
    const start = mean(found.starts);
    let max: number | undefined = middle;
    const length = Math.min(TRIAL, Math.floor(this.#left / 2));
    if (length < SHORTEST_TRIAL && found.isGuess) return this.#result({});
    if (length >= SHORTEST_TRIAL) {
      const tryOut = (decade: number) =>
        this.#tryOut(10 ** decade, { length, start, gain });
      const highest = mayEndHigher ? Infinity : Math.log10(this.#rate(high));
      const bold = await tryOut(Math.min(highest, middle + apart));
      const cautious = await tryOut(middle - apart);
      if (bold.gained === undefined && cautious.gained === undefined) {
        const lower = middle - apart - RETREAT;
        const length = Math.min(TRIAL, this.#left);
        const last = length >= SHORTEST_TRIAL
          ? await this.#tryOut(10 ** lower, { length, start, gain })
          : undefined;
        max = last?.gained === undefined ? undefined : lower;
      } else if (
        found.isGuess && !(Math.max(bold.gained ?? 0, cautious.gained ?? 0) >
          CONFIRMED)
      ) {
        return this.#result({});
      } else {
        const weight = weigh(bold, cautious);
        const shift = (2 * weight - 1) * apart;
        max = middle + Math.min(shift, BOLDNESS * apart);
        const length = Math.min(TRIAL, this.#left);
        if (weight < FAILED && length >= SHORTEST_TRIAL) {
          // What a constant rate breaks from the first step on, one that rises to
          // it may not: the middle is not given up for a failure above it.
          const between = await this.#tryOut(10 ** middle, {
            length,
            start,
            gain,
          });
          max = middle - (1 - weigh(between, cautious)) * apart;
        }
      }
    }
    const count = found.takes.length;
    const halfWidth = (name: "baseLr" | "maxLr", values: readonly number[]) =>
      NINETY_PERCENT *
      Math.max(SWEEP_DEVIATION[name], deviation(values)) / Math.sqrt(count);
    return this.#result({
      baseLr: max === undefined ? 10 ** takes : clamp(
        10 ** takes,
        10 ** max / GREATEST_RATIO,
        10 ** max / LEAST_RATIO,
      ),
      ...(max === undefined ? {} : { maxLr: 10 ** max }),
      halfWidths: {
        baseLr: halfWidth("baseLr", found.takes),
        maxLr: halfWidth("maxLr", found.undone) / 2 +
          NINETY_PERCENT * SWEEP_DEVIATION.maxLr / 2,
      },
    });
  }

  /** Trains at one rate from the first weights, and says what it gained. */
  async #tryOut(
    learningRate: number,
    options: {
      readonly length: number;
      readonly start: number;
      readonly gain: number;
    },
  ): Promise<RangeTrial> {
    const { length, start, gain } = options;
    const rates = new Array<number>(length).fill(learningRate);
    const run = await this.#setup.run(rates, {});
    this.#used += run.trained;
    const { losses, references } = run;
    const end = Math.ceil(length / 3);
    const change = mean(
      losses.map((loss, i) => loss - (references?.[i] ?? start)).slice(-end),
    );
    const holds = run.stopReason === "end" && change <= TOLERANCE * gain;
    const trial = {
      learningRate,
      losses,
      ...(references && { references }),
      ...(holds ? { gained: -change / gain } : {}),
    };
    this.#trials.push(trial);
    return trial;
  }

  #result(bounds: Pick<Search, "baseLr" | "maxLr" | "halfWidths">): Search {
    const first = Math.min(...this.#sweeps.map(({ from }) => from));
    const last = Math.max(
      ...this.#sweeps.map(({ from, run }) =>
        from + run.losses.length - (run.stopReason === "non-finite" ? 0 : 1)
      ),
      first,
    );
    return {
      grid: Array.from(
        { length: last - first + 1 },
        (_, i) => this.#rate(first + i),
      ),
      runs: this.#sweeps.map(({ from, run }) => ({
        ...run,
        from: from - first,
      })),
      trials: this.#trials,
      ...bounds,
    };
  }
}

function isBlownUp({ stopReason }: MeasuredRun): boolean {
  return stopReason === "diverged" || stopReason === "non-finite";
}

function spread(values: readonly number[]): number {
  return values.length < 2 ? 0 : Math.max(...values) - Math.min(...values);
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - middle) ** 2, 0) /
      (values.length - 1),
  );
}

/**
 * Finds both bounds with few batches: a coarse sweep over all rates, extended
 * where it does not show both ends, another with other batches over the part
 * that matters, a third where these two disagree; and then two short trainings
 * at rates below and above the middle, whose losses say where between them the
 * upper bound lies and that training holds there. Where the higher one does much
 * worse, a third takes its place, at the middle.
 */
export function searchRange(setup: SearchSetup): Promise<Search> {
  return new RangeSearch(setup).search();
}
