import * as tf from "@tensorflow/tfjs";
import { setLearningRate } from "../../tfjs/learning_rate.ts";
import { readsAtOnce, readScalars } from "../../tfjs/read_scalars.ts";
import type { BatchSource } from "../data/batch_source.ts";
import { endlessBatches } from "../data/batches.ts";
import { checkBatch } from "../data/check_batch.ts";
import { disposeBatch, examplesOf } from "../data/tensor_tree.ts";
import type { StepValues, Trainer } from "../trainees/trainer.ts";
import { checkMetric } from "../curves/choose_curve.ts";
import type { NonFinite } from "../circumstances/circumstances.ts";
import type { DataSurvey } from "../circumstances/data_survey.ts";
import { DivergenceDetector } from "../curves/divergence.ts";
import { setValue } from "../../runtime/columns.ts";
import { othersTurn } from "../../runtime/others_turn.ts";
import { unlessAborted } from "../../runtime/until_aborted.ts";
import type { FindLearningRateOptions } from "../options/options.ts";
import type { RecordedRun, StopReason } from "../curves/recorded_run.ts";
import { batchesOfRate, type RangeTestSettings } from "../options/settings.ts";
import { ExponentialSmoothing } from "../../metrics/smoothing.ts";
import { checkReadable } from "../../tfjs/readable_state.ts";
import { StalledStep } from "../trainees/unless_stalled.ts";

/** What a run of the test needs. */
export interface RangeTestSetup {
  /** Trains and evaluates on a batch. */
  readonly trainer: Trainer;
  /** What to train on. */
  readonly source: BatchSource;
  /** What to evaluate on in place of it, if anything. */
  readonly validation: BatchSource | undefined;
  /** How to test the rates. */
  readonly settings: RangeTestSettings;
  /** The rates, in order. */
  readonly rates: Iterable<number>;
  /** How many they are. */
  readonly count: number;
  /**
   * Which of all the rates is the first of these. A run that is none over growing
   * rates has none, and goes on whatever the loss does, as long as it is finite.
   */
  readonly from?: number;
  /** Is shown every batch that is trained on. */
  readonly survey?: Pick<DataSurvey, "add">;
  /** Is shown every batch of the first pass over what is evaluated on. */
  readonly validationSurvey?: DataSurvey;
  /** Whether a batch has a finite loss at the weights of the beginning. */
  readonly isFiniteAtStart?: (batch: unknown) => Promise<boolean>;
  /** When to stop, and whom to tell. */
  readonly options: Pick<
    FindLearningRateOptions,
    "onBatch" | "signal" | "stopFactor"
  >;
  /** Which of the repeats this is, from 1. */
  readonly repeat: number;
}

/** The loss and metrics of a batch or a rate, read from the device. */
type Values = { loss: number; [metric: string]: number };

/** Under which name the loss at the first weights is read with the others. */
const REFERENCE = "loss at the first weights";

/** What one run of the test records, and what else it knows. */
export interface MeasuredRun extends RecordedRun {
  /** Where a loss was not finite: what is to blame. */
  readonly nonFinite?: NonFinite;
  /** Batches trained on. */
  readonly trained: number;
  /** Losses computed without a training step. */
  readonly evaluated: number;
  /** What a model's penalties on its weights added to its loss in the end. */
  readonly penalty?: number;
}

/** A rate whose losses are still being read from the device. */
interface PendingRate {
  readonly learningRate: number;
  readonly values: Promise<Values>;
  /** The last batch of the rate, kept where it may be tried again. */
  readonly batch?: unknown;
}

/** How long the event loop may wait for its turn, in milliseconds. */
const YIELD_EVERY = 30;

/** Rates trained ahead of the one whose loss is awaited, where there is a GPU. */
const RATES_AHEAD = 8;

/**
 * Batches of validation data that are taken for a pass without end: evaluating
 * more after each rate would take hours.
 */
const ENDLESS = 10_000;

/** Batches that are evaluated before it is seen to that their pass ends. */
const SURELY_ENDS = 200;

/** Batches evaluated ahead of the one whose loss is awaited. */
const BATCHES_AHEAD = 8;

/** Starts reading a batch's values; they are disposed when read. */
async function read({ names, values }: StepValues): Promise<Values> {
  const numbers = await readScalars(
    values.filter((value) => typeof value !== "number"),
  );
  let next = 0;
  return Object.fromEntries(names.map((name, i) => {
    const value = values[i];
    return [name, typeof value === "number" ? value : numbers[next++]];
  })) as Values;
}

