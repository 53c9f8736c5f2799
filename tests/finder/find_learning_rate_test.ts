import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import type {
  BatchDataset,
  TensorPair,
  TrainingData,
} from "../../src/finder/data.ts";
import type { RangeTestProgress } from "../../src/finder/options.ts";
import { seededRandom } from "../../src/runtime/random.ts";
import { getLearningRate } from "../../src/tfjs/learning_rate.ts";

await tf.setBackend("cpu");

/** Inputs in four dimensions, targets linear in them with some noise. */
function linearData(examples = 128): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return tf.tidy(() => {
    const xs = tf.randomNormal([examples, 4], 0, 1, "float32", 1);
    const noise = tf.randomNormal([examples, 1], 0, 0.1, "float32", 2);
    return {
      xs: xs as tf.Tensor2D,
      ys: xs.sum(1, true).add(noise) as tf.Tensor2D,
    };
  });
}

function linearModel(optimizer: tf.Optimizer = tf.train.sgd(0.01)) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [4],
        kernelInitializer: "zeros",
      }),
    ],
  });
  model.compile({ optimizer, loss: "meanSquaredError", metrics: ["mae"] });
  return model;
}

/** Runs `body`, then disposes the tensors made in it outside of tidy scopes. */
async function scoped<T>(body: () => Promise<T>): Promise<T> {
  tf.engine().startScope();
  try {
    return await body();
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
  }
}

/** One step of a loss that `loss` computes from a single weight. */
function customTrainee(loss: (weight: tf.Scalar) => tf.Scalar, start = 1) {
  const weight = tf.variable(tf.scalar(start));
  const optimizer = tf.train.sgd(0.1);
  return {
    optimizer,
    variables: [weight],
    trainOnBatch: () =>
      optimizer.minimize(() => loss(weight as tf.Scalar), true, [weight])!,
  };
}

function* nothing() {
  while (true) yield {};
}

Deno.test("findLearningRate() finds both bounds of a linear regression", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      startLr: 1e-4,
      endLr: 10,
      batchSize: 16,
    });
    assertEquals(range.verdict, "good");
    assertEquals(range.stopReason, "diverged");
    // With inputs of variance 1 in 4 dimensions, the loss has curvature 2:
    // SGD diverges at 1 for the full set, at less for small batches.
    assert(range.baseLr! > 1e-3 && range.baseLr! < 0.1, `${range.baseLr}`);
    assert(range.maxLr! > 0.03 && range.maxLr! < 1, `${range.maxLr}`);
    assert(range.maxLr! > 2 * range.baseLr!);
    assertEquals(Object.keys(range.metrics), ["mae"]);
    assertEquals(range.metrics.mae.length, range.losses.length);
  }));

Deno.test("findLearningRate() reaches the upper bound of plain SGD by default", () =>
  scoped(async () => {
    const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
    const noise = tf.randomNormal([256, 3], 0, 0.3, "float32", 2);
    const classes = xs.slice([0, 0], [256, 3]).add(noise).argMax(1);
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 16,
          inputShape: [4],
          activation: "relu",
          kernelInitializer: tf.initializers.heNormal({ seed: 1 }),
        }),
        tf.layers.dense({
          units: 3,
          activation: "softmax",
          kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
        }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
    const ys = tf.oneHot(classes.toInt(), 3);
    const range = await findLearningRate(model, { xs, ys });
    assertEquals(range.verdict, "good");
    // Normalized inputs and a mean loss bear rates of about 1.
    assert(range.maxLr! > 0.3, `${range.maxLr}`);
  }));

Deno.test("findLearningRate() gives the same for the same seed, and another for another", () =>
  scoped(async () => {
    const model = linearModel();
    const data = linearData();
    const find = (seed: number) =>
      findLearningRate(model, data, { seed, iterations: 20, batchSize: 16 });
    const first = await find(3);
    assertEquals((await find(3)).losses, first.losses);
    assert((await find(4)).losses.some((loss, i) => loss !== first.losses[i]));
  }));

