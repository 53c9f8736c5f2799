/**
 * Every option that is a number, given numbers of every kind: it takes one, and
 * what comes of it are numbers, or says what it must be. Nothing has no end.
 */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate, LearningRateRange } from "@clr/clr";
import * as metrics from "@clr/clr/metrics";
import * as plots from "@clr/clr/plots";
import * as schedules from "@clr/clr/schedules";
import * as training from "@clr/clr/training";

await tf.setBackend("cpu");

const NUMBERS: readonly unknown[] = [
  ...[0, -0, -1, 0.5, 5e-324, 1e-300, 2 ** 31, 2 ** 53 - 1, 1e300],
  ...[NaN, Infinity, -Infinity, 10n, "7", "0.1", " ", null],
];

// deno-lint-ignore no-explicit-any -- whatever is given in the place of a number
type Anything = any;

/** A rate or a momentum that is none. */
class NoNumber extends Error {}

function check(value: unknown, where: string): void {
  if (typeof value === "number" && !Number.isNaN(value)) return;
  throw new NoNumber(`${String(value)} ${where}`);
}

/** Rates at the start, within, at the end and far behind it. */
function checkRates(schedule: schedules.Schedule): void {
  for (const t of [0, 1, 2, 7, 8, 9, 100, 12_345.5, 2 ** 31, 1e15]) {
    check(schedule(t), `at ${t}`);
    if (schedule.momentum) check(schedule.momentum(t), `of momentum at ${t}`);
  }
}

/** Options that are valid, each of which is replaced in turn. */
type Options = Readonly<Record<string, unknown>>;

const SCHEDULES: Record<string, Options> = {
  cyclic: {
    ...{ baseLr: 0.1, maxLr: 0.5, stepSize: 4, stepSizeDown: 3, cycles: 5 },
    ...{ cycleFactor: 1.5, mode: "exp_range", gamma: 0.9 },
  },
  oneCycle: {
    ...{ maxLr: 0.5, iterations: 9, pctStart: 0.3, divFactor: 25 },
    ...{ finalDivFactor: 1e4 },
  },
  cosine: { startLr: 0.5, endLr: 0.1, iterations: 9 },
  cosineRestarts: {
    ...{ maxLr: 0.5, minLr: 0.1, cycleSize: 4, cycleFactor: 2 },
    ...{ amplitudeFactor: 0.9, warmupIterations: 2, cycles: 3 },
  },
  linear: { startLr: 0.5, endLr: 0.1, iterations: 9 },
  step: { startLr: 0.5, factor: 0.5, stepSize: 4 },
  exponential: { startLr: 0.5, factor: 0.5, iterations: 4, endLr: 0.1 },
  inverseTime: { startLr: 0.5, decayRate: 0.5, iterations: 4, power: 0.5 },
  polynomial: { startLr: 0.5, endLr: 0.1, iterations: 9, power: 2 },
  flatCosine: { maxLr: 0.5, iterations: 9, pctStart: 0.7, finalDivFactor: 9 },
  warmupStableDecay: {
    ...{ maxLr: 0.5, startLr: 0.1, endLr: 0.1, warmupIterations: 3 },
    ...{ stableIterations: 3, decayIterations: 3 },
  },
};

/** A call for each option of `valid`, which is replaced. */
function each(
  name: string,
  valid: Options,
  call: (options: Anything) => unknown,
): [string, (value: unknown) => unknown][] {
  return Object.keys(valid).map((option) => [
    `${name} ${option}`,
    (value) => call({ ...valid, [option]: value }),
  ]);
}

const stepped = (scheduler: training.LearningRateScheduler) => {
  const optimizer = tf.train.momentum(0.1, 0.9);
  scheduler.attach(optimizer);
  for (let i = 0; i < 9; i++) {
    check(training.getLearningRate(optimizer), `before batch ${i}`);
    scheduler.step({ loss: 1 });
  }
  check(scheduler.at(5), "at 5");
};

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  return model;
}

