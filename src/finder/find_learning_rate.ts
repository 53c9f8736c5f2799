import * as tf from "@tensorflow/tfjs";
import { setLearningRate } from "../tfjs/learning_rate.ts";
import { TrainingSnapshot } from "../training/snapshot.ts";
import { checkMetric, type RecordedRun } from "./_analysis.ts";
import {
  type BatchSource,
  batchSource,
  checkBatch,
  disposeBatch,
  endlessBatches,
  examplesOf,
} from "./_batches.ts";
import { borrowMathRandom, seededRandom } from "../runtime/random.ts";
import { createTrainer, type StepValues, type Trainer } from "./_trainer.ts";
import type { ClassWeights } from "./class_weight.ts";
import type { TensorPair, TrainingData } from "./data.ts";
import { DivergenceDetector } from "./divergence.ts";
import { type Growth, learningRateGrid } from "./learning_rate_grid.ts";
import { LearningRateRange } from "./learning_rate_range.ts";
import { directedMetric, type Metric } from "../metrics/direction.ts";
import type { RangeTestSettings, StopReason } from "./result.ts";
import { ExponentialSmoothing } from "./smoothing.ts";
import type { Trainee } from "./trainee.ts";

/** What {@linkcode FindLearningRateOptions.onBatch} is told. */
export interface RangeTestProgress {
  /** Rates tested so far in this run, this one included: 1, 2, … */
  readonly iteration: number;
  /** Rates that there are to test. */
  readonly iterations: number;
  /** Which of the repeats this is, from 1. */
  readonly repeat: number;
  /** How many repeats there are. */
  readonly repeats: number;
  /** The rate. */
  readonly learningRate: number;
  /** The loss at this rate. */
  readonly loss: number;
  /** The loss smoothed by `beta`. */
  readonly smoothedLoss: number;
  /** Other metrics at this rate, by name. */
  readonly metrics: { readonly [name: string]: number };
}

/** Options of {@linkcode findLearningRate}. */
export interface FindLearningRateOptions<Batch = TensorPair> {
  /**
   * The first rate: > 0, or >= 0 for linear growth.
   *
   * @default {1e-5}
   */
  readonly startLr?: number;
  /**
   * The last rate, above `startLr`. The test ends before where the loss
   * diverges, so that a high one costs little.
   *
   * @default {10}
   */
  readonly endLr?: number;
  /** How many rates to test. @default {120} */
  readonly iterations?: number;
  /**
   * Tests as many rates as there are batches in this many epochs, in place of
   * `iterations`. The data must say how many there are.
   *
   * @default {undefined}
   */
  readonly epochs?: number;
  /**
   * Whether the rate grows by equal factors or equal steps.
   *
   * @default {"exponential"}
   */
  readonly growth?: Growth;
  /** Examples in a batch drawn from `{ xs, ys }`. @default {32} */
  readonly batchSize?: number;
  /**
   * Share of the past in `smoothedLosses`, in [0, 1). The bounds are read from
   * the losses themselves.
   *
   * @default {0.9}
   */
  readonly beta?: number;
  /**
   * Records the loss and metrics of these data after each rate, in place of
   * those of the batches trained on.
   *
   * @default {undefined}
   */
  readonly validationData?: TrainingData<Batch>;
  /**
   * Weights of the classes in the loss, as in `fit` and `fitDataset`: those that
   * training will have. As there, validation losses are not weighted.
   *
   * @default {undefined}
   */
  readonly classWeight?: ClassWeights;
  /** Batches trained on, and averaged, at each rate. @default {1} */
  readonly batchesPerRate?: number;
  /**
   * How often to run the test, each time from the same start with another order
   * of batches. The bounds are the medians.
   *
   * @default {1}
   */
  readonly repeats?: number;
  /**
   * Seed of the batch order and, in a stream of its own, of `Math.random` during
   * the test, for dropout and for all other code that draws from it then.
   *
   * @default {0}
   */
  readonly seed?: number;
  /**
   * The curve that the bounds are read from: `"loss"` or a metric, by its name
   * where that is a usual one (`"acc"`, `"meanIoU"`, `"rmse"`), else as
   * `{ name: "reward", better: "higher" }`. By default accuracy, or what else is
   * known to be better when higher, unless the loss shows the start of the
   * improvement more clearly.
   *
   * @default {undefined}
   */
  readonly metric?: Metric;
  /**
   * Also stops when the smoothed loss exceeds this many times the best one, as
   * is usual elsewhere. It suits losses well above 0 only.
   *
   * @default {undefined}
   */
  readonly stopFactor?: number;
  /**
   * Stops the test at the next batch; what was recorded by then is returned.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal;
  /**
   * Called after each rate, as soon as its loss is known; on a GPU, that is a
   * few rates later.
   *
   * @default {undefined}
   */
  readonly onBatch?: (progress: RangeTestProgress) => void | Promise<void>;
}