Deno.test("findLearningRate() keeps the order of batches whoever draws from Math.random", () =>
  scoped(async () => {
    const model = linearModel();
    const data = linearData();
    const drawn: number[][] = [];
    const find = (draws: number) =>
      findLearningRate(model, data, {
        iterations: 12,
        batchSize: 32,
        onBatch: () => {
          drawn.push(Array.from({ length: draws }, () => Math.random()));
        },
      });
    const quiet = await find(0);
    assertEquals((await find(3)).losses, quiet.losses);
    const first = drawn.splice(0).slice(12);
    await find(3);
    assertEquals(drawn, first);
  }));

Deno.test("findLearningRate() trains as fit does", () =>
  scoped(async () => {
    // One batch holds everything, so order does not matter but for rounding.
    const data = linearData(8);
    const range = await findLearningRate(linearModel(), data, {
      startLr: 0.01,
      endLr: 0.02,
      iterations: 2,
      batchSize: 8,
    });
    const model = linearModel(tf.train.sgd(0.01));
    const { history } = await model.fit(data.xs, data.ys, {
      batchSize: 8,
      epochs: 2,
      verbose: 0,
    });
    assertAlmostEquals(range.losses[0], history.loss[0] as number, 1e-5);
    // The second loss is that after a step at the first rate, 0.01.
    assertAlmostEquals(range.losses[1], history.loss[1] as number, 1e-5);
    assertEquals(Array.from(range.learningRates), [0.01, 0.02]);
  }));

Deno.test("findLearningRate() weighs classes as fit does", () =>
  scoped(async () => {
    const { xs } = linearData(32);
    const classes = xs.slice([0, 0], [-1, 2]).argMax(1) as tf.Tensor1D;
    const oneHot = tf.oneHot(classes.toInt(), 2);
    const weight = { 0: 1, 1: 20 };
    const layer = (units: number, activation: "softmax" | "sigmoid") =>
      tf.layers.dense({
        units,
        activation,
        kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
      });
    const input = () => tf.input({ shape: [4] });
    const cases = [
      ["categoricalCrossentropy", oneHot, weight],
      ["sparseCategoricalCrossentropy", classes.toFloat(), [weight]],
      ["binaryCrossentropy", classes.toFloat().expandDims(1), weight],
    ] as const;
    for (const [loss, ys, classWeight] of cases) {
      const create = () => {
        const [units, activation] = loss === "binaryCrossentropy"
          ? [1, "sigmoid"] as const
          : [2, "softmax"] as const;
        const inputs = input();
        const outputs = layer(units, activation)
          .apply(inputs) as tf.SymbolicTensor;
        const model = tf.model({ inputs, outputs });
        model.compile({ optimizer: tf.train.sgd(0.1), loss });
        return model;
      };
      const { history } = await create().fit(xs, ys, {
        batchSize: 32,
        epochs: 2,
        verbose: 0,
        classWeight: weight,
      });
      const model = create();
      const { numTensors } = tf.memory();
      const { losses } = await findLearningRate(model, { xs, ys }, {
        startLr: 0.1,
        endLr: 0.2,
        iterations: 2,
        batchSize: 32,
        classWeight,
      });
      assertEquals(tf.memory().numTensors, numTensors);
      // The second loss is that after a weighted step at 0.1.
      for (const i of [0, 1]) {
        assertAlmostEquals(losses[i], history.loss[i] as number, 1e-5);
      }
      await assertRejects(
        () =>
          findLearningRate(model, { xs, ys }, {
            batchSize: 32,
            classWeight: { 0: 1 },
          }),
        RangeError,
        "current value is { 0: 1 } without 1",
      );
      assertEquals(tf.memory().numTensors, numTensors);
    }

    const create = () => {
      const inputs = input();
      const outputs = ["a", "b"].map((name) =>
        tf.layers.dense({ units: 2, activation: "softmax", name })
          .apply(inputs) as tf.SymbolicTensor
      );
      const model = tf.model({ inputs, outputs });
      model.setWeights(model.getWeights().map((w) => tf.onesLike(w)));
      model.compile({
        optimizer: tf.train.sgd(0.1),
        loss: "categoricalCrossentropy",
      });
      return model;
    };
    const classWeight = { a: weight, b: { 0: 3, 1: 0.5 } };
    const ys = [oneHot, oneHot];
    const { history } = await create().fit(xs, ys, {
      batchSize: 32,
      epochs: 1,
      verbose: 0,
      classWeight,
    });
    const { losses } = await findLearningRate(create(), { xs, ys }, {
      iterations: 1,
      batchSize: 32,
      classWeight,
    });
    assertAlmostEquals(losses[0], history.loss[0] as number, 1e-5);
    for (const wrong of [weight, [weight], { a: weight, c: weight }, 3]) {
      await assertRejects(
        () =>
          findLearningRate(create(), { xs, ys }, {
            classWeight: wrong as unknown as typeof classWeight,
          }),
        TypeError,
        "for each of a, b",
      );
    }
    await assertRejects(
      () =>
        findLearningRate(
          customTrainee((w) => w.square() as tf.Scalar),
          nothing,
          { classWeight: weight },
        ),
      TypeError,
      "weigh the classes in trainOnBatch",
    );
  }));