const xs = tf.randomNormal([16, 2], 0, 1, "float32", 1);
const ys = xs.sum(1, true);
const model = createModel();
const flat = () => 0.1;

/** A test that is stopped before long, however many steps it was to have. */
async function findBriefly(options: Anything): Promise<void> {
  const controller = new AbortController();
  const trained = createModel();
  const timer = setTimeout(() => controller.abort(), 30);
  try {
    const range = await findLearningRate(trained, { xs, ys }, {
      signal: controller.signal,
      ...options,
    });
    for (const rate of range.learningRates) check(rate, "as a rate");
  } finally {
    clearTimeout(timer);
    trained.dispose();
  }
}

const CALLS: Record<string, [string, (value: unknown) => unknown][]> = {
  schedules: [
    ...Object.entries(SCHEDULES).flatMap(([name, valid]) =>
      each(name, valid, (options) => {
        const make = (schedules as Anything)[name];
        checkRates(make(options));
      })
    ),
    // Without the warm-up, which short cycles have no room for.
    ...each(
      "restarts",
      { maxLr: 1, cycleSize: 4, cycleFactor: 2 },
      (options) => {
        checkRates(schedules.cosineRestarts(options));
      },
    ),
    ...each("warmup", { iterations: 4, startLr: 0.01 }, (options) => {
      checkRates(schedules.warmup(flat, options));
    }),
    ...each("clamp", { min: 0.1, max: 0.5 }, (options) => {
      checkRates(schedules.clamp(flat, options));
    }),
    ["constant", (value) => checkRates(schedules.constant(value as number))],
    ["scale", (value) => checkRates(schedules.scale(flat, value as number))],
    ...each("piecewise", { iteration: 5, lr: 0.1 }, (piece) => {
      checkRates(schedules.piecewise([{ iteration: 0, lr: 0.5 }, piece]));
    }),
    ...each("sequence", { iterations: 5 }, (part) => {
      checkRates(schedules.sequence([
        { schedule: flat, ...part },
        { schedule: flat },
      ]));
    }),
    ...each("planCycles", {
      samples: 100,
      batchSize: 10,
      epochs: 8,
      stepSizeEpochs: 2,
    }, (options) => {
      const plan: Anything = schedules.planCycles(options);
      for (const [name, value] of Object.entries(plan)) {
        if (typeof value !== "boolean") check(value, `as ${name}`);
      }
    }),
    ...each("momentum", { baseMomentum: 0.8, maxMomentum: 0.9 }, (momentum) => {
      checkRates(schedules.cyclic({ momentum } as Anything));
    }),
  ],
  schedulers: [
    ...each("CyclicLR", {
      ...{ baseLr: 0.1, maxLr: 0.5, stepSize: 4, stepSizeDown: 3, gamma: 0.9 },
      ...{ cycleFactor: 1.5, cycles: 5, stopAfterCycles: 3, historyLimit: 20 },
    }, (options) => stepped(new CyclicLR(options))),
    ...each("OneCycleLR", {
      ...{ maxLr: 0.5, iterations: 20, pctStart: 0.3, divFactor: 25 },
      ...{ finalDivFactor: 1e4, historyLimit: 20 },
    }, (options) => stepped(new training.OneCycleLR(options))),
    ...each(
      "reset",
      { baseLr: 0.1, maxLr: 0.5, stepSize: 4 },
      (options) => {
        const clr = new CyclicLR({ stepSize: 4 });
        stepped(clr);
        clr.reset(options);
        stepped(clr);
      },
    ),
    ["historyLimit", (value) => {
      const historyLimit = value as number;
      stepped(new training.LearningRateScheduler(flat, { historyLimit }));
    }],
    ...each("fromRange", { epochs: 4, cycles: 2 }, (options) => {
      const rates = Array.from({ length: 60 }, (_, i) => 1e-5 * 1.25 ** i);
      const range = LearningRateRange.fromCurve(
        rates,
        rates.map((rate) => 2 / (1 + 1000 * rate) + 10 * rate ** 2),
      );
      stepped(CyclicLR.fromRange(range, { ...options, batchesPerEpoch: 10 }));
    }),
    ...each("ReduceLROnPlateau", {
      ...{ factor: 0.5, patience: 2, minDelta: 0.1, cooldown: 1, minLr: 0.01 },
      ...{ historyLimit: 20 },
    }, (options) => {
      const plateau = new training.ReduceLROnPlateau(options);
      plateau.attach(tf.train.sgd(0.1));
    }),
    ...each("HyperparameterScheduler", { historyLimit: 20 }, (options) => {
      new training.HyperparameterScheduler({
        ...{ name: "decay", schedule: flat, set: () => {} },
        ...options,
      });
    }),
  ],
  averages: [
    ...each("ExponentialMovingAverage", { decay: 0.9 }, (options) => {
      using average = new training.ExponentialMovingAverage(model, options);
      average.use(() => {});
    }),
    ...each("CycleSnapshots", { keep: 3 }, (options) => {
      using snapshots = new training.CycleSnapshots(model, options);
      snapshots.take();
    }),
    ...each("predict", { last: 1, batchSize: 4 }, (options) => {
      using snapshots = new training.CycleSnapshots(model);
      snapshots.take();
      tf.dispose(snapshots.predict(xs, options));
    }),
    ["layerRates", (value) => {
      using _rates = training.layerRates(createModel(), {
        "*": value as number,
      });
    }],
    ["setMomentum", (value) => {
      const optimizer = tf.train.momentum(0.1, 0.9);
      training.setMomentum(optimizer, value as number);
      check(training.getMomentum(optimizer), "as momentum");
    }],
    ["seededRandom", (value) => {
      check(training.seededRandom(value as number)(), "drawn");
    }],
  ],
  findLearningRate: [
    ...each("findLearningRate", {
      ...{ startLr: 1e-3, endLr: 1, iterations: 9, batchSize: 4, beta: 0.9 },
      ...{ batchesPerRate: 1, accumulate: 1, repeats: 1, seed: 1 },
      ...{ stopFactor: 4 },
    }, findBriefly),
    ...each(
      "adaptive",
      { maxBatches: 20, startLr: 1e-3, endLr: 1 },
      findBriefly,
    ),
    ...each("by epochs", { epochs: 2, batchSize: 4 }, findBriefly),
    ...each(
      "growing linearly",
      { startLr: 0, endLr: 1 },
      (options) => findBriefly({ ...options, growth: "linear" }),
    ),
  ],
  results: [
    ["scheduleChart", (value) => plots.scheduleChart(flat, value as number)],
    ...each(
      "toPng",
      { scale: 1 },
      (options) => plots.toPng(plots.scheduleChart(flat, 10), options),
    ),
    ...each(
      "classificationReport",
      { digits: 2 },
      (options) => `${metrics.classificationReport([0, 1], [0, 1], options)}`,
    ),
    [
      "labels",
      (value) => metrics.classificationReport([value as number, 0], [0, 0]),
    ],
    ["a curve's rate", (value) => {
      const rates = [1e-3, 1e-2, 1e-1, value as number];
      `${LearningRateRange.fromCurve(rates, [3, 2, 1, 4])}`;
    }],
    ["a curve's loss", (value) => {
      const losses = [3, value as number, 1, 4];
      `${LearningRateRange.fromCurve([1e-3, 1e-2, 1e-1, 1], losses)}`;
    }],
  ],
};

for (const [part, calls] of Object.entries(CALLS)) {
  Deno.test(`${part} give numbers for any number, or say what it must be`, async () => {
    const raw: string[] = [];
    for (const [name, call] of calls) {
      for (const value of NUMBERS) {
        try {
          await call(value);
        } catch (error) {
          const { message } = error as Error;
          if (
            !(error instanceof NoNumber) && /^Cannot .+ as /.test(message) &&
            !/^Cannot (read prop|convert|mix|destructure|use ')/.test(message)
          ) continue;
          raw.push(`${name}, ${typeof value} ${String(value)}: ${message}`);
        }
      }
    }
    assertEquals(raw, []);
  });
}
