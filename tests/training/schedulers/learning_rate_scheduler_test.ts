import { historyChart } from "@clr/clr/plots";
import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CyclicLR,
  getLearningRate,
  LearningRateScheduler,
  setLearningRate,
} from "@clr/clr";
import { oneCycle } from "@clr/clr/schedules";
import { getMomentum } from "@clr/clr/training";
import { createLine } from "../_line.ts";

/** Rates that are exact in binary, so that comparisons are exact too. */
const RATES = [0.5, 0.25, 0.125, 0.0625];
const schedule = (iteration: number) => RATES[iteration % RATES.length];

Deno.test("LearningRateScheduler says that a schedule is given the iteration alone", () => {
  // As Keras calls one.
  const schedule = (_epoch: number, lr: number) => 0.9 * lr;
  assertThrows(
    () => new LearningRateScheduler(schedule as never).attach(tf.train.sgd(1)),
    RangeError,
    "current value is NaN; a schedule is given the iteration, and nothing else",
  );
});

Deno.test("LearningRateScheduler trains batch t of fit() at schedule(t)", async () => {
  const { model, xs, ys } = createLine();
  const scheduler = new LearningRateScheduler(schedule);
  const used: number[] = [];
  const spy = new tf.CustomCallback({
    onBatchBegin: () => void used.push(getLearningRate(model.optimizer)),
  });
  await model.fit(xs, ys, {
    batchSize: 2,
    epochs: 2,
    verbose: 0,
    callbacks: [scheduler, spy],
  });
  assertEquals(used, [...RATES, ...RATES]);
  assertEquals([...scheduler.history.lr], used);
  assertEquals([...scheduler.history.iterations], [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(scheduler.iteration, 8);
  assertEquals(scheduler.learningRate, schedule(8));
});

Deno.test("LearningRateScheduler makes fit() follow the update rule at each rate", async () => {
  const { model, xs, ys } = createLine(tf.train.sgd(1));
  const scheduler = new LearningRateScheduler(schedule);
  await model.fit(xs, ys, {
    batchSize: 2,
    shuffle: false,
    verbose: 0,
    callbacks: [scheduler],
  });
  let [w, b] = [1, 0];
  const data = xs.dataSync();
  for (let t = 0; t < 4; t++) {
    const batch = [data[2 * t], data[2 * t + 1]];
    const errors = batch.map((x) => w * x + b - 2 * x);
    const dw = errors[0] * batch[0] + errors[1] * batch[1];
    const db = errors[0] + errors[1];
    w -= RATES[t] * dw;
    b -= RATES[t] * db;
  }
  const [kernel, bias] = model.getWeights();
  assertAlmostEquals(kernel.dataSync()[0], w, 1e-6);
  assertAlmostEquals(bias.dataSync()[0], b, 1e-6);
});

Deno.test("LearningRateScheduler works with fitDataset() and continues over calls", async () => {
  const { model } = createLine();
  const scheduler = new LearningRateScheduler(schedule);
  const dataset = tf.data.generator(function* () {
    for (let i = 0; i < 3; i++) {
      yield { xs: tf.ones([2, 1]), ys: tf.zeros([2, 1]) };
    }
  });
  for (let call = 0; call < 2; call++) {
    await model.fitDataset(dataset, {
      epochs: 1,
      verbose: 0,
      callbacks: [scheduler],
    });
  }
  assertEquals(
    [...scheduler.history.lr],
    [0, 1, 2, 3, 4, 5].map(schedule),
  );
  assertEquals([...scheduler.epochHistory.epochs], [1, 2]);
  assertEquals([...scheduler.epochHistory.iterations], [3, 6]);
});

Deno.test("LearningRateScheduler records the logs of batches and epochs", async () => {
  const { model, xs, ys } = createLine();
  const scheduler = new LearningRateScheduler(schedule);
  const history = await model.fit(xs, ys, {
    batchSize: 2,
    epochs: 2,
    verbose: 0,
    validationData: [xs, ys],
    callbacks: [scheduler],
  });
  assertEquals(
    Object.keys(scheduler.history),
    ["iterations", "lr", "loss", "mae"],
  );
  const { loss } = scheduler.history;
  const mean = (loss[0] + loss[1] + loss[2] + loss[3]) / 4;
  assertAlmostEquals(history.history.loss[0] as number, mean, 1e-6);
  for (const name of ["loss", "mae", "val_loss", "val_mae"]) {
    assertEquals(
      [...scheduler.epochHistory[name]],
      history.history[name] as number[],
    );
  }
});

Deno.test("LearningRateScheduler records the rate that a batch was really trained at", () => {
  const optimizer = tf.train.adam();
  const scheduler = new LearningRateScheduler(schedule).attach(optimizer);
  scheduler.step();
  setLearningRate(optimizer, 0.75);
  scheduler.step();
  assertEquals([...scheduler.history.lr], [0.5, 0.75]);
  optimizer.dispose();
});

Deno.test("LearningRateScheduler leaves no tensor behind after fit()", async () => {
  const { model, xs, ys } = createLine(tf.train.adam());
  const fit = (callbacks: tf.Callback[]) =>
    model.fit(xs, ys, { batchSize: 2, epochs: 3, verbose: 0, callbacks });
  await fit([]);
  const before = tf.memory().numTensors;
  await fit([new LearningRateScheduler(schedule)]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("LearningRateScheduler keeps its record when another callback throws", async () => {
  const { model, xs, ys } = createLine();
  const scheduler = new LearningRateScheduler(schedule);
  const failing = new tf.CustomCallback({
    onBatchEnd: (batch) => {
      if (batch === 2) throw new Error("no more");
    },
  });
  const args = { batchSize: 2, verbose: 0, shuffle: false } as const;
  await assertRejects(
    () => model.fit(xs, ys, { ...args, callbacks: [scheduler, failing] }),
    Error,
    "no more",
  );
  await scheduler.flush();
  assertEquals([...scheduler.history.lr], RATES.slice(0, 3));
  assertEquals(scheduler.history.loss.length, 3);

  await model.fit(xs, ys, { ...args, callbacks: [scheduler] });
  assertEquals(
    [...scheduler.history.lr],
    [0, 1, 2, 3, 4, 5, 6].map(schedule),
  );
});

Deno.test("LearningRateScheduler.reset() starts over and keeps history and count", () => {
  const optimizer = tf.train.sgd(1);
  const scheduler = new LearningRateScheduler(schedule).attach(optimizer);
  scheduler.step();
  scheduler.step();
  scheduler.reset();
  assertEquals(getLearningRate(optimizer), RATES[0]);
  scheduler.step();
  assertEquals([...scheduler.history.lr], [0.5, 0.25, 0.5]);
  assertEquals([...scheduler.history.iterations], [1, 2, 3]);
  assertEquals(scheduler.iteration, 1);
  assertEquals(scheduler.totalIterations, 3);
  optimizer.dispose();
});

Deno.test("LearningRateScheduler.step() needs an optimizer", () => {
  const scheduler = new LearningRateScheduler(schedule);
  assertThrows(() => scheduler.step(), TypeError, "attach(optimizer)");
  const none = {} as tf.Optimizer;
  assertThrows(() => scheduler.attach(none), TypeError, "learningRate");
});

Deno.test("LearningRateScheduler refuses what is no schedule or gives no rate", () => {
  const number = 0.1 as unknown as () => number;
  assertThrows(() => new LearningRateScheduler(number), TypeError, "0.1");
  const optimizer = tf.train.sgd(1);
  const scheduler = new LearningRateScheduler((t) => 1 - t);
  scheduler.attach(optimizer).step();
  assertThrows(() => scheduler.step(), RangeError, "current value is -1");
  optimizer.dispose();
});

Deno.test("LearningRateScheduler leaves the message for a model not compiled to fit()", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  const xs = tf.ones([2, 1]);
  const callbacks = [new LearningRateScheduler(schedule)];
  await assertRejects(
    () => model.fit(xs, xs, { callbacks }),
    Error,
    "compile",
  );
});

Deno.test("LearningRateScheduler.step() counts a batch wholly or not at all", () => {
  const optimizer = tf.train.momentum(1, 0.5);
  let fails = false;
  const scheduler = new LearningRateScheduler((t) => {
    if (fails) throw new Error("mine");
    return t < 3 ? 1 / (1 + t) : NaN;
  }).attach(optimizer);
  scheduler.step({ loss: 1 });
  const before = scheduler.toJSON();
  const disposed = tf.scalar(1);
  disposed.dispose();
  const vector = tf.tensor1d([1, 2]);
  for (
    const loss of [disposed, vector, null, "1", {}, 5n] as unknown as number[]
  ) {
    assertThrows(() => scheduler.step({ acc: 1, loss }), Error);
  }
  fails = true;
  assertThrows(() => scheduler.step({ loss: 1 }), Error, "mine");
  fails = false;
  assertEquals(scheduler.toJSON(), before);
  assertEquals(getLearningRate(optimizer), 0.5);
  scheduler.step({ loss: 2 });
  // The batch after has no rate: this one is refused, and not counted.
  assertThrows(
    () => scheduler.step({ loss: 3 }),
    RangeError,
    "its rate at iteration 3 must be finite and >= 0: current value is NaN",
  );
  assertEquals(scheduler.history.loss, [1, 2]);
  assertEquals(scheduler.learningRate, getLearningRate(optimizer));
  vector.dispose();
  optimizer.dispose();
});

/** Two models and what they train on. */
function twoLines() {
  return { a: createLine(), b: createLine() };
}

Deno.test("LearningRateScheduler follows one fit at a time, and the next after one that failed", async () => {
  const { a, b } = twoLines();
  const scheduler = new LearningRateScheduler((t) => 0.01 / (1 + t));
  const fit = ({ model, xs, ys }: typeof a, ...more: tf.Callback[]) =>
    model.fit(xs, ys, {
      batchSize: 4,
      epochs: 2,
      verbose: 0,
      callbacks: [scheduler, ...more],
    });
  const [first, second] = await Promise.allSettled([fit(a), fit(b)]);
  assertEquals(first.status, "fulfilled");
  assert(second.status === "rejected" && second.reason instanceof TypeError);
  assertEquals(scheduler.history.iterations, [1, 2, 3, 4]);

  const failing = new (class extends tf.Callback {
    override onBatchEnd(): Promise<void> {
      throw new Error("mine");
    }
  })();
  await assertRejects(() => fit(a, failing), Error, "mine");
  await fit(b);
  assertEquals(scheduler.totalIterations, 9);
  for (const { model } of [a, b]) model.dispose();
});

Deno.test("two LearningRateSchedulers are refused where both would drive one optimizer", async () => {
  const { a: { model, xs, ys }, b } = twoLines();
  const one = new LearningRateScheduler(() => 0.1);
  const other = new LearningRateScheduler(() => 0.2);
  const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
  await assertRejects(
    () => model.fit(xs, ys, { verbose: 0, callbacks: [one, other] }),
    TypeError,
    "no other must drive the same optimizer",
  );
  assertEquals(
    model.getWeights().map((weight) => [...weight.dataSync()]),
    weights,
  );
  // One after the other is another matter.
  await model.fit(xs, ys, { verbose: 0, callbacks: [one] });
  await model.fit(xs, ys, { verbose: 0, callbacks: [other] });
  assertEquals([one.history.lr, other.history.lr], [[0.1], [0.2]]);

  const optimizer = tf.train.sgd(1);
  one.attach(optimizer);
  other.attach(optimizer);
  other.step();
  assertThrows(() => one.step(), TypeError, "must be in charge");
  model.dispose();
  b.model.dispose();
});

Deno.test("LearningRateScheduler does not train by a function that loses a momentum", async () => {
  const cycle = oneCycle({
    maxLr: 0.1,
    iterations: 4,
    momentum: { base: 0.5, max: 0.75 },
  });
  const { model, xs, ys } = createLine(tf.train.momentum(0.1, 0.9));
  const scheduler = new LearningRateScheduler((t) => cycle(t) / 2);
  const before = model.getWeights().map((weight) => weight.dataSync());
  await assertRejects(
    () => model.fit(xs, ys, { verbose: 0, callbacks: [scheduler] }),
    TypeError,
    "Object.assign(yours, { momentum: its.momentum })",
  );
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), before);

  const halved = Object.assign((t: number) => cycle(t) / 2, {
    momentum: cycle.momentum,
  });
  const optimizer = tf.train.momentum(0.1, 0.9);
  new LearningRateScheduler(halved).attach(optimizer);
  assertEquals(getMomentum(optimizer), 0.75);
  // On an optimizer without a momentum there is none to lose.
  const without = Object.assign((t: number) => cycle(t) / 2, {
    momentum: undefined,
  });
  new LearningRateScheduler(without).attach(tf.train.sgd(0.1));
  optimizer.dispose();
});

Deno.test("LearningRateScheduler wants a momentum that is a function", () => {
  const own = Object.assign(() => 0.1, { momentum: 0.9 });
  assertThrows(
    // @ts-expect-error It is a number.
    () => new LearningRateScheduler(own),
    TypeError,
    "the momentum of schedule must be a function of the iteration: current value is 0.9",
  );
});

Deno.test("LearningRateScheduler records the rate that each epoch ended with", async () => {
  const { model, xs, ys } = createLine();
  const scheduler = new LearningRateScheduler(schedule);
  await model.fit(xs, ys, {
    batchSize: 2,
    epochs: 2,
    verbose: 0,
    callbacks: [scheduler],
  });
  const { epochHistory, history } = scheduler;
  assertEquals(
    epochHistory.lr,
    epochHistory.iterations.map((iteration) => history.lr[iteration - 1]),
  );
});

Deno.test("console.log() of a scheduler says what it is and where it stands", () => {
  const clr = new CyclicLR({ stepSize: 4 }).attach(tf.train.adam());
  for (let i = 0; i < 10; i++) clr.step();
  assertEquals(
    Deno.inspect(clr),
    "CyclicLR (triangular, 0.001 to 0.006, steps of 4 batches) in cycle 2, at iteration 10, learning rate 0.0035",
  );
  clr.reset();
  assertEquals(
    `${clr}`,
    "CyclicLR (triangular, 0.001 to 0.006, steps of 4 batches) in cycle 1, at iteration 0 since the reset, 10 altogether, learning rate 0.001",
  );
  assertEquals(
    Deno.inspect(new LearningRateScheduler(() => 1e-7 / 3)),
    "LearningRateScheduler at iteration 0, learning rate 3.333e-8",
  );
  assertEquals(
    `${new CyclicLR({ stepSizeEpochs: 2, mode: "triangular2" })}`,
    "CyclicLR (triangular2, 0.001 to 0.006, steps of 2 epochs) in cycle 1, at iteration 0, learning rate not known yet",
  );
});

Deno.test("LearningRateScheduler knows whether its loss has penalties that val_loss has not", async () => {
  for (const l2 of [0, 0.5]) {
    const model = tf.sequential({
      layers: [tf.layers.dense({
        units: 1,
        inputShape: [2],
        kernelInitializer: "ones",
        kernelRegularizer: l2 ? tf.regularizers.l2({ l2 }) : undefined,
      })],
    });
    model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
    const nested = tf.sequential({ layers: [model] });
    nested.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
    const [xs, ys] = [tf.ones([4, 2]), tf.ones([4, 1])];
    for (const trained of [model, nested]) {
      const scheduler = new LearningRateScheduler(() => 0);
      assertEquals(scheduler.penalized, false);
      await trained.fit(xs, ys, {
        batchSize: 4,
        verbose: 0,
        validationData: [xs, ys],
        callbacks: [scheduler],
      });
      const { loss } = scheduler.history;
      const { val_loss } = scheduler.epochHistory;
      // Both weights are 1, so the penalty is twice l2.
      assertEquals(loss[0] - val_loss[0], 2 * l2);
      assertEquals(scheduler.penalized, l2 > 0);
      const { subtitle } = historyChart(scheduler).title;
      assertEquals(subtitle.join().includes("penalties"), l2 > 0);
    }
    tf.dispose([xs, ys]);
    model.dispose();
  }
});

Deno.test("LearningRateScheduler stays as it was where a change has no rate", () => {
  const optimizer = tf.train.sgd(1);
  const scheduler = new LearningRateScheduler((t) => t < 3 ? 0.5 : NaN);
  const { history: _, ...far } = scheduler.toJSON();
  const rows = { iterations: [1, 2, 3], lr: [0.5, 0.5, 0.5] };
  const beyond = { ...far, iteration: 3, totalIterations: 3, history: rows };
  scheduler.attach(optimizer).step({ loss: 1 });
  const before = JSON.stringify(scheduler);
  assertThrows(() => scheduler.restore(beyond), RangeError, "at iteration 3");
  assertThrows(() => scheduler.scale = Number.MAX_VALUE * 2, RangeError);
  assertEquals(JSON.stringify(scheduler), before);
  const another = tf.train.sgd(1);
  const none = new LearningRateScheduler(() => NaN);
  assertThrows(() => none.attach(optimizer), RangeError);
  // It did not take charge of what it has no rate for.
  scheduler.step();
  assertEquals([scheduler.iteration, getLearningRate(another)], [2, 1]);
});
