import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR, type CyclicLROptions } from "@clr/clr";
import { cyclic } from "@clr/clr/schedules";
import { createLine } from "../_line.ts";

const RATES = { baseLr: 0.125, maxLr: 0.625 };

async function fit(clr: CyclicLR, epochs = 4, batches = 4) {
  const { model, xs, ys } = createLine();
  await model.fit(xs, ys, {
    batchSize: xs.shape[0] / batches,
    epochs,
    verbose: 0,
    callbacks: [clr],
  });
  return clr;
}

Deno.test("CyclicLR measures its step in the epochs of fit()", async () => {
  const clr = await fit(new CyclicLR({ ...RATES, stepSizeEpochs: 2 }));
  const expected = cyclic({ ...RATES, stepSize: 8 });
  assertEquals(clr.history.lr, clr.history.lr.map((_, t) => expected(t)));
  assertEquals(clr.options.stepSize, 8);
  // The cycle ends with the training.
  assertEquals([clr.cycle, clr.iterationsLeftInCycle], [2, 16]);
});

Deno.test("CyclicLR ends a cycle with the training where the step is no whole number of batches", async () => {
  // Three cycles in 4 epochs of 4 batches: steps of 8 / 3 batches.
  const clr = CyclicLR.fromRange(RATES, { epochs: 4, cycles: 3 });
  await fit(clr);
  assertEquals(clr.cycle, 4);
  assertEquals(clr.learningRate, 0.125);
});

Deno.test("CyclicLR.fromRange() takes the batches of an epoch from the range, and steps of four epochs or more", () => {
  const range = { ...RATES, batchesPerEpoch: 500 };
  const step = (epochs: number, cycles?: number) =>
    CyclicLR.fromRange(range, { epochs, cycles }).options.stepSize;
  assertEquals([step(16), step(8), step(20), step(1)], [2000, 2000, 2500, 250]);
  assertEquals([step(20, 1), step(20, 5)], [5000, 1000]);
  const own = CyclicLR.fromRange(range, { epochs: 8, batchesPerEpoch: 100 });
  assertEquals(own.options.stepSize, 400);
  assertEquals(
    CyclicLR.fromRange(range, { stepSize: 7 }).options.stepSize,
    7,
  );
});

Deno.test("CyclicLR keeps a step in epochs through JSON, before and after it is known", async () => {
  const clr = new CyclicLR({ ...RATES, stepSizeEpochs: 2 });
  const before = CyclicLR.fromJSON(JSON.stringify(clr));
  const restored = new CyclicLR({ ...RATES, stepSize: 3 });
  restored.restore(clr.toJSON());
  const rates = (await fit(clr)).history.lr;
  assertEquals((await fit(before)).history.lr, rates);
  assertEquals((await fit(restored)).history.lr, rates);
  const after = CyclicLR.fromJSON(JSON.stringify(clr));
  assertEquals([after.options.stepSize, after.iteration], [8, 16]);
});

Deno.test("CyclicLR keeps a step in epochs through reset(), unless given one in batches", async () => {
  const clr = new CyclicLR({ ...RATES, stepSizeEpochs: 2 });
  clr.reset({ maxLr: 1.125 });
  await fit(clr);
  assertEquals(Math.max(...clr.history.lr), 1.125);
  assertEquals(clr.options.stepSize, 8);
  const other = new CyclicLR({ ...RATES, stepSizeEpochs: 2 });
  other.reset({ stepSize: 5 });
  assertEquals(other.at(5), 0.625);
});

