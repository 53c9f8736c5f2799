import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import type { TensorPair } from "../../src/finder/data/training_data.ts";
import { linearData, linearModel, nothing, scoped } from "./_linear.ts";

await tf.setBackend("cpu");

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

Deno.test("findLearningRate() refuses a model that is disposed, or was frozen when it was compiled", async () => {
  const compiled = (isTrainable: boolean) => {
    const dense = tf.layers.dense({ units: 1, inputShape: [2] });
    dense.trainable = isTrainable;
    const model = tf.sequential({ layers: [dense] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    return model;
  };
  const data = { xs: tf.ones([8, 2]), ys: tf.ones([8, 1]) };
  const thawed = compiled(false);
  thawed.layers[0].trainable = true;
  await assertRejects(
    () => findLearningRate(thawed, data),
    TypeError,
    "all of whose layers were frozen then; compile it again",
  );
  const disposed = compiled(true);
  disposed.dispose();
  await assertRejects(
    () => findLearningRate(disposed, data),
    TypeError,
    "the model must not be disposed",
  );
  await assertRejects(
    () => findLearningRate(compiled(true), data, { classWeight: { 0: 0 } }),
    RangeError,
    "classWeight must weigh some class: current value is { 0: 0 }",
  );
});
