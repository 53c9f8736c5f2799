/** What `console.log` shows of what training is given: a line, of each class. */

import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { constant, cosine, linear, oneCycle, scale } from "@clr/clr/schedules";
import * as training from "@clr/clr/training";
import { tempDir } from "../_folder.ts";

await tf.setBackend("cpu");

const {
  AdamW,
  Checkpointer,
  CycleSnapshots,
  CyclicLR,
  ExponentialMovingAverage,
  HyperparameterScheduler,
  LearningRateScheduler,
  OneCycleLR,
  ReduceLROnPlateau,
  SGDW,
  StopOnAbort,
  TensorBoardLogger,
} = training;

/** Those that are no things to look at. */
const OTHERS = ["CallbackBase", "CheckpointError"];

Deno.test("console.log() of each class of training says in a line what it is and where it stands", async () => {
  await using folder = await tempDir();
  const model = tf.sequential({
    name: "ones",
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({
    optimizer: new AdamW(1e-4 / 3, { exclude: ["*bias"] }),
    loss: "meanSquaredError",
  });
  const clr = new CyclicLR({ stepSize: 4 });
  const rate = new HyperparameterScheduler({
    name: "dropout",
    schedule: linear({ startLr: 0, endLr: 0.5, iterations: 10 }),
    set: () => {},
  });
  using average = new ExponentialMovingAverage(model, { decay: 0.9 });
  using snapshots = new CycleSnapshots(model, { keep: 3 });
  const saver = new Checkpointer(folder.path, { scheduler: clr, every: 2 });
  const logger = new TensorBoardLogger(`${folder.path}/logs`);
  const cycle = new OneCycleLR({ maxLr: 0.1 });
  const plateau = new ReduceLROnPlateau({ patience: 2 });
  const abort = new AbortController();
  const shown = {
    AdamW: model.optimizer,
    Checkpointer: saver,
    CycleSnapshots: snapshots,
    CyclicLR: clr,
    ExponentialMovingAverage: average,
    HyperparameterScheduler: rate,
    LearningRateScheduler: new LearningRateScheduler(constant(0.1)),
    OneCycleLR: cycle,
    ReduceLROnPlateau: plateau,
    SGDW: new SGDW(0.1),
    StopOnAbort: new StopOnAbort(abort.signal),
    TensorBoardLogger: logger,
  };
  const classes = Object.entries(training).filter(([, value]) =>
    /^class\b/.test(Function.prototype.toString.call(value))
  );
  assertEquals(
    classes.map(([name]) => name).filter((name) => !OTHERS.includes(name))
      .sort(),
    Object.keys(shown),
  );
  const lines = () =>
    Object.fromEntries(
      Object.entries(shown).map((
        [name, value],
      ) => [name, Deno.inspect(value).replaceAll(folder.path, "RUN")]),
    );

  const before = {
    AdamW:
      'AdamW (learningRate 0.00003333, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0.01, exclude ["*bias"]), 0 steps taken',
    Checkpointer:
      "Checkpointer into RUN (every 2 batches, the last 2 kept), newest: none",
    CycleSnapshots: "CycleSnapshots of ones, 0 of at most 3, none with a score",
    CyclicLR:
      "CyclicLR (triangular, 0.001 to 0.006, steps of 4 batches) in cycle 1, at iteration 0, learning rate 0.001",
    ExponentialMovingAverage:
      "ExponentialMovingAverage of 2 variables (decay 0.9, warm-up), 0 steps averaged, the averages aside",
    HyperparameterScheduler:
      "HyperparameterScheduler at iteration 0, dropout 0",
    LearningRateScheduler:
      "LearningRateScheduler at iteration 0, learning rate 0.1",
    OneCycleLR:
      "OneCycleLR (to 0.1, as long as the training) at iteration 0, learning rate not known yet",
    ReduceLROnPlateau:
      "ReduceLROnPlateau (val_loss, min, ×0.1 after 2 without gain), best none yet, 0 without gain",
    SGDW:
      "SGDW (learningRate 0.1, momentum 0.9, useNesterov false, weightDecay 0.01, exclude []), 0 steps taken",
    StopOnAbort: "StopOnAbort, not aborted",
    TensorBoardLogger:
      "TensorBoardLogger of epochs into RUN/logs, nothing logged yet",
  };
  assertEquals(lines(), before);

  const xs = tf.ones([8, 1]);
  await model.fit(xs, xs, {
    batchSize: 1,
    verbose: 0,
    callbacks: [clr, rate, average, saver, logger],
  });
  await model.fit(xs, xs, { batchSize: 4, verbose: 0, callbacks: [cycle] });
  snapshots.take(0.91);
  average.swap();
  abort.abort();
  const after = lines();
  const file = after.TensorBoardLogger.match(/events\.out\S+$/)?.[0];
  assert(file !== undefined);
  assertEquals(after, {
    ...before,
    AdamW:
      'AdamW (learningRate 4e-7, beta1 0.95, beta2 0.999, epsilon 1e-8, weightDecay 0.01, exclude ["*bias"]), 10 steps taken',
    Checkpointer:
      "Checkpointer into RUN (every 2 batches, the last 2 kept), newest: RUN/checkpoint-000004",
    CycleSnapshots: "CycleSnapshots of ones, 1 of at most 3, best score 0.91",
    CyclicLR:
      "CyclicLR (triangular, 0.001 to 0.006, steps of 4 batches) in cycle 2, at iteration 8, learning rate 0.001",
    ExponentialMovingAverage:
      "ExponentialMovingAverage of 2 variables (decay 0.9, warm-up), 8 steps averaged, the averages in the model",
    HyperparameterScheduler:
      "HyperparameterScheduler at iteration 8, dropout 0.4",
    OneCycleLR:
      "OneCycleLR (to 0.1, 2 batches) at iteration 2, learning rate 4e-7",
    StopOnAbort: "StopOnAbort, aborted",
    TensorBoardLogger: `TensorBoardLogger of epochs into RUN/logs/${file}`,
  });
  average[Symbol.dispose]();
  assert(lines().ExponentialMovingAverage.endsWith("averaged, disposed"));
});

Deno.test("console.log() of a schedule names it", () => {
  const decay = cosine({ startLr: 0.1, iterations: 8 });
  assertEquals(Deno.inspect(decay), "[Function: cosine]");
  assertEquals(Deno.inspect(scale(decay, 2)), "[Function: scale]");
  assertEquals(Deno.inspect(scale((i) => i, 2)), "[Function: schedule]");
  const cycle = oneCycle({
    maxLr: 1,
    iterations: 8,
    momentum: { base: 0.8, max: 0.9 },
  });
  assert(Deno.inspect(cycle).startsWith("[Function: oneCycle]"));
});
