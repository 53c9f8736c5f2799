import { type Interval, interval } from "../../../examples/paper/intervals.ts";
import type { Problem } from "./problems.ts";
import type { Found, GridRecord, Trained } from "./record.ts";

/** A rate of the search, or a plan between the found bounds, over the seeds. */
export interface Candidate {
  readonly name: string;
  /** Test accuracies in percent by seed. */
  readonly bySeed: ReadonlyMap<number, number>;
  /** Iterations of the training alone. */
  readonly iterations: number;
}

/** A plan beside the best rate of the search. */
export interface Judged extends Candidate {
  /** Accuracy less that of the best rate, in points, paired by seed. */
  readonly difference: Interval;
  /** What range test and training cost, in iterations. */
  readonly cost: number;
  /** What that is of the cost of the search. */
  readonly share: number;
}

/** What a problem came to. */
export interface Outcome {
  readonly problem: Problem;
  readonly seeds: readonly number[];
  readonly found: readonly Found[];
  /** In the order of the rates. */
  readonly grid: readonly (Candidate & { readonly lr: number })[];
  /** The rate with the highest mean: what a search over these seeds would take. */
  readonly best: Candidate & { readonly lr: number };
  /** Iterations of the whole search. */
  readonly searchCost: number;
  readonly plans: readonly Judged[];
  /** What one training at the usual rate reaches, without any search. */
  readonly usual: Judged;
}

/** The rates that tutorials and the libraries' defaults start with. */
const USUAL = { momentum: 0.01, adam: 0.001 };

/** What evaluating a batch costs, in training steps: the backward pass is two thirds. */
const EVALUATION = 1 / 3;

/** What a range test cost, in training steps. */
export function testCost({ trained, evaluated }: Found): number {
  return trained + EVALUATION * evaluated;
}

function meanOf(values: Iterable<number>): number {
  const list = [...values];
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

/** The mean accuracy of a candidate over its seeds. */
export function meanAccuracy({ bySeed }: Candidate): number {
  return meanOf(bySeed.values());
}

function candidate(
  name: string,
  runs: readonly Trained[],
  seeds: readonly number[],
): Candidate {
  return {
    name,
    bySeed: new Map(
      runs.filter(({ seed }) => seeds.includes(seed))
        .map(({ seed, accuracy }) => [seed, accuracy]),
    ),
    iterations: runs[0].iterations,
  };
}

/**
 * Compares what one range test and a schedule between its bounds reach with the
 * best rate of the search, over the seeds that are finished; undefined where
 * none is.
 */
export function compare(
  problem: Problem,
  records: readonly GridRecord[],
): Outcome | undefined {
  const own = records.filter((record) => record.problem === problem.name);
  const trained = own.filter((record) => record.kind === "trained");
  const runsAt = (lr: number) =>
    trained.filter((run) => run.plan === "grid" && run.lr === lr);
  const names = [
    ...new Set(
      trained.map(({ plan }) => plan).filter((name) => name !== "grid"),
    ),
  ];
  const planned = (name: string) => trained.filter(({ plan }) => plan === name);
  const tested = own.filter((record) => record.kind === "found");
  const seeds = tested.map(({ seed }) => seed).filter((seed) =>
    problem.rates.every((lr) => runsAt(lr).some((run) => run.seed === seed)) &&
    // Without bounds there is nothing to train between.
    (tested.some((test) => test.seed === seed && test.maxLr === null) ||
      names.every((name) => planned(name).some((run) => run.seed === seed)))
  ).sort((a, b) => a - b);
  if (seeds.length === 0) return undefined;
  const found = tested.filter(({ seed }) => seeds.includes(seed));
  const grid = problem.rates.map((lr) => ({
    ...candidate(`fixed ${lr}`, runsAt(lr), seeds),
    lr,
  }));
  const best = grid.reduce((a, b) => meanAccuracy(b) > meanAccuracy(a) ? b : a);
  const searchCost = problem.rates.length * problem.iterations;
  const judge = (one: Candidate, extra: number): Judged => {
    const cost = one.iterations + extra;
    return {
      ...one,
      difference: interval(
        [...one.bySeed].map(([seed, accuracy]) =>
          accuracy - best.bySeed.get(seed)!
        ),
      ),
      cost,
      share: cost / searchCost,
    };
  };
  const test = meanOf(found.map(testCost));
  const usualRate = USUAL[problem.optimizer];
  return {
    problem,
    seeds,
    found,
    grid,
    best,
    searchCost,
    plans: names.map((name) => candidate(name, planned(name), seeds)).filter((
      { bySeed },
    ) => bySeed.size > 0)
      .map((plan) => judge(plan, test)),
    usual: judge(
      {
        ...grid.find(({ lr }) => lr === usualRate)!,
        name: `the usual ${usualRate}, step decay`,
      },
      0,
    ),
  };
}