Deno.test("findLearningRate() says no-gradient where nothing is learned", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.mul(0).add(2.5) as tf.Scalar),
      nothing,
      { iterations: 40 },
    );
    assertEquals(range.verdict, "no-gradient");
    assertEquals(range.stopReason, "end");
    assertEquals([range.baseLr, range.maxLr], [undefined, undefined]);
    assert(range.losses.every((loss) => loss === 2.5));
    assert(range.smoothedLosses.every((loss) => loss === 2.5));
  }));

Deno.test("findLearningRate() says diverged-at-once where the loss explodes", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.square().mul(0.5) as tf.Scalar),
      nothing,
      { startLr: 3, endLr: 30 },
    );
    assertEquals(range.stopReason, "diverged");
    assertEquals(range.verdict, "diverged-at-once");
    assert(range.advice.includes("lower startLr"));
  }));

Deno.test("findLearningRate() says what a constant NaN means", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.mul(NaN) as tf.Scalar),
      nothing,
    );
    assertEquals(range.stopReason, "non-finite");
    assertEquals(range.verdict, "not-finite");
    assert(range.advice.includes("very first loss"));
    assertEquals(range.losses, []);
    assertEquals(range.stoppedAt, 1e-5);
    assert(`${range}`.length > 0);
  }));

Deno.test("findLearningRate() says too-short for two points", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 2,
    });
    assertEquals(range.verdict, "too-short");
    assertEquals(range.losses.length, 2);
    assertEquals(range.learningRates, [1e-5, 10]);
    assertEquals(range.suggestions.valley, undefined);
  }));

Deno.test("findLearningRate() says never-diverged where the range ends too soon", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      startLr: 1e-4,
      endLr: 0.03,
      batchSize: 64,
    });
    assertEquals(range.stopReason, "end");
    assertEquals(range.verdict, "never-diverged");
    assertEquals(range.thumb, "maxLr");
    assertAlmostEquals(range.maxLr! / range.baseLr!, 3, 1e-9);
    assert(range.advice.includes("raise endLr"));
  }));

Deno.test("findLearningRate() is not stopped by negative losses", () =>
  scoped(async () => {
    const find = (shift: number) =>
      findLearningRate(
        customTrainee((weight) => weight.square().sub(shift) as tf.Scalar),
        nothing,
        { startLr: 1e-3, endLr: 30 },
      );
    const [negative, positive] = [await find(4), await find(0)];
    assertEquals(negative.verdict, "good");
    assertEquals(negative.stoppedAt, positive.stoppedAt);
    assertAlmostEquals(negative.baseLr! / positive.baseLr!, 1, 0.01);
    assertAlmostEquals(negative.maxLr! / positive.maxLr!, 1, 0.01);
    assert(negative.losses[0] < 0);
  }));

