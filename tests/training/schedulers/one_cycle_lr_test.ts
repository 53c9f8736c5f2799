import * as tf from "@tensorflow/tfjs";
import {
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { oneCycle } from "@clr/clr/schedules";
import {
  OneCycleLR,
  type OneCycleLROptions,
  type OneCycleLRState,
} from "@clr/clr/training";
import { createLine } from "../_line.ts";

const MOMENTUM = { base: 0.85, max: 0.95 };

/** The rates and momenta of a training of 3 epochs of 4 batches. */
async function trained(
  options: OneCycleLROptions,
  optimizer: tf.Optimizer = tf.train.adam(),
) {
  const { model, xs, ys } = createLine(optimizer);
  const clr = new OneCycleLR(options);
  await model.fit(xs, ys, {
    batchSize: xs.shape[0] / 4,
    epochs: 3,
    verbose: 0,
    callbacks: [clr],
  });
  return clr.history;
}

Deno.test("OneCycleLR spans the whole of fit(), momentum included, without being told how long", async () => {
  const schedule = oneCycle({ maxLr: 0.1, iterations: 12, momentum: MOMENTUM });
  const { lr, momentum, iterations } = await trained({ maxLr: 0.1 });
  assertEquals(iterations.length, 12);
  assertEquals(lr, iterations.map((t) => schedule(t - 1)));
  assertEquals(momentum, iterations.map((t) => schedule.momentum!(t - 1)!));
});

Deno.test("OneCycleLR leaves the momentum alone where there is none, or when told so", async () => {
  for (
    const [options, optimizer] of [
      [{ maxLr: 0.1 }, tf.train.sgd(0.1)],
      [{ maxLr: 0.1 }, tf.train.rmsprop(0.1)],
      [{ maxLr: 0.1, momentum: false }, tf.train.adam()],
    ] as [OneCycleLROptions, tf.Optimizer][]
  ) {
    assertEquals((await trained(options, optimizer)).momentum, undefined);
  }
  const own = { base: 0.5, max: 0.6 };
  const { momentum } = await trained({ maxLr: 0.1, momentum: own });
  assertEquals(Math.max(...momentum), 0.6);
  assertAlmostEquals(Math.min(...momentum), 0.5, 0.001);
});

Deno.test("OneCycleLR takes its length in iterations, in epochs, or both from fit() and the options", async () => {
  const at = (iterations: number) =>
    oneCycle({ maxLr: 0.1, iterations, momentum: MOMENTUM });
  for (
    const [options, iterations] of [
      [{ iterations: 20 }, 20],
      [{ epochs: 6 }, 24],
      [{ epochs: 6, batchesPerEpoch: 5 }, 30],
      [{ batchesPerEpoch: 5 }, 15],
      [{ epochs: 0.3 }, 2],
    ] as const
  ) {
    const { lr } = await trained({ maxLr: 0.1, ...options });
    assertEquals(lr, lr.map((_, t) => at(iterations)(t)));
  }
});

Deno.test("OneCycleLR goes on in the middle of its cycle", async () => {
  const through = await trained({ maxLr: 0.1 });
  const { model, xs, ys } = createLine(tf.train.adam());
  const fit = (clr: OneCycleLR, initialEpoch: number, epochs: number) =>
    model.fit(xs, ys, {
      batchSize: xs.shape[0] / 4,
      initialEpoch,
      epochs,
      verbose: 0,
      callbacks: [clr],
    });
  const first = new OneCycleLR({ maxLr: 0.1, epochs: 3 });
  await fit(first, 0, 2);
  const second = new OneCycleLR({ maxLr: 0.1, epochs: 3 });
  second.restore(JSON.parse(JSON.stringify(first)));
  await fit(second, 2, 3);
  assertEquals(second.history.lr, through.lr);
  assertEquals(second.history.momentum, through.momentum);
});

Deno.test("OneCycleLR needs its length in a loop of one's own, and says so", () => {
  assertThrows(
    () => new OneCycleLR({ maxLr: 0.1 }).attach(tf.train.adam()),
    RangeError,
    "in a loop of one's own, give batchesPerEpoch, and to a OneCycleLR epochs too, or its iterations",
  );
  const clr = new OneCycleLR({ maxLr: 0.1, epochs: 2, batchesPerEpoch: 5 });
  clr.attach(tf.train.adam());
  assertEquals(clr.iterations, 10);
});

Deno.test("OneCycleLR says what a Dataset of unknown size lacks", async () => {
  const { model } = createLine();
  const dataset = tf.data.generator(function* () {
    yield { xs: tf.ones([2, 1]), ys: tf.ones([2, 1]) };
  });
  const clr = new OneCycleLR({ maxLr: 0.1 });
  await assertRejects(
    () =>
      model.fitDataset(dataset as never, {
        epochs: 1,
        verbose: 0,
        callbacks: [clr],
      }),
    RangeError,
    "give batchesPerEpoch to fitDataset or to the schedule",
  );
});

Deno.test("OneCycleLR.fromRange() peaks at the range's upper bound", () => {
  const range = { baseLr: 0.01, maxLr: 0.2, batchesPerEpoch: 10 };
  const clr = OneCycleLR.fromRange(range, { epochs: 10 });
  assertEquals([clr.iterations, clr.at(29)], [100, 0.2]);
  assertThrows(
    () => OneCycleLR.fromRange({ verdict: "flat", advice: "Raise endLr." }),
    RangeError,
    "The range's verdict is flat: Raise endLr.",
  );
});

Deno.test("OneCycleLR refuses what no cycle has", () => {
  const bad: [Partial<OneCycleLROptions>, string][] = [
    [{ epochs: 0 }, "epochs must be"],
    [{ iterations: 1 }, "iterations must be"],
    [{ iterations: 10, epochs: 2 }, "its length must be given once"],
    [{ batchesPerEpoch: 1.5 }, "batchesPerEpoch must be"],
    [{ pctStart: 2 }, "pctStart must be"],
    [{ maxLr: -1 }, "maxLr must be"],
  ];
  for (const [options, message] of bad) {
    assertThrows(
      () => new OneCycleLR({ maxLr: 0.1, ...options }),
      RangeError,
      message,
    );
  }
  assertThrows(
    () => new OneCycleLR({ maxLr: 0.1, max_lr: 1 } as never),
    TypeError,
    'did you mean "maxLr"?',
  );
});

Deno.test("OneCycleLR refuses another fit when its cycle is over, and takes it after reset()", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const xs = tf.ones([8, 1]);
  const clr = new OneCycleLR({ maxLr: 0.1 });
  const options = { batchSize: 2, verbose: 0, callbacks: [clr] };
  await model.fit(xs, xs, { ...options, epochs: 2 });
  const before = model.getWeights()[0].dataSync()[0];
  await assertRejects(
    () => model.fit(xs, xs, options),
    RangeError,
    "Cannot train on as the one cycle must have batches left: current value is 8 of 8 trained; call reset()",
  );
  assertEquals(model.getWeights()[0].dataSync()[0], before);
  // A run that was complete when it was stopped has no batch left to refuse.
  await model.fit(xs, xs, { ...options, epochs: 2, initialEpoch: 2 });
  clr.reset();
  await model.fit(xs, xs, { ...options, epochs: 2 });
  assertEquals(clr.history.lr.slice(8), clr.history.lr.slice(0, 8));
});

