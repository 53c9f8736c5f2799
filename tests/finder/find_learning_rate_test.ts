import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import { seededRandom } from "../../src/runtime/random.ts";
import {
  customTrainee,
  linearData,
  linearModel,
  nothing,
  scoped,
} from "./_linear.ts";

await tf.setBackend("cpu");

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