Deno.test("findLearningRate() takes several inputs and outputs, by name or in order", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const create = () => {
      const [a, b] = ["a", "b"].map((name) => tf.input({ shape: [4], name }));
      const layer = (name: string) =>
        tf.layers.dense({ units: 1, name, kernelInitializer: "zeros" });
      const both = tf.layers.add().apply([a, b]) as tf.SymbolicTensor;
      const model = tf.model({
        inputs: [a, b],
        outputs: ["sum", "difference"].map((name) =>
          layer(name).apply(both) as tf.SymbolicTensor
        ),
      });
      model.compile({
        optimizer: tf.train.sgd(0.01),
        loss: "meanSquaredError",
      });
      return model;
    };
    const options = { iterations: 30, startLr: 1e-3, batchSize: 8 };
    const inOrder = await findLearningRate(
      create(),
      { xs: [xs, xs], ys: [ys, ys.neg()] },
      options,
    );
    const byName = await findLearningRate(
      create(),
      { xs: { b: xs, a: xs }, ys: { difference: ys.neg(), sum: ys } },
      options,
    );
    assertEquals(byName.losses, inOrder.losses);
    assertEquals(Object.keys(inOrder.metrics), ["sum_loss", "difference_loss"]);
    const [sum, difference] = Object.values(inOrder.metrics);
    assertAlmostEquals(sum[5] + difference[5], inOrder.losses[5], 1e-4);

    const validated = await findLearningRate(
      create(),
      { xs: [xs, xs], ys: [ys, ys.neg()] },
      { ...options, validationData: { xs: [xs, xs], ys: [ys, ys.neg()] } },
    );
    assertAlmostEquals(
      validated.losses[5],
      validated.metrics.sum_loss[5] + validated.metrics.difference_loss[5],
      1e-4,
    );
  }));

Deno.test("findLearningRate() takes generators, async generators, arrays and Datasets of batches", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const batch = (start: number) => ({
      xs: xs.slice(start, 8),
      ys: ys.slice(start, 8),
    });
    const starts = [0, 8, 16, 24];
    const options = { iterations: 12, startLr: 1e-3, batchSize: 8 };
    const array = starts.map(batch);
    let opened = 0;
    const kinds = {
      generator: function* () {
        opened++;
        yield* starts.map(batch);
      },
      async: async function* () {
        for (const start of starts) yield await Promise.resolve(batch(start));
      },
      array: () => array,
      Dataset: tf.data.generator(() => starts.map(batch).values()),
    };
    const losses: (readonly number[])[] = [];
    for (const data of Object.values(kinds)) {
      const { losses: found } = await findLearningRate(
        linearModel(),
        data,
        options,
      );
      losses.push(found);
    }
    assertEquals(losses[0].length, 12);
    for (const other of losses) assertEquals(other, losses[0]);
    // Four batches: the data start over twice.
    assertEquals(opened, 3);
    assert(array.every(({ xs }) => !xs.isDisposed));
  }));

Deno.test("findLearningRate() closes the iterable it stops reading", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    let closed = false;
    await findLearningRate(
      linearModel(),
      function* () {
        try {
          while (true) yield { xs: xs.clone(), ys: ys.clone() };
        } finally {
          closed = true;
        }
      },
      { iterations: 3 },
    );
    assert(closed);
  }));

Deno.test("findLearningRate() averages batchesPerRate batches at one rate", () =>
  scoped(async () => {
    const rates: number[] = [];
    let batches = 0;
    const weight = tf.variable(tf.scalar(0));
    const optimizer = tf.train.adam(0.1);
    const range = await findLearningRate(
      {
        optimizer,
        variables: [weight],
        trainOnBatch: () => {
          rates.push(getLearningRate(optimizer));
          return { loss: batches++, twice: tf.scalar(2 * batches) };
        },
      },
      nothing,
      { startLr: 1, endLr: 4, iterations: 3, batchesPerRate: 4 },
    );
    assertEquals(rates.length, 12);
    for (const [i, rate] of [1, 2, 4].entries()) {
      for (let j = 0; j < 4; j++) assertAlmostEquals(rates[4 * i + j], rate);
    }
    assertEquals(range.losses, [1.5, 5.5, 9.5]);
    assertEquals(range.metrics.twice, [5, 13, 21]);
  }));