Deno.test("OneCycleLR ends the cycle that it was restored in, however long the next fit()", async () => {
  const through = await trained({ maxLr: 0.1 });
  const { model, xs, ys } = createLine(tf.train.adam());
  const fit = (clr: OneCycleLR, epochs: number) =>
    model.fit(xs, ys, {
      batchSize: xs.shape[0] / 4,
      epochs,
      verbose: 0,
      callbacks: [
        clr,
        new tf.CustomCallback({
          onBatchEnd: () => {
            if (clr.iteration === 6) model.stopTraining = true;
          },
        }) as unknown as tf.Callback,
      ],
    });
  for (const isAttached of [false, true]) {
    const first = new OneCycleLR({ maxLr: 0.1 });
    await fit(first, 3);
    const second = new OneCycleLR({ maxLr: 0.1 });
    // One that had a cycle of four batches.
    if (isAttached) await fit(second, 1);
    second.restore(JSON.parse(JSON.stringify(first)));
    assertEquals(second.iterations, 12);
    await fit(second, 2);
    assertEquals(second.history.lr.slice(0, 12), through.lr);
    assertEquals(second.history.momentum.slice(0, 12), through.momentum);
  }
  const own = new OneCycleLR({ maxLr: 0.1, iterations: 20 });
  own.restore({ ...new OneCycleLR({ maxLr: 1, iterations: 9 }).toJSON() });
  assertEquals(own.iterations, 20);
  for (const iterations of [1, 2.5, "12", null, NaN]) {
    assertThrows(
      () => own.restore({ ...own.toJSON(), iterations } as OneCycleLRState),
      TypeError,
      "Cannot restore a OneCycleLR as iterations must be a whole number >= 2",
    );
  }
});

