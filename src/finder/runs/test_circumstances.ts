import { isCompiledAsItIs, variableOf } from "../../tfjs/trained_weights.ts";
import { areShares } from "../circumstances/shares.ts";
import { type OutputLoss, outputLosses } from "../../tfjs/output_losses.ts";
import { type AtRateZero, trainAtRateZero } from "./_at_rate_zero.ts";
import { passOf } from "../data/batch_source.ts";
import type { ComparedPairs } from "./compare_pairs.ts";
import { targetsOf, testBaseline } from "./_test_baseline.ts";
import type { TestRuns, TestSetup } from "./test_runs.ts";
import { areOfTargets } from "../circumstances/baseline.ts";
import type {
  Circumstances,
  UnlearnedOutput,
} from "../circumstances/circumstances.ts";
import { areSame, sizesOf } from "../circumstances/data_survey.ts";
import {
  type LossOrder,
  lossOrder,
  mayComeInRuns,
} from "../circumstances/loss_order.ts";
import { isOfDistance, mismatchOf } from "../circumstances/mismatch.ts";
import {
  drowningLayerOf,
  normalizesExamples,
  plainDepthOf,
  takesInputsAsTheyAre,
} from "../circumstances/model_facts.ts";
import { batchesOfRate } from "../options/settings.ts";

/** A rate so low that no divergence is due to it. */
const NO_RATE = 1e-10;

/** How many times their root mean square numbers are that others are not. */
const OUTLYING = 8;

/** Examples to shuffle through where nobody knows how many there are. */
const DEFAULT_BUFFER = 10_000;

/** What targets say of losses. */
interface TargetFacts {
  /** Of a loss of how far outputs are from them. */
  readonly sizes: Awaited<ReturnType<typeof sizesOf>> | undefined;
  readonly baseline: Awaited<ReturnType<typeof testBaseline>>;
  readonly mismatch: Awaited<ReturnType<typeof mismatchOf>>;
}

/** Gathers what is known beside the runs of a test, as often as it is asked for. */
export class TestCircumstances {
  readonly #runs: TestRuns;
  readonly #setup: TestSetup;
  #zero: AtRateZero | undefined;
  #facts: TargetFacts & { readonly seen: string } | undefined;
  #alike: Promise<readonly string[]> | undefined;
  /** The data at hand stay what they are. */
  #found: Promise<Circumstances["notFinite"]> | undefined;

  constructor(runs: TestRuns) {
    this.#runs = runs;
    this.#setup = runs.setup;
  }