Deno.test("findLearningRate() records validation losses instead, as evaluate gives them", () =>
  scoped(async () => {
    const data = linearData(32);
    const validationData = linearData(20);
    const model = linearModel();
    const [loss, mae] = model.evaluate(validationData.xs, validationData.ys, {
      batchSize: 8,
    }) as tf.Scalar[];
    const { losses, metrics, settings } = await findLearningRate(model, data, {
      // A rate this small leaves the weights as they are.
      startLr: 1e-30,
      endLr: 1e-29,
      iterations: 3,
      batchSize: 8,
      validationData,
    });
    assert(settings.validated);
    assertAlmostEquals(losses[2], loss.dataSync()[0], 1e-5);
    assertAlmostEquals(metrics.mae[2], mae.dataSync()[0], 1e-5);
  }));

Deno.test("findLearningRate() repeats from the same start and gives the spread", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      startLr: 1e-4,
      endLr: 10,
      batchSize: 16,
      repeats: 3,
    });
    assertEquals(range.runs.length, 3);
    const maxima = range.runs.map((run) => run.maxLr!).sort((a, b) => a - b);
    assertEquals(range.maxLr, maxima[1]);
    assertEquals(range.spread!.maxLr, [maxima[0], maxima[2]]);
    const [a, b] = range.runs;
    // Batches differ; the start does not: the first rates change nothing yet.
    assert(a.losses.some((loss, i) => loss !== b.losses[i]));
  }));

Deno.test("findLearningRate() stops at the signal, which timers can raise", () =>
  scoped(async () => {
    let seen = 0;
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 1_000_000,
      startLr: 1e-6,
      endLr: 2e-6,
      signal: AbortSignal.timeout(100),
      onBatch: ({ iteration }) => {
        seen = iteration;
      },
    });
    assertEquals(range.stopReason, "aborted");
    assertEquals(range.verdict, "too-short");
    assertStringIncludes(range.advice, "let it run on");
    assertEquals(range.losses.length, seen);
    assert(seen < 1_000_000);

    const none = await findLearningRate(linearModel(), linearData(), {
      signal: AbortSignal.abort(),
    });
    assertEquals(none.verdict, "too-short");
    assertEquals(none.losses, []);
  }));

Deno.test("findLearningRate() stops at the signal in the middle of a validation pass", () =>
  scoped(async () => {
    const data = linearData(32);
    const model = linearModel();
    let evaluated = 0;
    let closed = false;
    const { numTensors } = tf.memory();
    const range = await findLearningRate(model, data, {
      batchSize: 32,
      iterations: 2,
      signal: AbortSignal.timeout(50),
      validationData: function* () {
        try {
          for (; evaluated < 20_000; evaluated++) {
            yield { xs: data.xs.clone(), ys: data.ys.clone() };
          }
        } finally {
          closed = true;
        }
      },
    });
    assertEquals(range.stopReason, "aborted");
    assertEquals(range.losses, []);
    assert(evaluated < 20_000, "the timer starved");
    assert(closed);
    assertEquals(tf.memory().numTensors, numTensors);
  }));

Deno.test("findLearningRate() reports progress", () =>
  scoped(async () => {
    const progress: RangeTestProgress[] = [];
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 4,
      repeats: 2,
      onBatch: (batch) => {
        progress.push(batch);
      },
    });
    assertEquals(
      progress.map(({ repeat, iteration }) => [repeat, iteration]),
      [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [2, 3], [2, 4]],
    );
    assertEquals(
      progress.slice(0, 4).map(({ loss }) => loss),
      range.runs[0].losses,
    );
  }));

Deno.test("findLearningRate() tests as many rates as epochs have batches", () =>
  scoped(async () => {
    const data = linearData(32);
    const { settings } = await findLearningRate(linearModel(), data, {
      epochs: 2,
      batchSize: 8,
      endLr: 1e-4,
    });
    assertEquals(settings.iterations, 8);
    await assertRejects(
      () => findLearningRate(linearModel(), function* () {}, { epochs: 1 }),
      RangeError,
      "how many batches",
    );
  }));

Deno.test("findLearningRate() stops by stopFactor where that is asked for", () =>
  scoped(async () => {
    let loss = 1;
    const { losses, stopReason } = await findLearningRate(
      {
        optimizer: tf.train.sgd(1),
        variables: [],
        trainOnBatch: () => loss++,
      },
      nothing,
      { stopFactor: 3, beta: 0 },
    );
    assertEquals(stopReason, "diverged");
    assertEquals(losses, [1, 2, 3, 4]);
  }));