/** The loss and metrics of a batch or a rate, read from the device. */
type Values = { loss: number; [metric: string]: number };

/** A rate whose losses are still being read from the device. */
interface PendingRate {
  readonly learningRate: number;
  readonly values: Promise<Values>;
}

/** On these backends the data of a tensor are at hand as soon as it is made. */
const SYNCHRONOUS_BACKENDS = new Set(["cpu", "wasm", "tensorflow"]);

/** How long the event loop may wait for its turn, in milliseconds. */
const YIELD_EVERY = 30;

/** Rates trained ahead of the one whose loss is awaited, where there is a GPU. */
const RATES_AHEAD = 8;

/** Batches evaluated ahead of the one whose loss is awaited. */
const BATCHES_AHEAD = 8;

function checkOption(name: string, value: number, must: string, ok: boolean) {
  if (ok) return;
  throw new RangeError(
    `Cannot find a learning rate as ${name} must be ${must}: current value is ${value}`,
  );
}

function checkCount(name: string, value: number) {
  checkOption(
    name,
    value,
    "a whole number >= 1",
    Number.isSafeInteger(value) && value >= 1,
  );
}

function resolveSettings(
  options: FindLearningRateOptions<unknown>,
  source: BatchSource,
): RangeTestSettings {
  const {
    startLr = 1e-5,
    endLr = 10,
    epochs,
    growth = "exponential",
    batchSize = 32,
    beta = 0.9,
    batchesPerRate = 1,
    repeats = 1,
    seed = 0,
    metric,
    stopFactor,
  } = options;
  let { iterations = 120 } = options;
  if (growth !== "exponential" && growth !== "linear") {
    throw new RangeError(
      `Cannot find a learning rate as growth must be "exponential" or "linear": current value is "${growth}"`,
    );
  }
  const exponential = growth === "exponential";
  checkOption(
    "startLr",
    startLr,
    exponential ? "finite and > 0" : "finite and >= 0",
    Number.isFinite(startLr) && (exponential ? startLr > 0 : startLr >= 0),
  );
  checkOption(
    "endLr",
    endLr,
    `finite and > startLr (${startLr})`,
    Number.isFinite(endLr) && endLr > startLr,
  );
  checkCount("batchSize", batchSize);
  checkCount("batchesPerRate", batchesPerRate);
  checkCount("repeats", repeats);
  checkOption("beta", beta, ">= 0 and < 1", beta >= 0 && beta < 1);
  checkOption("seed", seed, "a whole number", Number.isSafeInteger(seed));
  if (stopFactor !== undefined) {
    checkOption("stopFactor", stopFactor, "> 1", stopFactor > 1);
  }
  if (epochs !== undefined) {
    checkOption("epochs", epochs, "> 0", epochs > 0 && epochs < Infinity);
    if (source.batches === undefined || source.batches === Infinity) {
      throw new RangeError(
        `Cannot find a learning rate over epochs as the data must say how many batches they have: current value is unknown; use iterations`,
      );
    }
    iterations = Math.ceil(epochs * source.batches / batchesPerRate);
  }
  checkCount("iterations", iterations);
  return {
    startLr,
    endLr,
    iterations,
    growth,
    batchesPerRate,
    beta,
    seed,
    repeats,
    ...(metric === undefined ? {} : { metric: directedMetric(metric) }),
    validated: options.validationData !== undefined,
  };
}

