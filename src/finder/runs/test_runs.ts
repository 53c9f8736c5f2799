import * as tf from "@tensorflow/tfjs";
import { readScalars } from "../../tfjs/read_scalars.ts";
import type { BatchSource } from "../data/batch_source.ts";
import { MOST_BYTES } from "../data/held_out.ts";
import { ReplayedBatches } from "../data/replayed_batches.ts";
import type { StepValues, Trainer } from "../trainees/trainer.ts";
import type { TensorTree } from "../data/training_data.ts";
import type { NonFinite } from "../circumstances/circumstances.ts";
import { DataSurvey } from "../circumstances/data_survey.ts";
import { penaltyOf } from "../circumstances/model_facts.ts";
import type { FindLearningRateOptions } from "../options/options.ts";
import type { RangeTestCost } from "../result/range_test_cost.ts";
import { StalledStep } from "../trainees/unless_stalled.ts";
import { type MeasuredRun, runRangeTest } from "./range_test_run.ts";
import type { RangeTestSettings } from "../options/settings.ts";

/** What the runs of one test share. */
export interface TestSetup {
  readonly trainer: Trainer;
  readonly source: BatchSource;
  readonly validation: BatchSource | undefined;
  readonly settings: RangeTestSettings;
  readonly options: FindLearningRateOptions<unknown>;
  /** Puts the trainee back to what it was before anything was trained. */
  readonly restore: () => void;
  /** Looks at every batch. */
  readonly survey: DataSurvey;
  /** Looks at what is evaluated on, once. */
  readonly validationSurvey: DataSurvey;
}

/** How to train at given rates. */
export interface TestRunOptions {
  /** How many rates they are. */
  readonly count: number;
  /** Which of all the rates is the first of these, of a run over growing rates. */
  readonly from?: number;
  /** Which of the repeats this is, from 1. */
  readonly repeat: number;
  /**
   * What to train on.
   *
   * @default {setup.source}
   */
  readonly source?: BatchSource;
  /** Whether the batches were seen before, or are not the data's own. */
  readonly isControl?: boolean;
}

/** The runs of one test, each from the first weights, and what all of them show. */
export class TestRuns implements AsyncDisposable {
  /** What they share. */
  readonly setup: TestSetup;
  readonly #cost = { trained: 0, evaluated: 0 };
  /** The batches of every short training at a single rate. */
  readonly #replayed: ReplayedBatches;
  readonly #replayedSurvey = new DataSurvey();
  readonly #trialMetrics: MeasuredRun["metrics"][] = [];
  #replays = 0;
  #runs = 0;
  #penalty: number | undefined;
  #nonFinite: NonFinite | undefined;
  #unchanged: { names: string[]; of: number } | undefined;
  #firstSweep: MeasuredRun | undefined;

  constructor(setup: TestSetup) {
    this.setup = setup;
    this.#replayed = new ReplayedBatches(setup.source, {
      mostBytes: MOST_BYTES,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#replayedSurvey[Symbol.dispose]();
    await this.#replayed[Symbol.asyncDispose]();
  }

  /** What all runs cost. */
  get cost(): RangeTestCost {
    return { ...this.#cost };
  }

  /** What a model's penalties add to its loss at the first weights. */
  get penalty(): number | undefined {
    return this.#penalty;
  }

  /** Where a loss was not finite for the data's sake. */
  get nonFinite(): NonFinite | undefined {
    return this.#nonFinite;
  }

  /** Weights that no run changed. */
  get unchanged(): { names: string[]; of: number } | undefined {
    return this.#unchanged;
  }

  /** The first run over growing rates. */
  get firstSweep(): MeasuredRun | undefined {
    return this.#firstSweep;
  }

  /** Whether {@linkcode TestRuns.replay} gives the same batches each time. */
  get isReplayed(): boolean {
    return this.#replayed.isReplayed;
  }

  /** The targets of the batches of short trials, each of which is a step. */
  get trialTargets(): readonly TensorTree[] {
    const { settings, validation } = this.setup;
    const isKnown = !validation && settings.accumulate === undefined &&
      this.isReplayed;
    return isKnown ? this.#replayedSurvey.targets : [];
  }

  /** The metrics of the short trainings at a single rate that were not cut off. */
  get trialMetrics(): readonly MeasuredRun["metrics"][] {
    return this.#trialMetrics;
  }

  /** The same batches as for any other short training at a single rate. */
  replay(): BatchSource {
    this.#replayed.rewind();
    this.#replays++;
    return this.#replayed;
  }

  /** Trains at each rate in turn, from the first weights. */
  async run(
    rates: Iterable<number>,
    options: TestRunOptions,
  ): Promise<MeasuredRun> {
    const { trainer, restore } = this.setup;
    const { count, from, repeat, source = this.setup.source } = options;
    if (this.#runs++ > 0) restore();
    else this.#penalty = await this.#penaltyOfNow();
    trainer.begin();
    const run = await runRangeTest({
      ...this.setup,
      source,
      rates,
      count,
      ...(from === undefined ? {} : { from }),
      survey: options.isControl ? undefined : this.#surveyOf(source),
      // The same for every run.
      ...(this.#runs > 1 ? { validationSurvey: undefined } : {}),
      repeat,
      isFiniteAtStart: (batch) => this.#isFiniteAtStart(batch),
    });
    if (from !== undefined) this.#firstSweep ??= run;
    if (source === this.#replayed && run.stopReason === "end") {
      this.#trialMetrics.push(run.metrics);
    }
    const penalty = await this.#penaltyOfNow();
    this.#cost.trained += run.trained;
    this.#cost.evaluated += run.evaluated;
    this.#nonFinite ??= run.nonFinite?.cause === "data"
      ? run.nonFinite
      : undefined;
    if (run.stopReason === "diverged" || run.stopReason === "end") {
      const unchanged = await trainer.unchanged();
      if (
        this.#unchanged === undefined ||
        unchanged.names.length < this.#unchanged.names.length
      ) this.#unchanged = unchanged;
    }
    return penalty === undefined ? run : { ...run, penalty };
  }

  /** What looks at the batches of a source: those that come again do not count. */
  #surveyOf(source: BatchSource): Pick<DataSurvey, "add"> | undefined {
    const { survey } = this.setup;
    if (source !== this.#replayed) return survey;
    if (this.#replays > 1) return undefined;
    return {
      add: (batch) => {
        survey.add(batch);
        this.#replayedSurvey.add(batch);
      },
    };
  }

  /** What penalties add to losses, which those of validation data are without. */
  async #penaltyOfNow(): Promise<number | undefined> {
    const { trainer: { model }, validation } = this.setup;
    return model && !validation ? await penaltyOf(model) : undefined;
  }

  /** Whether a batch that was trained on has a finite loss at the first weights. */
  async #isFiniteAtStart(batch: unknown): Promise<boolean> {
    const { trainer, restore } = this.setup;
    restore();
    trainer.begin();
    let values: StepValues["values"];
    try {
      ({ values } = await trainer.train(batch));
    } catch (error) {
      // The test ends, and nobody knows.
      if (error instanceof StalledStep) return true;
      throw error;
    }
    this.#cost.trained++;
    const [loss, ...others] = values;
    tf.dispose(others);
    if (typeof loss === "number") return Number.isFinite(loss);
    const [value] = await readScalars([loss]).then(Array.from<number>);
    return Number.isFinite(value);
  }
}
