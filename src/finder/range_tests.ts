import * as tf from "@tensorflow/tfjs";
import { type OutputLoss, outputLosses } from "../tfjs/output_losses.ts";
import { readScalars } from "../tfjs/read_scalars.ts";
import { type AtRateZero, trainAtRateZero } from "./_at_rate_zero.ts";
import type { BatchSource } from "./_batch_source.ts";
import { areOfTargets, type Baseline, baselineLoss } from "./baseline.ts";
import type { Trainer } from "./_trainer.ts";
import { mispair, replace, withTargets } from "./_changed_targets.ts";
import { areAlike, notLearnedFrom, type Pairing } from "./pairing.ts";
import { ReplayedBatches } from "./_replayed_batches.ts";
import { isTensorPair, tensorsOf } from "./_tensor_tree.ts";
import type { Circumstances } from "./circumstances.ts";
import type { FindingKind } from "./finding.ts";
import type { LayersModel } from "../tfjs/types.ts";
import type { TensorTree } from "./data.ts";
import { weightsOfOutputs } from "./class_weight.ts";
import { areSame, DataSurvey, sizeOf } from "./data_survey.ts";
import { holdOut, MOST_BYTES } from "./_held_out.ts";
import { learningRates } from "./learning_rate_grid.ts";
import { isOfDistance, mismatchOf } from "./mismatch.ts";
import { penaltyOf, takesInputsAsTheyAre } from "./model_facts.ts";
import { type LossOrder, lossOrder, mayComeInRuns } from "./loss_order.ts";
import type { FindLearningRateOptions } from "./options.ts";
import { LearningRateRange } from "./range.ts";
import { type MeasuredRun, runRangeTest } from "./range_test_run.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { borrowMathRandom, seededRandom } from "../runtime/random.ts";
import { scoped } from "../runtime/scoped.ts";
import { searchRange } from "./search.ts";
import type { LongRun, Search } from "./search_setup.ts";
import { batchesOfRate, type RangeTestSettings } from "./settings.ts";

/**
 * Rates a decade of a test that chooses its rates, and of one where the losses of
 * the batches at the first weights are not known: there the noise is three times
 * as large.
 */
const REFERENCED_PACE = 10;
const PACE = 20;