Deno.test("OneCycleLR spans the epochs from initialEpoch on, and after a reset the next fit()", async () => {
  const { model, xs, ys } = createLine(tf.train.adam());
  const clr = new OneCycleLR({ maxLr: 0.1 });
  const fit = (options: tf.ModelFitArgs) =>
    model.fit(xs, ys, {
      batchSize: xs.shape[0] / 4,
      verbose: 0,
      callbacks: [clr],
      ...options,
    });
  const lasts: [number | undefined, number][] = [];
  for (
    const options of [
      { epochs: 6, initialEpoch: 3 },
      { epochs: 5 },
      { epochs: 1, batchSize: 1 },
    ]
  ) {
    await fit(options);
    lasts.push([clr.iterations, clr.learningRate]);
    clr.reset();
  }
  assertEquals(lasts, [[12, 4e-7], [20, 4e-7], [xs.shape[0], 4e-7]]);
  // A length of its own stays.
  const own = new OneCycleLR({ maxLr: 0.1, iterations: 8 });
  await fit({ epochs: 2, callbacks: [own] });
  own.reset();
  await fit({ epochs: 3, callbacks: [own] });
  assertEquals(own.iterations, 8);
});

Deno.test("OneCycleLR learns its length anew in the first fit() after a reset, restored or not", async () => {
  const { model, xs, ys } = createLine();
  const fit = (clr: OneCycleLR, epochs: number, batches = 4) =>
    model.fit(xs, ys, {
      batchSize: xs.shape[0] / batches,
      epochs,
      verbose: 0,
      callbacks: [clr],
    });
  const clr = new OneCycleLR({ maxLr: 0.1 });
  await fit(clr, 2);
  const restored = new OneCycleLR({ maxLr: 0.1 });
  restored.restore(JSON.parse(JSON.stringify(clr)));
  for (const each of [clr, restored]) {
    each.reset();
    await fit(each, 5);
    assertEquals([each.iterations, each.iteration], [20, 20]);
  }
  // The epochs that the constructor was given stay, of the batches that there are.
  const longer = new OneCycleLR({ maxLr: 0.1, epochs: 7 });
  longer.restore(JSON.parse(JSON.stringify(clr)));
  assertEquals(longer.iterations, 20);
  await fit(longer, 2);
  assertEquals([longer.iterations, longer.iteration], [28, 28]);
});

Deno.test("OneCycleLR that is attached takes over one whose length nobody knows yet", async () => {
  const { model, xs, ys } = createLine();
  const clr = new OneCycleLR({ maxLr: 0.1 });
  const fit = (epochs: number) =>
    model.fit(xs, ys, { epochs, batchSize: 4, verbose: 0, callbacks: [clr] });
  await fit(2);
  clr.restore(new OneCycleLR({ maxLr: 0.1 }).toJSON());
  assertEquals([clr.iteration, clr.history.lr], [0, []]);
  await fit(3);
  assertEquals([clr.iterations, clr.history.lr.length], [6, 6]);
});