Deno.test("findLearningRate() leaves stateful layers and momentum's constants as they were", () =>
  scoped(async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.simpleRNN({
          units: 3,
          stateful: true,
          batchInputShape: [4, 2, 2],
        }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({
      optimizer: tf.train.momentum(0.1, 0.5),
      loss: "meanSquaredError",
    });
    const xs = tf.randomNormal([4, 2, 2], 0, 1, "float32", 1);
    const ys = tf.ones([4, 1]);
    await model.trainOnBatch(xs, ys);
    const output = () =>
      Array.from((model.predict(xs) as tf.Tensor).dataSync());
    const layer = model.layers[0] as unknown as { states: tf.Tensor[] };
    const states = () => layer.states.map((s) => Array.from(s.dataSync()));
    const before = states();
    const { numTensors } = tf.memory();
    await findLearningRate(model, { xs, ys }, { batchSize: 4, iterations: 5 });
    assertEquals(tf.memory().numTensors, numTensors);
    assertEquals(states(), before);
    assertEquals(output().length, 4);
  }));

Deno.test("findLearningRate() refuses what it cannot test", () =>
  scoped(async () => {
    const data = linearData(16);
    const refuse = async (
      // deno-lint-ignore no-explicit-any -- wrong on purpose
      [trainee, given, options]: readonly [any, any, Record<string, unknown>],
      // deno-lint-ignore no-explicit-any -- of any constructor
      errorClass: new (...args: any[]) => Error,
      message: string,
    ) => {
      const { numTensors } = tf.memory();
      await assertRejects(
        () => findLearningRate(trainee, given, options),
        errorClass,
        message,
      );
      assertEquals(tf.memory().numTensors, numTensors, message);
    };
    const model = linearModel();
    const uncompiled = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [4] })],
    });
    await refuse([uncompiled, data, {}], TypeError, "must be compiled");
    await refuse([{}, data, {}], TypeError, "trainOnBatch");
    await refuse([model, [1, 2], {}], TypeError, "a tf.data.Dataset");
    await refuse([model, () => 3, {}], TypeError, "must return an iterable");
    await refuse([model, () => [], {}], RangeError, "at least one");
    await refuse([model, () => [1], {}], TypeError, "{ xs, ys }");
    await refuse(
      [model, { xs: data.xs, ys: data.ys.slice(0, 3) }, {}],
      RangeError,
      "16, 3",
    );
    for (
      const [name, value] of [
        ["startLr", 0],
        ["startLr", NaN],
        ["endLr", 1e-6],
        ["iterations", 0],
        ["iterations", 2.5],
        ["batchSize", -1],
        ["batchesPerRate", 0],
        ["repeats", 0],
        ["beta", 1],
        ["seed", 0.5],
        ["growth", "cubic"],
        ["stopFactor", 1],
        ["metric", "acc"],
      ] as const
    ) {
      await refuse(
        [model, data, { iterations: 12, [name]: value }],
        RangeError,
        `${name} must be`,
      );
    }
    await refuse(
      [model, data, { metric: "skill" }],
      RangeError,
      "metric must say where",
    );
    const endless = tf.data.zip({
      xs: tf.data.array([[1, 2, 3, 4]]),
      ys: tf.data.array([[5]]),
    }).batch(1).repeat();
    await refuse(
      [model, data, { validationData: endless }],
      RangeError,
      "validationData must end",
    );
    await refuse(
      [model, endless, { epochs: 1 }],
      RangeError,
      "must say how many batches",
    );
    await refuse(
      [
        { optimizer: tf.train.sgd(1), variables: [], trainOnBatch: () => 1 },
        nothing,
        { validationData: nothing },
      ],
      TypeError,
      "evaluateOnBatch",
    );
    await refuse(
      [
        { optimizer: tf.train.sgd(1), variables: [], trainOnBatch: () => null },
        nothing,
        {},
      ],
      TypeError,
      "trainOnBatch must return",
    );
  }));