/** Starts reading a batch's values; they are disposed when read. */
async function read({ names, values }: StepValues): Promise<Values> {
  const tensors = values.filter((value) => typeof value !== "number");
  let stacked: tf.Tensor | undefined;
  try {
    if (tensors.length > 0) {
      // One transfer, however many metrics there are.
      stacked = tf.tidy(() =>
        tf.stack(tensors.map((tensor) => tensor.reshape([]).toFloat()))
      );
    }
  } finally {
    tf.dispose(tensors);
  }
  try {
    const numbers = await stacked?.data() ?? [];
    let next = 0;
    return Object.fromEntries(names.map((name, i) => {
      const value = values[i];
      return [name, typeof value === "number" ? value : numbers[next++]];
    })) as Values;
  } finally {
    stacked?.dispose();
  }
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

/** One run of the test from the trainee's present state. */
class RangeTestRunner {
  readonly #trainer: Trainer;
  readonly #source: BatchSource;
  readonly #validation: BatchSource | undefined;
  readonly #settings: RangeTestSettings;
  readonly #options: FindLearningRateOptions<unknown>;
  readonly #repeat: number;
  readonly #detector = new DivergenceDetector();
  readonly #smoothing: ExponentialSmoothing;
  readonly #losses: number[] = [];
  readonly #metrics: { [name: string]: number[] } = {};
  #leastSmoothed = Infinity;
  #lastTurn = performance.now();

  constructor(
    trainer: Trainer,
    source: BatchSource,
    validation: BatchSource | undefined,
    settings: RangeTestSettings,
    options: FindLearningRateOptions<unknown>,
    repeat: number,
  ) {
    this.#trainer = trainer;
    this.#source = source;
    this.#validation = validation;
    this.#settings = settings;
    this.#options = options;
    this.#repeat = repeat;
    this.#smoothing = new ExponentialSmoothing(settings.beta);
  }

  async run(): Promise<RecordedRun> {
    const { startLr, endLr, iterations, growth } = this.#settings;
    const grid = learningRateGrid(startLr, endLr, {
      count: iterations,
      growth,
    });
    const ahead = SYNCHRONOUS_BACKENDS.has(tf.getBackend()) ? 0 : RATES_AHEAD;
    const batches = endlessBatches(this.#source);
    const pending: PendingRate[] = [];
    let stopReason: StopReason | undefined;
    let aborted = false;
    try {
      for (const learningRate of grid) {
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
      await batches.return(undefined as never);
    }
    return {
      losses: this.#losses,
      metrics: this.#metrics,
      stopReason: stopReason ?? (aborted ? "aborted" : "end"),
    };
  }

  /** Trains at one rate; its values are being read. None if aborted. */
  async #test(
    learningRate: number,
    batches: AsyncGenerator<unknown, never>,
  ): Promise<PendingRate | undefined> {
    const { batchesPerRate } = this.#settings;
    const reads: Promise<Values>[] = [];
    const weights: number[] = [];
    const use = async (
      batch: unknown,
      source: BatchSource,
      method: "train" | "evaluate",
    ) => {
      try {
        checkBatch(batch, source, this.#trainer.form);
        weights.push(examplesOf(batch));
        return await this.#trainer[method](batch);
      } finally {
        disposeBatch(batch);
      }
    };
    const keep = (step: StepValues) => {
      const values = read(step);
      // Whoever awaits it gets the error; until then it is not unhandled.
      values.catch(() => {});
      reads.push(values);
    };
    try {
      setLearningRate(this.#trainer.optimizer, learningRate);
      for (let i = 0; i < batchesPerRate; i++) {
        if (await this.#isAborted()) {
          await Promise.allSettled(reads);
          return;
        }
        const { value: batch } = await batches.next();
        const step = await use(batch, this.#source, "train");
        if (this.#validation) tf.dispose([...step.values]);
        else keep(step);
      }
      if (this.#validation) {
        weights.length = 0;
        for await (const batch of this.#validation.pass()) {
          if (await this.#isAborted()) {
            disposeBatch(batch);
            await Promise.allSettled(reads);
            return;
          }
          keep(await use(batch, this.#validation, "evaluate"));
          // A pass may be long: what is under way on a GPU stays bounded.
          await reads.at(-1 - BATCHES_AHEAD);
        }
        if (reads.length === 0) throw this.#validation.emptyError();
      }
    } catch (error) {
      await Promise.allSettled(reads);
      throw error;
    }
    const values = average(reads, weights);
    values.catch(() => {});
    return { learningRate, values };
  }

  /** Records what a rate gave and says whether, and why, to stop. */
  async #record(rate: PendingRate): Promise<StopReason | undefined> {
    const { loss, ...metrics } = await rate.values;
    checkMetric(this.#settings.metric, metrics);
    if (!Number.isFinite(loss)) return "non-finite";
    this.#losses.push(loss);
    for (const [name, value] of Object.entries(metrics)) {
      (this.#metrics[name] ??= []).push(value);
    }
    const smoothedLoss = this.#smoothing.next(loss);
    await this.#options.onBatch?.({
      iteration: this.#losses.length,
      iterations: this.#settings.iterations,
      repeat: this.#repeat,
      repeats: this.#settings.repeats,
      learningRate: rate.learningRate,
      loss,
      smoothedLoss,
      metrics,
    });
    const { stopFactor } = this.#options;
    const exceeded = stopFactor !== undefined &&
      smoothedLoss > stopFactor * this.#leastSmoothed;
    this.#leastSmoothed = Math.min(this.#leastSmoothed, smoothedLoss);
    return this.#detector.add(loss) || exceeded ? "diverged" : undefined;
  }

  /**
   * Whether the signal says to stop. Timers, signals and input have their turn
   * first: on the CPU and WASM backends nothing else in the loop lets them.
   */
  async #isAborted(): Promise<boolean> {
    if (performance.now() - this.#lastTurn >= YIELD_EVERY) {
      await tf.nextFrame();
      this.#lastTurn = performance.now();
    }
    return this.#options.signal?.aborted ?? false;
  }
}

/**
 * The learning-rate range test: trains the model on batch after batch at rates
 * that grow from `startLr` to `endLr`, and reads from the losses (or the
 * accuracy) between which bounds a cyclic schedule should move.
 *
 * The test leaves no trace. When it returns, throws or is stopped, weights,
 * statistics, the whole state of the optimizer and `Math.random` are as they
 * were, so that training after it is bit for bit what it is without it. Data
 * alone are as they are after any other pass over them: `tf.data`'s `shuffle`,
 * seeded or not, draws the order of its next pass from a generator that it
 * keeps. Give the test a Dataset of its own where that matters, from a function:
 * `() => createDataset()`. The test costs what as many batches of training cost:
 * nothing is copied before, and on a GPU no batch waits for the loss of the one
 * before.
 *
 * It stops when the loss rises for good, by a rule that adding a constant to
 * the loss or scaling it does not change. How the bounds are read is described
 * at {@linkcode LearningRateRange}; `range.verdict` and `range.advice` say what
 * to do when there are none.
 *
 * Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), section
 * 3.3, {@link https://arxiv.org/abs/1506.01186}.
 *
 * @param trainee A compiled model, or `{ optimizer, variables, trainOnBatch }`
 * for a training loop of one's own.
 * @param data `{ xs, ys }` tensors (or arrays and records of them), a
 * `tf.data.Dataset` of batches, or a function that returns an iterable or a
 * Dataset of batches. Data that end start over.
 * @param options Rates, batches and when to stop.
 * @returns The bounds and all that they were read from.
 * @throws {RangeError} If an option is out of its range, the name of `metric`
 * does not tell where it is better, or data are empty.
 * @throws {TypeError} If the trainee, the data or `classWeight` are of none of
 * the forms.
 * @throws {Error} If a loop of one's own changes a variable that it does not
 * list. What it lists is put back first.
 *
 * @example Both bounds for a model
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR, findLearningRate } from "@clr/clr";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [4] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
 * const ys = xs.sum(1, true);
 *
 * const range = await findLearningRate(model, { xs, ys }, { startLr: 1e-4, endLr: 10 });
 * console.log(`${range}`);
 * if (range.verdict === "good") {
 *   const clr = CyclicLR.fromRange(range, { stepSize: 16 });
 *   await model.fit(xs, ys, { batchSize: 32, epochs: 4, verbose: 0, callbacks: [clr] });
 * }
 * ```
 */
export async function findLearningRate<Batch = TensorPair>(
  trainee: Trainee<Batch>,
  data: TrainingData<Batch>,
  options: FindLearningRateOptions<Batch> = {},
): Promise<LearningRateRange> {
  const given = options as FindLearningRateOptions<unknown>;
  const { batchSize = 32, seed = 0, validationData } = given;
  const trainer = createTrainer(trainee as Trainee<unknown>, {
    validates: validationData !== undefined,
    classWeight: given.classWeight,
  });
  const source = batchSource(data as TrainingData<unknown>, {
    batchSize,
    random: seededRandom(seed),
    name: "data",
  });
  const validation = validationData === undefined
    ? undefined
    : batchSource(validationData, { batchSize, name: "validationData" });
  if (validation?.batches === Infinity) {
    throw new RangeError(
      "Cannot evaluate as validationData must end: current value is a Dataset that repeats without end; take(n) of it",
    );
  }
  const settings = resolveSettings(given, source);

  const runs: RecordedRun[] = [];
  using snapshot = new TrainingSnapshot(trainer.subject);
  // Not the stream of the order, which whatever else runs would change.
  using _borrowed = borrowMathRandom(seededRandom(~seed));
  try {
    for (let repeat = 1; repeat <= settings.repeats; repeat++) {
      if (repeat > 1) snapshot.restore();
      trainer.begin();
      const runner = new RangeTestRunner(
        trainer,
        source,
        validation,
        settings,
        given,
        repeat,
      );
      runs.push(await runner.run());
      if (given.signal?.aborted) break;
    }
  } finally {
    snapshot.restore();
  }
  return LearningRateRange.fromRuns(runs, settings);
}
