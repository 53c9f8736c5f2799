import { TrainingSnapshot } from "../training/weights/snapshot.ts";
import { batchSource } from "./data/batches.ts";
import { sourcesOf } from "./data/sources.ts";
import { scoped } from "../runtime/scoped.ts";
import { searchGrid } from "./_grid_search.ts";
import {
  checkGrid,
  type Hyperparameters,
  setHyperparameters,
} from "./options/hyperparameter_grid.ts";
import { borrowMathRandom, seededRandom } from "../runtime/random.ts";
import { createTrainer } from "./trainees/create_trainer.ts";
import { checkNames } from "../runtime/check_names.ts";
import { DataSurvey } from "./circumstances/data_survey.ts";
import type { TensorPair, TrainingData } from "./data/training_data.ts";
import type { FindLearningRateOptions } from "./options/options.ts";
import type { LearningRateRange } from "./range.ts";
import { paceOf, runRangeTests } from "./_range_tests.ts";
import { checkReadable } from "../tfjs/readable_state.ts";
import { warnOfSlowBackend } from "../tfjs/slow_backend.ts";
import { refuseSampleWeight } from "./data/sample_weight.ts";
import {
  checkSettings,
  type RangeTestSettings,
  resolveSettings,
} from "./options/settings.ts";
import type { CustomTrainee, Trainee } from "./trainees/trainee.ts";

