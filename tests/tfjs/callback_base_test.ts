import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  Checkpointer,
  combineCallbacks,
  ExponentialMovingAverage,
  HyperparameterScheduler,
  OneCycleLR,
  ReduceLROnPlateau,
  StopOnAbort,
  TensorBoardLogger,
} from "@clr/clr/training";

const CALLBACKS: Record<string, () => tf.Callback> = {
  ReduceLROnPlateau: () => new ReduceLROnPlateau({ monitor: "loss" }),
  TensorBoardLogger: () =>
    new TensorBoardLogger(Deno.makeTempDirSync(), { flushSeconds: Infinity }),
  StopOnAbort: () => new StopOnAbort(new AbortController().signal),
};

for (const [name, create] of Object.entries(CALLBACKS)) {
  Deno.test(`${name} follows one fit at a time, and the next after it`, async () => {
    await tf.setBackend("cpu");
    const [xs, ys] = [tf.ones([8, 2]), tf.ones([8, 1])];
    const callback = create();
    const models = [1, 2].map(() => {
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
      });
      model.compile({
        optimizer: tf.train.momentum(0.01, 0.9),
        loss: "meanSquaredError",
      });
      return model;
    });
    const fit = (model: tf.LayersModel) =>
      model.fit(xs, ys, { batchSize: 2, verbose: 0, callbacks: [callback] });
    const fits = await Promise.allSettled(models.map(fit));
    assertEquals(fits.map(({ status }) => status), ["fulfilled", "rejected"]);
    const [, { reason }] = fits as [unknown, PromiseRejectedResult];
    assertStringIncludes(reason.message, `a ${name} in another`);
    const [first] = models;
    await fit(first);
    const twice = { epochs: 1, verbose: 0, callbacks: [callback, callback] };
    await assertRejects(
      () => first.fit(xs, ys, twice),
      TypeError,
      `must be in its callbacks once: current value is a ${name} that is there twice`,
    );
    tf.dispose([xs, ys]);
  });
}

Deno.test("a class in the callbacks of fit(), in the place of an instance, is told", async () => {
  await tf.setBackend("cpu");
  const [xs, ys] = [tf.ones([8, 2]), tf.ones([8, 1])];
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  for (
    const Kind of [
      ...[LearningRateScheduler, CyclicLR, OneCycleLR, ReduceLROnPlateau],
      ...[HyperparameterScheduler, Checkpointer, TensorBoardLogger],
      ...[StopOnAbort, ExponentialMovingAverage],
    ]
  ) {
    for (const callbacks of [[Kind], Kind]) {
      await assertRejects(
        () =>
          model.fit(xs, ys, {
            verbose: 0,
            // As JavaScript lets it through.
            callbacks: callbacks as unknown as tf.Callback[],
          }),
        TypeError,
        `callbacks must be instances: current value is the class ${Kind.name} itself; pass callbacks: [new ${Kind.name}(`,
      );
    }
  }
  tf.dispose([xs, ys]);
});

Deno.test("callbacks behind an object of hooks, of whom fit() takes the hooks alone, are told", async () => {
  await tf.setBackend("cpu");
  const [xs, ys] = [tf.ones([8, 2]), tf.ones([8, 1])];
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  for (const create of [() => new CyclicLR(), ...Object.values(CALLBACKS)]) {
    const callback = create();
    const callbacks = [{ onEpochEnd() {} }, callback] as tf.Callback[];
    await assertRejects(
      () => model.fit(xs, ys, { epochs: 1, verbose: 0, callbacks }),
      TypeError,
      `current value is a ${callback.constructor.name} beside an object of hooks; pass combineCallbacks`,
    );
    await model.fit(xs, ys, {
      verbose: 0,
      callbacks: combineCallbacks([{ onEpochEnd() {} }, callback]),
    });
  }
  tf.dispose([xs, ys]);
});
