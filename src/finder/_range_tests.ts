import { scoped } from "../runtime/scoped.ts";
import { passOf } from "./data/batch_source.ts";
import { type ComparedPairs, comparePairs } from "./runs/compare_pairs.ts";
import { runLong } from "./runs/run_long.ts";
import { TestCircumstances } from "./runs/test_circumstances.ts";
import { TestRuns, type TestSetup } from "./runs/test_runs.ts";
import { unlearnedOutputs } from "./runs/unlearned_outputs.ts";
import type { UnlearnedOutput } from "./circumstances/circumstances.ts";
import type { FindingKind } from "./result/finding.ts";
import { learningRates } from "./options/learning_rate_grid.ts";
import { LearningRateRange } from "./range.ts";
import type { MeasuredRun } from "./runs/range_test_run.ts";
import type { RecordedRun } from "./curves/recorded_run.ts";
import { searchRange } from "./runs/search.ts";
import type { Search } from "./runs/search_setup.ts";

/**
 * Rates a decade of a test that chooses its rates, and of one where the losses of
 * the batches at the first weights are not known: there the noise is three times
 * as large.
 */
const REFERENCED_PACE = 10;
const PACE = 20;

/** Rates a decade of a test that chooses them. */
export function paceOf(
  { trainer, validation }: Pick<TestSetup, "trainer" | "validation">,
): number {
  return trainer.reference !== undefined && !validation
    ? REFERENCED_PACE
    : PACE;
}

/** What a longer training may disprove: that inputs teach nothing, or no more. */
const DOUBTFUL: ReadonlySet<string> = new Set<FindingKind>([
  "frequencies-only",
  "baseline-not-passed",
  "optimum-already",
]);

/** Bounds that few rows may come to that are learned by heart. */
const UNDOUBTED: ReadonlySet<string> = new Set<FindingKind>([
  "both-bounds",
  "batch-holds-all",
]);

/** A whole test: its runs, and what they come to. */
class RangeTests {
  readonly #runs: TestRuns;
  readonly #setup: TestSetup;
  readonly #circumstances: TestCircumstances;

  constructor(runs: TestRuns) {
    this.#runs = runs;
    this.#setup = runs.setup;
    this.#circumstances = new TestCircumstances(runs);
  }

  async run(): Promise<LearningRateRange> {
    const { maxBatches } = this.#setup.settings;
    if (maxBatches === undefined) return this.#range(await this.#repeat());
    const search = await this.#search(maxBatches);
    const compared = await comparePairs(this.#runs, {
      search,
      isGood: async () => {
        const { finding } = await this.#range(search.runs, { search });
        return UNDOUBTED.has(finding.kind);
      },
    });
    const unlearned = search.maxLr === undefined
      ? undefined
      : await unlearnedOutputs(this.#runs);
    return this.#range(search.runs, { search, compared, unlearned });
  }

  /** Over the rates that the test chooses. */
  #search(maxBatches: number): Promise<Search> {
    const { settings, options } = this.#setup;
    const { startLr, endLr, accumulate = 1 } = settings;
    // What it may spend, and so what it counts, are steps.
    const inSteps = (run: MeasuredRun) => ({
      ...run,
      trained: Math.ceil(run.trained / accumulate),
    });
    return searchRange({
      startLr,
      endLr,
      maxBatches,
      mayStartLower: options.startLr === undefined,
      mayEndHigher: options.endLr === undefined,
      pace: paceOf(this.#setup),
      run: async (rates, { from, sweep = 1 }) =>
        inSteps(
          await this.#runs.run(rates, {
            count: rates.length,
            ...(from === undefined
              ? { source: this.#runs.replay() }
              : { from }),
            repeat: sweep,
          }),
        ),
      isSettled: () => this.#circumstances.areSettled(),
      isInDoubt: async (search) => {
        const { finding } = await this.#range(search.runs, { search });
        return DOUBTFUL.has(finding.kind);
      },
      chance: (count) => this.#circumstances.chance(count),
      runLong: async (learningRate, steps) => {
        const long = await runLong(this.#runs, { learningRate, steps });
        return long && { ...long, run: inSteps(long.run) };
      },
    });
  }

  /** As often as the caller says, over the rates that the caller says. */
  async #repeat(): Promise<readonly MeasuredRun[]> {
    const { settings, options } = this.#setup;
    const { startLr, endLr, iterations, growth, repeats } = settings;
    const runs: MeasuredRun[] = [];
    for (let repeat = 1; repeat <= repeats; repeat++) {
      const rates = learningRates(startLr, endLr, {
        count: iterations,
        growth,
      });
      runs.push(
        await this.#runs.run(rates, { count: iterations, from: 0, repeat }),
      );
      if (options.signal?.aborted) break;
    }
    return runs;
  }

  /** What the runs come to, with all that is known beside them. */
  async #range(
    runs: readonly RecordedRun[],
    { search, compared, unlearned }: {
      readonly search?: Search;
      readonly compared?: ComparedPairs | undefined;
      readonly unlearned?: readonly UnlearnedOutput[] | undefined;
    } = {},
  ): Promise<LearningRateRange> {
    const { settings, source } = this.#setup;
    const circumstances = await this.#circumstances.gather({
      lowestRate: search?.grid[0],
      compared,
      unlearned,
    });
    const pass = passOf(source);
    return LearningRateRange.fromRuns(runs, {
      ...settings,
      ...(search && {
        startLr: search.grid[0],
        endLr: search.grid.at(-1)!,
        iterations: search.grid.length,
        repeats: search.runs.length,
      }),
    }, {
      ...(search && { search }),
      circumstances,
      cost: this.#runs.cost,
      ...(pass === undefined ? {} : {
        batchesPerEpoch: Math.ceil(pass / (settings.accumulate ?? 1)),
      }),
    });
  }
}

/** Runs the whole test; the trainee is left as the last run left it. */
export function runRangeTests(setup: TestSetup): Promise<LearningRateRange> {
  return scoped((own) => new RangeTests(own(new TestRuns(setup))).run());
}