/** A step's values, and the loss of its batch at the first weights. */
function withReference(step: StepValues, reference: StepValues): StepValues {
  const [loss, ...others] = reference.values;
  tf.dispose(others);
  return {
    names: [...step.names, REFERENCE],
    values: [...step.values, loss],
  };
}

/** The averages of what several batches gave, by their weights. */
async function average(
  reads: readonly Promise<Values>[],
  weights: readonly number[],
): Promise<Values> {
  const batches = await Promise.all(reads);
  if (batches.length === 1) return batches[0];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Object.fromEntries(
    Object.keys(batches[0]).map((name) => [
      name,
      batches.reduce((sum, batch, i) => sum + weights[i] * batch[name], 0) /
      total,
    ]),
  ) as Values;
}

/** Throws where an optimizer keeps what could not be put back after the test. */
function checkOptimizers({ optimizer, otherOptimizers }: Trainer): void {
  for (const each of [optimizer, ...otherOptimizers]) {
    checkReadable("find a learning rate", each);
  }
}

/** One run of the test from the trainee's present state. */
class RangeTest {
  readonly #setup: RangeTestSetup;
  readonly #detector: DivergenceDetector;
  readonly #smoothing: ExponentialSmoothing;
  readonly #losses: number[] = [];
  readonly #references: number[] = [];
  readonly #metrics: { [name: string]: number[] } = {};
  #nonFinite: MeasuredRun["nonFinite"];
  /** Rates that were begun with. */
  #rates = 0;
  #trained = 0;
  #evaluated = 0;
  #leastSmoothed = Infinity;

  constructor(setup: RangeTestSetup) {
    this.#setup = setup;
    const mayDraw = setup.trainer.model === undefined;
    this.#detector = new DivergenceDetector({ mayDraw });
    this.#smoothing = new ExponentialSmoothing(setup.settings.beta);
  }