Deno.test("CyclicLR needs the batches of an epoch where fit() does not say, and says so", async () => {
  const clr = () => new CyclicLR({ ...RATES, stepSizeEpochs: 1 });
  assertThrows(
    () => clr().at(0),
    RangeError,
    "in a loop of one's own, give batchesPerEpoch",
  );
  assertThrows(() => clr().attach(tf.train.sgd(1)), RangeError, "give batches");
  const { model } = createLine();
  const dataset = tf.data.generator(function* () {
    for (let i = 0; i < 3; i++) {
      yield { xs: tf.ones([2, 1]), ys: tf.ones([2, 1]) };
    }
  });
  const options = { epochs: 2, verbose: 0 as const };
  await assertRejects(
    () =>
      model.fitDataset(dataset as never, { ...options, callbacks: [clr()] }),
    RangeError,
    "give batchesPerEpoch to fitDataset or to the schedule",
  );
  const told = new CyclicLR({
    ...RATES,
    stepSizeEpochs: 1,
    batchesPerEpoch: 3,
  });
  await model.fitDataset(dataset as never, { ...options, callbacks: [told] });
  assertEquals(told.history.lr.at(3), 0.625);
});

Deno.test("CyclicLR refuses steps in epochs that are none", () => {
  const bad: [CyclicLROptions, string][] = [
    [{ stepSizeEpochs: 0 }, "stepSizeEpochs must be"],
    [{ stepSizeEpochs: 1, stepSize: 2 }, "in batches or in epochs"],
    [{ stepSizeEpochs: 1, batchesPerEpoch: 0 }, "batchesPerEpoch must be"],
  ];
  for (const [options, message] of bad) {
    assertThrows(() => new CyclicLR(options), RangeError, message);
  }
  for (const options of [{ epochs: 0 }, { epochs: 4, cycles: 1.5 }]) {
    assertThrows(() => CyclicLR.fromRange(RATES, options), RangeError);
  }
});

Deno.test("CyclicLR measures its steps anew in the first fit after a reset", async () => {
  await tf.setBackend("cpu");
  const [xs, ys] = [tf.ones([12, 1]), tf.ones([12, 1])];
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const clr = new CyclicLR({ stepSizeEpochs: 2 });
  const fit = (batchSize: number) =>
    model.fit(xs, ys, { batchSize, epochs: 1, verbose: 0, callbacks: [clr] });
  await fit(3);
  assertEquals(clr.options.stepSize, 8);
  // Within a cycle the steps stay as they are.
  await fit(1);
  assertEquals(clr.options.stepSize, 8);
  clr.reset({ maxLr: 0.1 });
  await fit(1);
  assertEquals(clr.options.stepSize, 24);
  clr.reset({ stepSize: 5 });
  await fit(3);
  assertEquals(clr.options.stepSize, 5);
});

Deno.test("CyclicLR measures its steps anew after a reset when it comes from JSON, too", async () => {
  const clr = await fit(new CyclicLR({ ...RATES, stepSizeEpochs: 2 }));
  const again = CyclicLR.fromJSON(JSON.stringify(clr));
  again.reset();
  await fit(again, 2, 8);
  assertEquals(again.options.stepSize, 16);
  const given = CyclicLR.fromJSON(
    JSON.stringify(new CyclicLR({ ...RATES, stepSize: 8 })),
  );
  await fit(given, 1, 2);
  assertEquals(given.options.stepSize, 8);
});

Deno.test("CyclicLR that is attached takes over one that waits for fit()", async () => {
  const clr = await fit(new CyclicLR({ ...RATES, stepSizeEpochs: 2 }));
  clr.restore(new CyclicLR({ ...RATES, stepSizeEpochs: 1 }).toJSON());
  assertEquals([clr.iteration, clr.history.lr], [0, []]);
  // Nor is there a rate to scale, or to begin with, before the fit.
  clr.scale = 0.5;
  clr.reset();
  await fit(clr, 2);
  assertEquals(clr.options.stepSize, 4);
  assertEquals(Math.max(...clr.history.lr), 0.3125);
});

Deno.test("CyclicLR.reset() refuses a half of a cycle in batches beside one in epochs", () => {
  const clr = new CyclicLR({ ...RATES, stepSizeEpochs: 2 });
  assertThrows(
    () => clr.reset({ stepSizeDown: 3 }),
    RangeError,
    "stepSizeDown must come with a stepSize",
  );
  clr.reset({ stepSize: 2, stepSizeDown: 3 });
  assertEquals([clr.at(2), clr.at(5)], [0.625, 0.125]);
});