Deno.test("findLearningRate() says what wrong data are and what to write, without their values", () =>
  scoped(async () => {
    const { xs, ys } = linearData(16);
    const rows = {
      xs: tf.data.array(xs.arraySync()),
      ys: tf.data.array(ys.arraySync()),
    };
    const own = { xs: xs.clone(), ys: ys.clone() };
    const used = (function* () {
      while (true) yield { xs: xs.clone(), ys: ys.clone() };
    })();
    const pair = "an array of 2 [a float32 tensor of shape [16,4], " +
      "a float32 tensor of shape [16,1]]; write { xs, ys } for [xs, ys]";
    const model = linearModel();
    for (
      const [data, message, repeats = 1] of [
        [
          { xs: [[1, 2, 3, 4]], ys: [[1]] },
          "xs of data must be a tensor, or an array or record of tensors: " +
          "current value is an array of 1 [an array of 4 numbers]",
        ],
        [[xs, ys], pair],
        [function* () {
          while (true) yield [xs.clone(), ys.clone()];
        }, pair],
        [function* () {
          yield { xs: [[1, 2, 3, 4]], ys: [[1]] };
        }, "an array of 1 [an array of 4 numbers]; make tensors"],
        [tf.data.zip(rows), "an array of 4 numbers; call .batch(batchSize)"],
        [
          tf.data.generator(function* () {
            yield { xs: tf.ones([4]), ys: tf.ones([1]) };
          }),
          "the shape [examples, 4]: current value is a float32 tensor of " +
          "shape [4]; call .batch(batchSize)",
        ],
        [
          tf.data.zip([rows.xs, rows.ys]).batch(8),
          "make the Dataset with tf.data.zip({ xs, ys })",
        ],
        [function* () {
          while (true) yield own;
        }, "{ xs: a disposed tensor, ys: a disposed tensor }; yield fresh"],
        [own, "xs of data must be a tensor"],
        [
          { xs: [xs, xs], ys },
          /a tensor for each of dense_.*_input: current value is an array of 2/,
        ],
        [{ xs, ys: [] }, "ys of data must be a tensor"],
        [() => used, "a fresh iterable each time", 2],
      ] as [TrainingData, string | RegExp, number?][]
    ) {
      const { numTensors } = tf.memory();
      const error = await assertRejects(
        () => findLearningRate(model, data, { iterations: 3, repeats }),
        TypeError,
      );
      if (typeof message === "string") {
        assertStringIncludes(error.message, message);
      } else assertMatch(error.message, message);
      assert(error.message.length < 400, error.message);
      // The tensors that were yielded are gone, as after any test.
      assertEquals(
        tf.memory().numTensors,
        numTensors - (`${message}`.includes("yield") ? 2 : 0),
        `${message}`,
      );
    }
    await assertRejects(
      () => findLearningRate({ fit: 1 } as unknown as tf.LayersModel, own),
      TypeError,
      "current value is { fit: 1 }",
    );
  }));

Deno.test("findLearningRate() takes a function that returns a Dataset, and leaves one's own as it was", () =>
  scoped(async () => {
    const { xs, ys } = linearData(32);
    const rows = [xs.arraySync(), ys.arraySync()];
    const create = () =>
      tf.data.zip({ xs: tf.data.array(rows[0]), ys: tf.data.array(rows[1]) })
        .shuffle(32, "seed").batch(8) as unknown as BatchDataset;
    const order = async (dataset: BatchDataset) => {
      const { value } = await (await dataset.iterator()).next();
      return Array.from((value.ys as tf.Tensor).dataSync());
    };
    let created = 0;
    const { losses } = await findLearningRate(linearModel(), () => {
      created++;
      return create();
    }, { iterations: 12 });
    assertEquals(created, 1);
    const mine = create();
    const given = await findLearningRate(linearModel(), mine, {
      iterations: 12,
    });
    assertEquals(losses, given.losses);
    assertEquals(await order(create()), await order(create()));
    // What the documentation excepts from leaving no trace.
    assert((await order(mine)).join() !== (await order(create())).join());
  }));