/** Rates a decade of a test that chooses them. */
export function paceOf(
  { trainer, validation }: Pick<RangeTestsSetup, "trainer" | "validation">,
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

/** Steps that show whether a loop takes targets: the second has learned of them. */
const PROBE = 2;

/** Short trainings that are compared with such on each other's targets, at most. */
const COMPARED = 2;

/** A rate so low that no divergence is due to it. */
const NO_RATE = 1e-10;

/** Target numbers of a whole set up to which all of them are looked at. */
const MOST_TARGETS = 2 ** 22;

/** Examples to shuffle through where nobody knows how many there are. */
const DEFAULT_BUFFER = 10_000;

/** What the runs of one test share. */
interface RangeTestsSetup {
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

/** The runs of one test, and what is known beside them. */
class RangeTests implements AsyncDisposable {
  readonly #setup: RangeTestsSetup;
  readonly #cost = { trained: 0, evaluated: 0 };
  /** The batches of every short training at a single rate. */
  readonly #paired: ReplayedBatches;
  readonly #pairedSurvey = new DataSurvey();
  #pairs = 0;
  #runs = 0;
  #penalty: number | undefined;
  #nonFinite: MeasuredRun["nonFinite"];
  #unchanged: { names: string[]; of: number } | undefined;
  #zero: AtRateZero | undefined;
  #pairing: Pairing | undefined;
  /** Whether a loop was seen to take targets, of which all are the same. */
  #takesTargets = false;
  /** Over growing rates. */
  #firstSweep: MeasuredRun | undefined;

  constructor(setup: RangeTestsSetup) {
    this.#setup = setup;
    this.#paired = new ReplayedBatches(setup.source, {
      mostBytes: MOST_BYTES,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pairedSurvey[Symbol.dispose]();
    await this.#paired[Symbol.asyncDispose]();
  }

  async run(): Promise<LearningRateRange> {
    const { settings } = this.#setup;
    if (this.#penalized) this.#penalty = await penaltyOf(this.#penalized);
    const { maxBatches } = settings;
    if (maxBatches === undefined) return this.#range(await this.#repeat());
    const search = await this.#search(maxBatches);
    if (search.maxLr !== undefined) {
      this.#pairing = await this.#comparePairs(search);
    }
    return this.#range(search.runs, search);
  }

  /** Over the rates that the test chooses. */
  #search(maxBatches: number): Promise<Search> {
    const { trainer, settings, options, validation } = this.#setup;
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
      pace: paceOf({ trainer, validation }),
      run: async (rates, { from, sweep = 1 }) =>
        inSteps(
          await this.#run(rates, {
            count: rates.length,
            ...(from === undefined ? { source: this.#pair() } : { from }),
            repeat: sweep,
          }),
        ),
      isInDoubt: async (search) => {
        const { finding } = await this.#range(search.runs, search);
        return DOUBTFUL.has(finding.kind);
      },
      runLong: async (rate, steps) => {
        const long = await this.#runLong(rate, steps);
        return long && { ...long, run: inSteps(long.run) };
      },
    });
  }

  /** The same batches as for any other short training at a single rate. */
  #pair(): BatchSource {
    this.#paired.rewind();
    this.#pairs++;
    return this.#paired;
  }

  /**
   * Where nobody knows the loss of always predicting the same, as of a loop of
   * one's own: what a short training comes to on each other's targets, if that is
   * no worse.
   */
  async #comparePairs({ trials }: Search): Promise<Pairing | undefined> {
    const { trainer, survey, settings, options: { signal } } = this.#setup;
    const held = trials.filter(({ gained, unseen }) =>
      gained !== undefined && unseen === undefined
    ).toSorted((a, b) => b.gained! - a.gained!);
    const [best] = held;
    if (
      trainer.model || !best || signal?.aborted || !this.#paired.isReplayed ||
      survey.targets.length === 0 || !((survey.batchSize ?? 0) >= 2)
    ) return undefined;
    const run = (
      source: BatchSource,
      { learningRate, steps }: { learningRate: number; steps: number },
    ) =>
      scoped(async (own) => {
        // Whatever a loop draws at random is the same each time.
        own(borrowMathRandom(seededRandom(0)));
        const { losses } = await this.#run(
          new Array<number>(steps).fill(learningRate),
          { count: steps, repeat: 1, source, isControl: true },
        );
        return losses;
      });
    const probe = { learningRate: best.learningRate, steps: PROBE };
    const first = await run(this.#pair(), probe);
    const again = await run(this.#pair(), probe);
    if (first.length < PROBE || !areAlike(first, again)) return undefined;
    const { targets } = await survey.facts();
    if (targets?.variance === 0) {
      const other = await run(withTargets(this.#pair(), replace), probe);
      this.#takesTargets = !areAlike(first, other);
      return undefined;
    }
    let pairing: Pairing | undefined;
    for (const { learningRate, losses } of held.slice(0, COMPARED)) {
      const others = await run(withTargets(this.#pair(), mispair), {
        learningRate,
        steps: losses.length,
      });
      if (signal?.aborted) return undefined;
      if (!pairing && areAlike(first, others)) return undefined;
      const found = notLearnedFrom(losses, others);
      if (!found) return undefined;
      pairing ??= found;
    }
    // Of what comes round again more is memorized than learned.
    const { maxBatches = 0, accumulate } = settings;
    const left = Math.floor((maxBatches - this.#cost.trained) / 2);
    const steps = Math.min(left, this.#pass ?? Infinity);
    if (accumulate !== undefined || steps <= best.losses.length) return pairing;
    const long = { learningRate: best.learningRate, steps };
    const losses = await run(this.#pair(), long);
    const others = await run(withTargets(this.#pair(), mispair), long);
    if (signal?.aborted) return undefined;
    return losses.length < steps ? pairing : notLearnedFrom(losses, others);
  }

  /** What the runs come to, with all that is known beside them. */
  async #range(
    runs: readonly RecordedRun[],
    search?: Search,
  ): Promise<LearningRateRange> {
    const { settings } = this.#setup;
    const circumstances = await this.#circumstances(search?.grid[0]);
    const pass = this.#pass;
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
      cost: { ...this.#cost },
      ...(pass === undefined ? {} : {
        batchesPerEpoch: Math.ceil(pass / (settings.accumulate ?? 1)),
      }),
    });
  }

  /** Trains at one rate, and then goes on at a rate of 0 with other batches. */
  async #runLong(rate: number, steps: number): Promise<LongRun | undefined> {
    const { source, options: { signal }, settings, trainer } = this.#setup;
    const { accumulate = 1 } = settings;
    const held = await holdOut(source, {
      batches: steps * accumulate,
      ...(signal && { signal }),
    });
    if (!held) return undefined;
    try {
      const { batches } = held;
      const unseen = Math.ceil(batches.length / accumulate);
      const rates = [
        ...new Array<number>(steps).fill(rate),
        ...new Array<number>(unseen).fill(0),
      ];
      const run = await this.#run(rates, {
        count: rates.length,
        repeat: 1,
        source: held.source,
      });
      const outputs = trainer.model ? outputLosses(trainer.model) : [];
      const targets = batches.flatMap((batch) =>
        isTensorPair(batch) ? [batch.ys] : []
      );
      const baseline = await this.#baseline(outputs, targets);
      if (!baseline?.losses.length || accumulate > 1) return { run };
      return { run, baselines: baseline.losses };
    } finally {
      held.dispose();
    }
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
        await this.#run(rates, { count: iterations, from: 0, repeat }),
      );
      if (options.signal?.aborted) break;
    }
    return runs;
  }

  /** Trains at each rate in turn, from the first weights. */
  async #run(
    rates: Iterable<number>,
    options: {
      count: number;
      from?: number;
      repeat: number;
      source?: BatchSource;
      /** Whether the batches were seen before, or are not the data's own. */
      isControl?: boolean;
    },
  ): Promise<MeasuredRun> {
    const { trainer, restore, survey } = this.#setup;
    const { count, from, repeat, isControl } = options;
    const { source = this.#setup.source } = options;
    if (this.#runs++ > 0) restore();
    trainer.begin();
    const run = await runRangeTest({
      ...this.#setup,
      source,
      rates,
      count,
      ...(from === undefined ? {} : { from }),
      survey: isControl ? undefined : source === this.#paired
        // Batches that come again are not to count again.
        ? (this.#pairs > 1 ? undefined : {
          add: (batch) => {
            survey.add(batch);
            this.#pairedSurvey.add(batch);
          },
        })
        : survey,
      // The same for every run.
      ...(this.#runs > 1 ? { validationSurvey: undefined } : {}),
      repeat,
      isFiniteAtStart: (batch) => this.#isFiniteAtStart(batch),
    });
    if (from !== undefined) this.#firstSweep ??= run;
    const penalty = this.#penalized && await penaltyOf(this.#penalized);
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

  /** The model, where losses hold penalties: those of validation data do not. */
  get #penalized(): LayersModel | undefined {
    const { trainer, validation } = this.#setup;
    return validation ? undefined : trainer.model;
  }

  /** Whether a batch that was trained on has a finite loss at the first weights. */
  async #isFiniteAtStart(batch: unknown): Promise<boolean> {
    const { trainer, restore } = this.#setup;
    restore();
    trainer.begin();
    const { values } = await trainer.train(batch);
    const [loss, ...others] = values;
    tf.dispose(others);
    if (typeof loss === "number") return Number.isFinite(loss);
    const [value] = await readScalars([loss]).then(Array.from<number>);
    return Number.isFinite(value);
  }

  /** Batches in a pass, where the data end. */
  get #pass(): number | undefined {
    const { batches } = this.#setup.source;
    return batches === Infinity ? undefined : batches;
  }

  /** The order in which batches come, as far as their losses tell. */
  async #lossOrder(): Promise<LossOrder | undefined> {
    if (!this.#tellsOrder) return undefined;
    const { references } = this.#firstSweep!;
    const losses = references ?? (await this.#atRateZero())?.losses;
    return losses && lossOrder(losses, { pass: this.#pass });
  }

  /**
   * Whether losses tell of an order: batches that the test draws itself have none,
   * and a loss of several batches is none of a batch.
   */
  get #tellsOrder(): boolean {
    const { source, settings, validation } = this.#setup;
    return source.examples === undefined && !validation &&
      this.#firstSweep !== undefined && batchesOfRate(settings) === 1;
  }

  /** What a rate of 0 shows, where that may tell something. */
  async #atRateZero(): Promise<AtRateZero | undefined> {
    const { trainer, validation, options: { signal } } = this.#setup;
    if (
      this.#zero || !this.#firstSweep || validation || signal?.aborted
    ) return this.#zero;
    const { losses, references, stopReason } = this.#firstSweep;
    const mayBeOrdered = this.#tellsOrder && !references &&
      mayComeInRuns(losses, { pass: this.#pass });
    // What other optimizers do to the loss, they do at every rate.
    const mayBeDriven = trainer.otherOptimizers.length > 0 &&
      stopReason === "diverged";
    if (mayBeOrdered || mayBeDriven) {
      this.#zero = await trainAtRateZero(
        trainer,
        (rates) => this.#run(rates, { count: rates.length, repeat: 1 }),
      );
    }
    return this.#zero;
  }

  /** The loss of always predicting the same, where losses can be held against it. */
  async #baseline(
    outputs: readonly OutputLoss[],
    others: readonly TensorTree[] = [],
  ): Promise<Baseline | undefined> {
    const { validation, validationSurvey, options } = this.#setup;
    if (validation) {
      const { targets } = validationSurvey;
      const isWhole = targets.length === validation.batches;
      return isWhole ? await baselineLoss(outputs, targets) : undefined;
    }
    const { classWeight } = options;
    return await baselineLoss(outputs, this.#targets, {
      others,
      ...(classWeight === undefined ? {} : {
        classWeights: weightsOfOutputs(
          classWeight,
          outputs.map(({ output }) => output),
        ),
      }),
    });
  }

  /** All targets, where they are at hand, or those of some batches. */
  get #targets(): readonly TensorTree[] {
    const { source: { all }, survey } = this.#setup;
    const size = all
      ? tensorsOf(all.ys).reduce((sum, tensor) => sum + tensor.size, 0)
      : Infinity;
    return size <= MOST_TARGETS ? [all!.ys] : survey.targets;
  }

  /** The targets of the batches of short trials, each of which is a step. */
  get #trialTargets(): readonly TensorTree[] {
    const { settings, validation } = this.#setup;
    const isKnown = !validation && settings.accumulate === undefined &&
      this.#paired.isReplayed;
    return isKnown ? this.#pairedSurvey.targets : [];
  }

  /** Whether what is the same in all examples seen is so in all that there are. */
  async #isSame(part: "xs" | "ys"): Promise<boolean> {
    const { all } = this.#setup.source;
    return all === undefined || await areSame(all[part]);
  }

  /** Where the data at hand hold numbers that are not finite. */
  async #notFinite(): Promise<Circumstances["notFinite"]> {
    const { source, validation } = this.#setup;
    const found = await source.notFinite?.();
    if (found) return found;
    const evaluated = await validation?.notFinite?.();
    return evaluated && { ...evaluated, of: validation!.name };
  }

  async #circumstances(lowestRate = Infinity): Promise<Circumstances> {
    const { trainer, source, settings, options, survey } = this.#setup;
    const { model } = trainer;
    const facts = await survey.facts();
    const { examples } = source;
    const pass = this.#pass;
    const { batchSize } = options;
    const notFinite = await this.#notFinite();
    const outputs = model ? outputLosses(model) : [];
    const baseline = await this.#baseline(outputs, this.#trialTargets);
    const mismatch = await mismatchOf(outputs, this.#targets);
    const order = await this.#lossOrder();
    const isDriven = (await this.#atRateZero())?.diverges ||
      trainer.otherOptimizers.length > 0 && lowestRate < NO_RATE;
    return {
      facts,
      isShuffled: examples !== undefined,
      isPartSeen: examples === undefined &&
        !(pass !== undefined && pass <= (facts.targets?.batches ?? 0)),
      sameTargets: facts.targets?.variance === 0 &&
        await this.#isSame("ys") &&
        (model
          ? survey.targets.length > 0 &&
            await areOfTargets(outputs, survey.targets[0])
          : this.#takesTargets),
      sameInputs: model !== undefined &&
        facts.sameInputs !== undefined && await this.#isSame("xs"),
      isLoop: model === undefined,
      ...(model && facts.inputSize !== undefined && takesInputsAsTheyAre(model)
        ? { inputSize: facts.inputSize }
        : {}),
      ...(notFinite && { notFinite }),
      ...(order && { lossOrder: order }),
      isDriven,
      ...(this.#nonFinite && {
        nonFinite: this.#nonFinite,
        badWeights: await trainer.notFinite(),
      }),
      ...(outputs.length === 1 && facts.targets && isOfDistance(outputs[0])
        ? { targetSize: sizeOf(facts.targets) }
        : {}),
      ...(baseline && {
        baseline: {
          loss: baseline.loss,
          floor: baseline.floor,
          ...(baseline.losses.length > 0
            ? { trialBaselines: baseline.losses }
            : {}),
        },
        penalty: this.#penalty ?? 0,
      }),
      ...(this.#unchanged && { unchanged: this.#unchanged }),
      ...(mismatch && { mismatch }),
      ...(this.#pairing && {
        pairing: this.#pairing,
        // More of the same examples would tell no more.
        isPassSpent: pass !== undefined && pass < settings.maxBatches! / 2,
      }),
      ...(examples !== undefined && batchSize !== undefined &&
          batchSize >= examples
        ? { whole: { batchSize, examples } }
        : {}),
      buffer: pass === undefined || survey.batchSize === undefined
        ? DEFAULT_BUFFER
        : Math.max(1, Math.round(pass * survey.batchSize)),
    };
  }
}

/** Runs the whole test; the trainee is left as the last run left it. */
export function runRangeTests(
  setup: RangeTestsSetup,
): Promise<LearningRateRange> {
  return scoped((own) => own(new RangeTests(setup)).run());
}