const NAMES = Object.keys(
  {
    startLr: 0,
    endLr: 0,
    iterations: 0,
    maxBatches: 0,
    epochs: 0,
    growth: 0,
    batchSize: 0,
    beta: 0,
    validationData: 0,
    classWeight: 0,
    batchesPerRate: 0,
    accumulate: 0,
    repeats: 0,
    seed: 0,
    metric: 0,
    stopFactor: 0,
    signal: 0,
    grid: 0,
    onBatch: 0,
  } satisfies Record<keyof FindLearningRateOptions, 0>,
);

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
 * `() => createDataset()`. A batch costs a training step and, of a model, its
 * loss at the first weights, a third of a step more (`range.cost` counts both);
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
 * @throws {RangeError} If an option or a value of `grid` is out of its range, the
 * name of `metric` does not tell where it is better, or data are empty.
 * @throws {TypeError} If the trainee, the data or `classWeight` are of none of
 * the forms, an option is none, the optimizer lacks a hyperparameter of `grid`, or
 * examples of a model have a `sampleWeight`, which tfjs's `fit` does not support.
 * @throws {Error} If a loop of one's own changes a variable, or steps an
 * optimizer, that it does not list, or with `accumulate` does not step each once
 * a batch. All is put back first.
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
 *
 * @example Which weight decay
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR, findLearningRate } from "@clr/clr";
 * import { AdamW } from "@clr/clr/training";
 *
 * const optimizer = new AdamW(0.001);
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [4] })],
 * });
 * model.compile({ optimizer, loss: "meanSquaredError" });
 * const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
 * const ys = xs.sum(1, true);
 *
 * const range = await findLearningRate(model, { xs, ys }, {
 *   grid: { weightDecay: [0, 1e-3, 1e-2] },
 * });
 * console.log(range.grid?.advice); // Weight decay 0.01 is best: …
 * const { points, best = 0 } = range.grid!;
 * optimizer.weightDecay = points[best].weightDecay!;
 * const clr = CyclicLR.fromRange(range, { stepSize: 16 });
 * ```
 */
export function findLearningRate<Batch = TensorPair>(
  trainee: CustomTrainee<Batch>,
  data: TrainingData<Batch>,
  options?: FindLearningRateOptions<Batch>,
): Promise<LearningRateRange>;
/**
 * The same for a compiled model, or for what may be either.
 *
 * @param trainee A compiled model, or a training loop of one's own.
 * @param data What to train on.
 * @param options Rates, batches and when to stop.
 * @returns The bounds and all that they were read from.
 */
export function findLearningRate<Batch = TensorPair>(
  trainee: Trainee<Batch>,
  data: TrainingData<Batch>,
  options?: FindLearningRateOptions<Batch>,
): Promise<LearningRateRange>;
export async function findLearningRate<Batch>(
  trainee: Trainee<Batch>,
  data: TrainingData<Batch>,
  options: FindLearningRateOptions<Batch> = {},
): Promise<LearningRateRange> {
  refuseSampleWeight(Object(options), "the options");
  checkNames("find a learning rate", options, NAMES);
  checkSettings(options);
  const { batchSize = 32, seed = 0, validationData, accumulate } = options;
  const trainer = createTrainer(trainee, {
    validates: validationData !== undefined,
    classWeight: options.classWeight,
    accumulate,
    signal: options.signal,
  });
  for (const optimizer of [trainer.optimizer, ...trainer.otherOptimizers]) {
    checkReadable("find a learning rate", optimizer);
  }
  warnOfSlowBackend(trainer.subject);
  if (trainer.form.pairs) refuseSampleWeight(Object(data), "data");
  const { grid, signal, onBatch } = options;
  if (grid !== undefined) checkGrid(grid, trainer.optimizer);
  const isReplayed = grid !== undefined;
  return await scoped(async (own) => {
    own(new Turn([trainer.optimizer, ...trainer.otherOptimizers]));
    const sources = own(
      sourcesOf(data, { batchSize, seed, signal, isReplayed }),
    );
    const validation = validationData === undefined
      ? undefined
      : batchSource(validationData, {
        batchSize,
        name: "validationData",
        signal,
      });
    if (validation?.batches === Infinity) {
      throw new RangeError(
        "Cannot evaluate as validationData must end: current value is a Dataset that repeats without end; take(n) of it",
      );
    }
    const settings = resolveSettings(options, sources.first().batches);

    const snapshot = own(new TrainingSnapshot(trainer.subject));
    const otherSnapshots = trainer.otherOptimizers.map((optimizer) =>
      own(new TrainingSnapshot({ optimizer, variables: [] }))
    );
    const restore = () => {
      snapshot.restore();
      for (const other of otherSnapshots) other.restore();
    };
    const survey = own(new DataSurvey());
    const validationSurvey = own(new DataSurvey());
    const setup = { trainer, validation, survey, validationSurvey };
    const test = async (
      settings: RangeTestSettings,
      hyperparameters?: Hyperparameters,
    ): Promise<LearningRateRange> => {
      const begin = () => {
        restore();
        setHyperparameters(trainer.optimizer, hyperparameters ?? {});
      };
      begin();
      return await scoped((own) => {
        // Not the stream of the order, which whatever else runs would change.
        own(borrowMathRandom(seededRandom(~seed)));
        return runRangeTests({
          ...setup,
          source: sources.first(),
          settings,
          options: {
            ...options,
            onBatch: onBatch && hyperparameters
              ? (progress) => onBatch({ ...progress, hyperparameters })
              : onBatch,
          },
          restore: begin,
        });
      });
    };
    try {
      if (grid === undefined) return await test(settings);
      const pace = paceOf(setup);
      return await searchGrid({ grid, settings, pace, signal, test });
    } finally {
      restore();
      trainer.end();
    }
  });
}

/** The optimizers that range tests are at work with. */
const atWork = new WeakSet<object>();

/** Optimizers that one range test has to itself: of two, none leaves no trace. */
class Turn implements Disposable {
  readonly #optimizers: readonly object[];

  constructor(optimizers: readonly object[]) {
    if (optimizers.some((optimizer) => atWork.has(optimizer))) {
      throw new Error(
        "Cannot find a learning rate as the optimizer must be in one range test at a time: current value is in another; await that first",
      );
    }
    this.#optimizers = optimizers;
    for (const optimizer of optimizers) atWork.add(optimizer);
  }

  [Symbol.dispose](): void {
    for (const optimizer of this.#optimizers) atWork.delete(optimizer);
  }
}