Deno.test("findLearningRate() takes variables as a model has them", () =>
  scoped(async () => {
    const data = linearData(32);
    const results: (readonly number[])[] = [];
    for (
      const variablesOf of [
        (model: tf.LayersModel) => model.trainableWeights,
        (model: tf.LayersModel) => model.getWeights(),
        (model: tf.LayersModel) =>
          model.weights.map((weight) => weight.read() as tf.Variable),
      ]
    ) {
      const model = linearModel();
      const before = model.getWeights().map((weight) => weight.dataSync());
      const trainee = {
        optimizer: model.optimizer,
        variables: variablesOf(model),
        trainOnBatch: async ({ xs, ys }: TensorPair) => {
          const [loss, mae] = await model.trainOnBatch(
            xs as tf.Tensor,
            ys as tf.Tensor,
          ) as number[];
          return { loss, mae };
        },
      };
      const { losses } = await findLearningRate(trainee, data, {
        iterations: 12,
        batchSize: 8,
      });
      results.push(losses);
      assertEquals(model.getWeights().map((w) => w.dataSync()), before);
    }
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
    for (
      const [wrong, shown] of [
        [tf.ones([2]), "at 0 is a float32 tensor of shape [2]"],
        ["kernel", `at 0 is "kernel"`],
      ] as const
    ) {
      await assertRejects(
        () =>
          findLearningRate({
            optimizer: tf.train.sgd(1),
            variables: [wrong as tf.Tensor],
            trainOnBatch: () => 1,
          }, data),
        TypeError,
        shown,
      );
    }
  }));

Deno.test("findLearningRate() names a variable that trainOnBatch changes unlisted", () =>
  scoped(async () => {
    const weight = tf.variable(tf.scalar(1), true, "weight");
    const bias = tf.variable(tf.scalar(1), true, "bias");
    for (const optimizer of [tf.train.adam(0.1), tf.train.momentum(0.1, 0.9)]) {
      const trainee = {
        optimizer,
        variables: [weight],
        trainOnBatch: () =>
          optimizer.minimize(
            () => weight.add(bias).square() as tf.Scalar,
            true,
          )!,
      };
      // Its own slots are the optimizer's business, from the first step on.
      await findLearningRate(
        { ...trainee, variables: [weight, bias] },
        nothing,
        { iterations: 3, repeats: 2 },
      );
      bias.assign(tf.scalar(1));
      const { numTensors } = tf.memory();
      await assertRejects(
        () => findLearningRate(trainee, nothing, { iterations: 3 }),
        Error,
        `current value is without "bias"`,
      );
      assertEquals(weight.dataSync()[0], 1);
      assertEquals(tf.memory().numTensors, numTensors);
    }
  }));

Deno.test("findLearningRate() refuses results that are no scalars", () =>
  scoped(async () => {
    for (
      const [result, shown] of [
        [() => tf.ones([2, 3]), "a float32 tensor of shape [2,3]"],
        [
          () => ({ loss: tf.scalar(1), each: tf.ones([2]) }),
          "each: a float32 tensor of shape [2]",
        ],
      ] as const
    ) {
      const trainee = {
        optimizer: tf.train.sgd(1),
        variables: [],
        trainOnBatch: result as () => tf.Tensor,
      };
      const { numTensors } = tf.memory();
      await assertRejects(
        () => findLearningRate(trainee, nothing),
        TypeError,
        shown,
      );
      assertEquals(tf.memory().numTensors, numTensors);
    }
  }));

Deno.test("findLearningRate() refuses a model in the middle of fit", () =>
  scoped(async () => {
    const model = linearModel();
    const data = linearData(16);
    let error: unknown;
    await model.fit(data.xs, data.ys, {
      verbose: 0,
      callbacks: {
        onEpochBegin: async () => {
          error = await findLearningRate(model, data).catch((e) => e);
        },
      },
    });
    assert(`${error}`.includes("must not be training"), `${error}`);
  }));

Deno.test("borrowMathRandom() gives Math.random back in any order", async () => {
  const { borrowMathRandom } = await import("../../src/runtime/random.ts");
  const original = Math.random;
  const a = borrowMathRandom(seededRandom(1));
  const b = borrowMathRandom(seededRandom(1));
  a[Symbol.dispose]();
  const value = Math.random();
  b[Symbol.dispose]();
  assertEquals(value, seededRandom(1)());
  assert(Math.random === original);
});