  /** All that is known after the runs so far. */
  async gather(
    { lowestRate = Infinity, compared = {}, unlearned = [] }: {
      /** The lowest rate of a search. */
      readonly lowestRate?: number | undefined;
      readonly compared?: ComparedPairs | undefined;
      readonly unlearned?: readonly UnlearnedOutput[] | undefined;
    },
  ): Promise<Circumstances> {
    const { trainer, source, settings, options, survey } = this.#setup;
    const { model } = trainer;
    const facts = await survey.facts();
    const { examples } = source;
    const pass = passOf(source);
    const { batchSize } = options;
    const notFinite = await (this.#found ??= this.#notFinite());
    const outputs = model ? outputLosses(model) : [];
    const { baseline, mismatch, sizes } = await this.#beside(outputs);
    const order = await this.#lossOrder();
    const isDriven = (await this.#atRateZero())?.diverges ||
      trainer.otherOptimizers.length > 0 && lowestRate < NO_RATE;
    const { pairing, rows, takesTargets = false, takesInputs = false } =
      compared;
    // After the run at a rate of 0, which shows some of it.
    const { penalty = 0, nonFinite, unchanged } = this.#runs;
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
          : takesTargets),
      sameInputs: (model !== undefined || takesInputs) &&
        facts.sameInputs !== undefined && await this.#isSame("xs"),
      isLoop: model === undefined,
      ...(model && facts.inputSize !== undefined && takesInputsAsTheyAre(model)
        ? { inputSize: facts.inputSize }
        : {}),
      isNormalizedAway: model !== undefined && survey.batchSize === 1 &&
        normalizesExamples(model),
      ...(notFinite && { notFinite }),
      ...(order && { lossOrder: order }),
      isDriven,
      ...(nonFinite && { nonFinite, badWeights: await trainer.notFinite() }),
      ...(sizes && {
        targetSize: sizes.mean,
        ...(sizes.greatest > OUTLYING * sizes.mean
          ? { outlier: sizes.greatest }
          : {}),
      }),
      ...this.#ofTrainee(await (this.#alike ??= this.#alikeUnits())),
      ...(baseline && {
        baseline: {
          loss: baseline.loss,
          floor: baseline.floor,
          ...(baseline.losses.length > 0
            ? { trialBaselines: baseline.losses }
            : {}),
        },
        penalty,
      }),
      ...(unchanged && { unchanged }),
      ...(mismatch && { mismatch }),
      ...(pass !== undefined && { pass }),
      ...(unlearned.length > 0 && { unlearned }),
      ...(pairing && {
        pairing,
        // More of the same examples would tell no more.
        isPassSpent: pass !== undefined && pass < settings.maxBatches! / 2,
      }),
      ...(rows && { rows: { ...rows, count: this.#rows() } }),
      ...(compared.unused && { unused: compared.unused }),
      ...(compared.isUnmoved && { isUnmoved: true }),
      ...(this.#areShares() && { areShares: true }),
      ...(examples !== undefined && batchSize !== undefined &&
          batchSize > examples
        ? { whole: { batchSize, examples } }
        : {}),
      buffer: pass === undefined || survey.batchSize === undefined
        ? DEFAULT_BUFFER
        : Math.max(1, Math.round(pass * survey.batchSize)),
    };
  }

  /** What the trainee is, whatever it learns. */
  #ofTrainee(alike: readonly string[]): Partial<Circumstances> {
    const { model, otherOptimizers } = this.#setup.trainer;
    const drowning = model && drowningLayerOf(model);
    const plainDepth = model ? plainDepthOf(model) : 0;
    return {
      ...(plainDepth > 0 && { plainDepth }),
      ...(drowning && { drowning }),
      ...(model && !isCompiledAsItIs(model) && { isStale: true }),
      ...(alike.length > 0 && { alike }),
      ...(otherOptimizers.length > 0 && { isContested: true }),
    };
  }

  /** Weights before the last ones whose units all are alike. */
  async #alikeUnits(): Promise<readonly string[]> {
    const { trainer } = this.#setup;
    const alike = await trainer.alike?.() ?? [];
    if (alike.length === 0 || !trainer.model) return [];
    const last = trainer.model.weights.map(variableOf)
      .findLast(({ rank }) => rank > 1)?.name;
    return alike.filter((name) => name !== last);
  }

  /**
   * Whether the data or the trainee are at fault as far as that is known without
   * any further training, which would cost and change nothing.
   */
  async areSettled(): Promise<boolean> {
    const { trainer: { model }, survey } = this.#setup;
    if (await (this.#found ??= this.#notFinite())) return true;
    const { notFinite } = await survey.facts();
    if (notFinite.length > 0) return true;
    return model !== undefined &&
      await mismatchOf(outputLosses(model), targetsOf(this.#setup)) !==
        undefined;
  }

  /**
   * What always predicting the same gives on each of so many batches of short
   * trainings, penalties included; nothing where nobody knows.
   */
  async chance(count: number): Promise<readonly number[] | undefined> {
    const { model } = this.#setup.trainer;
    if (!model) return undefined;
    const { baseline } = await this.#beside(outputLosses(model));
    if (!baseline) return undefined;
    const { penalty = 0 } = this.#runs;
    return Array.from(
      { length: count },
      (_, i) => (baseline.losses[i] ?? baseline.loss) + penalty,
    );
  }

  /**
   * What targets say of losses: computed anew only where more were seen, as the
   * question comes again with every trial.
   */
  async #beside(outputs: readonly OutputLoss[]): Promise<TargetFacts> {
    const { validationSurvey } = this.#setup;
    const [targets, others] = [targetsOf(this.#setup), this.#runs.trialTargets];
    const seen = [targets, others, validationSurvey.targets]
      .map(({ length }) => length).join();
    if (this.#facts?.seen !== seen) {
      this.#facts = {
        seen,
        baseline: await testBaseline(this.#setup, { outputs, others }),
        mismatch: await mismatchOf(outputs, targets),
        sizes: outputs.length === 1 && isOfDistance(outputs[0]) &&
            targets.length > 0
          ? await sizesOf(targets)
          : undefined,
      };
    }
    return this.#facts;
  }

  /** Where the data at hand hold numbers that are not finite. */
  async #notFinite(): Promise<Circumstances["notFinite"]> {
    const { source, validation } = this.#setup;
    const found = await source.notFinite?.();
    if (found) return found;
    const evaluated = await validation?.notFinite?.();
    return evaluated && { ...evaluated, of: validation!.name };
  }

  /** Examples of a pass, where its batches are counted. */
  #rows(): number {
    const { source, survey: { batchSize = 1 } } = this.#setup;
    return source.examples ?? Math.round((passOf(source) ?? 0) * batchSize);
  }

  /** Whether a loop returns shares of its batches' examples. */
  #areShares(): boolean {
    const { trainer: { model }, validation, survey, settings } = this.#setup;
    const { losses } = this.#runs.firstSweep ?? { losses: [] };
    return !model && !validation && batchesOfRate(settings) === 1 &&
      areShares(losses, survey.batchSize ?? NaN);
  }

  /** Whether what is the same in all examples seen is so in all that there are. */
  async #isSame(part: "xs" | "ys"): Promise<boolean> {
    const { all } = this.#setup.source;
    return all === undefined || await areSame(all[part]);
  }

  /** The order in which batches come, as far as their losses tell. */
  async #lossOrder(): Promise<LossOrder | undefined> {
    if (!this.#tellsOrder) return undefined;
    const { references } = this.#runs.firstSweep!;
    const losses = references ?? (await this.#atRateZero())?.losses;
    return losses && lossOrder(losses, { pass: passOf(this.#setup.source) });
  }

  /**
   * Whether losses tell of an order: batches that the test draws itself have none,
   * and a loss of several batches is none of a batch.
   */
  get #tellsOrder(): boolean {
    const { source, settings, validation } = this.#setup;
    return source.examples === undefined && !validation &&
      this.#runs.firstSweep !== undefined && batchesOfRate(settings) === 1;
  }

  /** What a rate of 0 shows, where that may tell something. */
  async #atRateZero(): Promise<AtRateZero | undefined> {
    const { trainer, source, validation, options: { signal } } = this.#setup;
    const { firstSweep } = this.#runs;
    if (
      this.#zero || !firstSweep || validation || signal?.aborted
    ) return this.#zero;
    const { losses, references, stopReason } = firstSweep;
    const mayBeOrdered = this.#tellsOrder && !references &&
      mayComeInRuns(losses, { pass: passOf(source) });
    // What other optimizers do to the loss, they do at every rate.
    const mayBeDriven = trainer.otherOptimizers.length > 0 &&
      stopReason === "diverged";
    if (mayBeOrdered || mayBeDriven) {
      this.#zero = await trainAtRateZero(
        trainer,
        (rates) => this.#runs.run(rates, { count: rates.length, repeat: 1 }),
      );
    }
    return this.#zero;
  }
}