  async run(): Promise<MeasuredRun> {
    const { rates, source, from, options } = this.#setup;
    const ahead = readsAtOnce() ? 0 : RATES_AHEAD;
    const batches = endlessBatches(source, options.signal);
    const pending: PendingRate[] = [];
    let stopReason: StopReason | undefined;
    let aborted = false;
    try {
      for (const learningRate of rates) {
        const rate = await this.#test(learningRate, batches);
        if (!rate) {
          aborted = true;
          break;
        }
        pending.push(rate);
        if (pending.length > ahead) {
          stopReason = await this.#record(pending.shift()!);
          if (stopReason) break;
        }
      }
      while (!stopReason && pending.length > 0) {
        stopReason = await this.#record(pending.shift()!);
      }
    } finally {
      // Reads under way own tensors until they end.
      await Promise.allSettled(pending.map(({ values }) => values));
      for (const { batch } of pending) disposeBatch(batch);
      await batches.return(undefined);
    }
    return {
      losses: this.#losses,
      metrics: this.#metrics,
      stopReason: stopReason ?? (aborted ? "aborted" : "end"),
      ...(this.#refers ? { references: this.#references } : {}),
      ...(from ? { from } : {}),
      ...(this.#nonFinite ? { nonFinite: this.#nonFinite } : {}),
      trained: this.#trained,
      evaluated: this.#evaluated,
    };
  }

  /** Whether the loss at the first weights is measured beside each other. */
  get #refers(): boolean {
    const { trainer, validation } = this.#setup;
    return trainer.reference !== undefined && validation === undefined;
  }

  /** Trains at one rate; its values are being read. None if aborted. */
  async #test(
    learningRate: number,
    batches: AsyncGenerator<unknown, void>,
  ): Promise<PendingRate | undefined> {
    const { trainer, source, validation, settings } = this.#setup;
    const { survey, validationSurvey, isFiniteAtStart } = this.#setup;
    this.#rates++;
    const reads: Promise<Values>[] = [];
    const weights: number[] = [];
    let kept: unknown;
    const mayBeKept = !this.#refers && isFiniteAtStart !== undefined;
    const evaluate = async (batch: unknown) => {
      try {
        checkBatch(batch, validation!, trainer.form);
        weights.push(examplesOf(batch));
        this.#evaluated++;
        if (this.#rates === 1) validationSurvey?.add(batch);
        return await trainer.evaluate(batch);
      } finally {
        disposeBatch(batch);
      }
    };
    const train = async (batch: unknown): Promise<StepValues> => {
      let reference: StepValues | undefined;
      try {
        checkBatch(batch, source, trainer.form);
        weights.push(examplesOf(batch));
        survey?.add(batch);
        if (this.#refers) {
          reference = await trainer.reference!(batch);
          this.#evaluated++;
        }
        const step = await trainer.train(batch);
        // What an optimizer keeps, it may make in its first step.
        if (this.#trained++ === 0) checkOptimizers(trainer);
        return reference ? withReference(step, reference) : step;
      } catch (error) {
        if (reference) tf.dispose([...reference.values]);
        throw error;
      } finally {
        if (mayBeKept) {
          disposeBatch(kept);
          kept = batch;
        } else disposeBatch(batch);
      }
    };
    const keep = (step: StepValues) => {
      const values = read(step);
      // Whoever awaits it gets the error; until then it is not unhandled.
      values.catch(() => {});
      reads.push(values);
    };
    const abandon = async () => {
      await Promise.allSettled(reads);
      disposeBatch(kept);
      return undefined;
    };
    try {
      setLearningRate(trainer.optimizer, learningRate);
      for (let i = 0; i < batchesOfRate(settings); i++) {
        if (await this.#isAborted()) return await abandon();
        const { value: batch, done } = await batches.next();
        if (done) return await abandon();
        const step = await train(batch);
        if (validation) tf.dispose([...step.values]);
        else keep(step);
      }
      if (validation) {
        weights.length = 0;
        for await (const batch of validation.pass()) {
          if (await this.#isAborted()) {
            disposeBatch(batch);
            return await abandon();
          }
          keep(await evaluate(batch));
          if (reads.length === SURELY_ENDS) await this.#count(validation);
          // A pass may be long: what is under way on a GPU stays bounded.
          await reads.at(-1 - BATCHES_AHEAD);
        }
        // Perhaps the rest of the pass did not come.
        if (await this.#isAborted()) return await abandon();
        if (reads.length === 0) throw validation.emptyError();
      }
    } catch (error) {
      await abandon();
      if (error instanceof StalledStep) return undefined;
      throw error;
    }
    const values = average(reads, weights);
    values.catch(() => {});
    return { learningRate, values, ...(mayBeKept ? { batch: kept } : {}) };
  }

  /**
   * Goes through a pass of unknown length without evaluating it, which is far
   * faster, to see that it ends.
   */
  async #count(validation: BatchSource): Promise<void> {
    if (validation.batches !== undefined) return;
    let count = 0;
    for await (const batch of validation.pass()) {
      disposeBatch(batch);
      if (++count >= ENDLESS) throw validation.endlessError();
      if (await this.#isAborted()) return;
    }
    if (await this.#isAborted()) return;
    validation.ended?.(count);
  }

  /** Records what a rate gave and says whether, and why, to stop. */
  async #record(rate: PendingRate): Promise<StopReason | undefined> {
    const { settings, options, repeat, count, from, isFiniteAtStart } =
      this.#setup;
    const { loss, [REFERENCE]: reference, ...metrics } = await rate.values;
    try {
      checkMetric(settings.metric, metrics);
      if (!Number.isFinite(loss)) {
        const isFinite = this.#refers
          ? Number.isFinite(reference)
          : await isFiniteAtStart?.(rate.batch) ?? true;
        this.#nonFinite = {
          batch: this.#losses.length * batchesOfRate(settings) + 1,
          cause: isFinite ? "rate" : "data",
        };
        return "non-finite";
      }
    } finally {
      disposeBatch(rate.batch);
    }
    this.#losses.push(loss);
    if (this.#refers) this.#references.push(reference);
    for (const [name, value] of Object.entries(metrics)) {
      if (!Object.hasOwn(this.#metrics, name)) {
        setValue(this.#metrics, name, []);
      }
      this.#metrics[name].push(value);
    }
    const smoothedLoss = this.#smoothing.next(loss);
    const told = options.onBatch?.({
      iteration: this.#losses.length,
      iterations: count,
      repeat,
      repeats: settings.repeats,
      learningRate: rate.learningRate,
      loss,
      smoothedLoss,
      metrics,
    });
    await unlessAborted(Promise.resolve(told), options.signal);
    const { stopFactor } = options;
    const exceeded = stopFactor !== undefined &&
      smoothedLoss > stopFactor * this.#leastSmoothed;
    this.#leastSmoothed = Math.min(this.#leastSmoothed, smoothedLoss);
    if (from === undefined) return undefined;
    return this.#detector.add(loss, reference) || exceeded
      ? "diverged"
      : undefined;
  }

  /**
   * Whether the signal says to stop. Timers, signals and input have their turn
   * first: on the CPU and WASM backends nothing else in the loop lets them.
   */
  async #isAborted(): Promise<boolean> {
    await othersTurn(YIELD_EVERY, tf.nextFrame);
    return this.#setup.options.signal?.aborted ?? false;
  }
}

/** Runs the test once, from the trainee's present state. */
export function runRangeTest(setup: RangeTestSetup): Promise<MeasuredRun> {
  return new RangeTest(setup).run();
}
