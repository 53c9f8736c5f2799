import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { CyclicLR, type CyclicLROptions, getLearningRate } from "@clr/clr";
import { createLine } from "../_line.ts";

/** The Keras callback's own formula, straight from its source. */
function kerasRate(
  t: number,
  { baseLr, maxLr, stepSize }: Record<"baseLr" | "maxLr" | "stepSize", number>,
  scale: (cycle: number, t: number) => number,
): number {
  const cycle = Math.floor(1 + t / (2 * stepSize));
  const x = Math.abs(t / stepSize - 2 * cycle + 1);
  return baseLr + (maxLr - baseLr) * Math.max(0, 1 - x) * scale(cycle, t);
}

Deno.test("CyclicLR() has the paper's defaults", () => {
  const clr = new CyclicLR();
  assertEquals(clr.options.baseLr, 0.001);
  assertEquals(clr.options.maxLr, 0.006);
  assertEquals(clr.options.stepSize, 2000);
  assertEquals(clr.options.mode, "triangular");
  assertEquals([clr.at(0), clr.at(2000), clr.at(4000)], [0.001, 0.006, 0.001]);
});

Deno.test("CyclicLR drives fit() as the Keras callback does, in every mode", async () => {
  const scales: [CyclicLROptions, (cycle: number, t: number) => number][] = [
    [{ mode: "triangular" }, () => 1],
    [{ mode: "triangular2" }, (cycle) => 1 / 2 ** (cycle - 1)],
    [{ mode: "exp_range", gamma: 0.9 }, (_, t) => 0.9 ** t],
    [{ scaleFn: (c) => 1 / (5 * c) }, (cycle) => 1 / (5 * cycle)],
    [
      { scaleFn: (t) => Math.exp(-t / 7), scaleMode: "iterations" },
      (_, t) => Math.exp(-t / 7),
    ],
  ];
  for (const [options, scale] of scales) {
    const { model, xs, ys } = createLine(tf.train.adam());
    const bounds = { baseLr: 0.01, maxLr: 0.05, stepSize: 3 };
    const clr = new CyclicLR({ ...bounds, ...options });
    await model.fit(xs, ys, {
      batchSize: 1,
      epochs: 2,
      verbose: 0,
      callbacks: [clr],
    });
    assertEquals(clr.history.lr.length, 16);
    clr.history.lr.forEach((rate, t) =>
      assertAlmostEquals(rate, kerasRate(t, bounds, scale), 1e-12)
    );
  }
});

Deno.test("CyclicLR tells where in its cycles it is", () => {
  const optimizer = tf.train.sgd(1);
  const clr = new CyclicLR({ stepSize: 2, stepSizeDown: 3 }).attach(optimizer);
  const seen = Array.from({ length: 7 }, () => {
    const place = [clr.iteration, clr.cycle, clr.iterationsLeftInCycle];
    clr.step();
    return place;
  });
  assertEquals(seen, [
    [0, 1, 5],
    [1, 1, 4],
    [2, 1, 3],
    [3, 1, 2],
    [4, 1, 1],
    [5, 2, 5],
    [6, 2, 4],
  ]);
  optimizer.dispose();
});

Deno.test("CyclicLR.reset() changes what is given, keeps history and goes to the start", () => {
  const optimizer = tf.train.momentum(1, 0.9);
  const clr = new CyclicLR({ baseLr: 0.25, maxLr: 0.5, stepSize: 1 });
  clr.attach(optimizer);
  for (let i = 0; i < 3; i++) clr.step({ loss: i });
  clr.reset({ maxLr: 0.75, stepSize: 2 });
  assertEquals(clr.iteration, 0);
  assertEquals(clr.totalIterations, 3);
  assertEquals(clr.options.stepSizeDown, 2);
  assertEquals(clr.options.baseLr, 0.25);
  assertEquals(getLearningRate(optimizer), 0.25);
  for (let i = 3; i < 6; i++) clr.step({ loss: i });
  assertEquals([...clr.history.lr], [0.25, 0.5, 0.25, 0.25, 0.5, 0.75]);
  assertEquals([...clr.history.iterations], [1, 2, 3, 4, 5, 6]);
  assertEquals([...clr.history.loss], [0, 1, 2, 3, 4, 5]);
  optimizer.dispose();
});

Deno.test("CyclicLR.reset() with bad parameters changes nothing", () => {
  const optimizer = tf.train.sgd(1);
  const clr = new CyclicLR({ stepSize: 2 }).attach(optimizer);
  clr.step();
  assertThrows(() => clr.reset({ stepSize: 0 }), RangeError, "stepSize");
  assertEquals(clr.iteration, 1);
  assertEquals(clr.options.stepSize, 2);
  assertEquals(getLearningRate(optimizer), clr.at(1));
  optimizer.dispose();
});

Deno.test("CyclicLR.fromRange() takes both bounds, or says which is missing", () => {
  const range = { baseLr: 0.01, maxLr: 0.02 };
  const clr = CyclicLR.fromRange(range, { stepSize: 10, mode: "triangular2" });
  assertEquals([clr.at(0), clr.at(10), clr.at(30)], [0.01, 0.02, 0.015]);
  assertEquals(CyclicLR.fromRange(range, { maxLr: 0.5 }).options.maxLr, 0.5);
  assertThrows(
    () => CyclicLR.fromRange({ maxLr: 0.02 }),
    RangeError,
    "baseLr undefined, maxLr 0.02",
  );
  assertThrows(
    () =>
      CyclicLR.fromRange({
        verdict: "never-diverged",
        advice: "Raise endLr, to 89 say.",
      }),
    RangeError,
    "maxLr undefined. The range's verdict is never-diverged: Raise endLr, to 89 say.",
  );
});

Deno.test("CyclicLR.toJSON() is not changed by the batches after it", () => {
  const optimizer = tf.train.sgd(1);
  const clr = new CyclicLR({ stepSize: 3 }).attach(optimizer);
  for (let i = 0; i < 4; i++) clr.step({ loss: i });
  const saved = clr.toJSON();
  for (let i = 0; i < 4; i++) clr.step({ loss: -i });
  assertEquals(saved.history.iterations, [1, 2, 3, 4]);
  clr.restore(saved);
  clr.step({ loss: 9 });
  assertEquals(clr.history.iterations, [1, 2, 3, 4, 5]);
  assertEquals(clr.history.loss, [0, 1, 2, 3, 9]);
  optimizer.dispose();
});

Deno.test("CyclicLR.restore() refuses what is no state, and stays as it was", () => {
  const clr = new CyclicLR({ stepSize: 3 });
  const before = clr.toJSON();
  const { history: _, ...rest } = new CyclicLR({ stepSize: 5 }).toJSON();
  for (const state of [rest, { ...before, iteration: "4" }]) {
    assertThrows(
      () => clr.restore(state as unknown as typeof before),
      TypeError,
      "Cannot restore a ",
    );
    assertEquals(clr.toJSON(), before);
  }
});

Deno.test("CyclicLR.restore() keeps the stopAfterCycles of the constructor, so that a run can be extended", () => {
  const one = new CyclicLR({ stepSize: 1, stopAfterCycles: 1 });
  const optimizer = tf.train.sgd(1);
  one.attach(optimizer).step();
  one.step();
  assert(one.finished);
  const state = one.toJSON();
  const three = new CyclicLR({ stopAfterCycles: 3 });
  three.restore(state);
  assertEquals([three.finished, three.toJSON().stopAfterCycles], [false, 3]);
  assert(!CyclicLR.fromJSON(state, { stopAfterCycles: 2 }).finished);
  assert(CyclicLR.fromJSON(state).finished);
  const endless = new CyclicLR();
  endless.restore(state);
  assert(endless.finished);
  optimizer.dispose();
});

Deno.test("CyclicLR.flush() throws what onCycleEnd rejected with, and not before", async () => {
  const optimizer = tf.train.sgd(1);
  const clr = new CyclicLR({
    stepSize: 1,
    onCycleEnd: ({ cycle }) =>
      cycle === 1 ? Promise.reject(new Error("disk full")) : Promise.resolve(),
  }).attach(optimizer);
  for (let i = 0; i < 4; i++) clr.step();
  await new Promise((resolve) => setTimeout(resolve));
  await assertRejects(() => clr.flush(), Error, "disk full");
  await clr.flush();
  optimizer.dispose();
});

Deno.test("CyclicLR.fromJSON() restores any schedule at any batch, history included", () => {
  fc.assert(
    fc.property(
      fc.record({
        stepSize: fc.integer({ min: 1, max: 20 }),
        stepSizeDown: fc.integer({ min: 1, max: 20 }),
        mode: fc.constantFrom("triangular", "triangular2", "exp_range"),
        gamma: fc.double({ min: 0.5, max: 1, noNaN: true }),
        waveform: fc.constantFrom("triangular", "welch", "hann"),
      }),
      fc.integer({ min: 0, max: 50 }),
      (options, steps) => {
        const clr = new CyclicLR(options as CyclicLROptions);
        const optimizer = tf.train.sgd(1);
        clr.attach(optimizer);
        for (let i = 0; i < steps; i++) clr.step({ loss: i === 3 ? NaN : i });
        const again = CyclicLR.fromJSON(JSON.stringify(clr));
        assertEquals(again.toJSON(), clr.toJSON());
        assertEquals(again.learningRate, clr.learningRate);
        const another = tf.train.sgd(1);
        again.attach(another);
        clr.step();
        again.step();
        assertEquals(again.toJSON(), clr.toJSON());
        optimizer.dispose();
        another.dispose();
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("CyclicLR.fromJSON() asks for a scaleFn, which JSON cannot hold", () => {
  const scaleFn = (cycle: number) => 1 / cycle;
  const json = JSON.stringify(new CyclicLR({ scaleFn, stepSize: 1 }));
  assertThrows(() => CyclicLR.fromJSON(json), TypeError, "{ scaleFn }");
  assertEquals(CyclicLR.fromJSON(json, { scaleFn }).at(3), 0.001 + 0.005 / 2);
});

Deno.test("CyclicLR refuses a stopAfterCycles that no cycle reaches", () => {
  const cases: [() => void, string][] = [
    [
      () => new CyclicLR({ cycles: 2, stopAfterCycles: 3 }),
      "Cannot create a cyclic schedule as stopAfterCycles must be <= cycles (2), or training would never stop: current value is 3",
    ],
    [
      () =>
        CyclicLR.fromRange({ baseLr: 0.1, maxLr: 1 }, {
          ...{ epochs: 9, cycles: 2, cycleFactor: 0.5, stopAfterCycles: 3 },
        }),
      "stopAfterCycles must be <= cycles (2)",
    ],
    [
      () => CyclicLR.fromJSON(two, { stopAfterCycles: 3 }),
      "stopAfterCycles must be <= cycles (2)",
    ],
    [
      () => three.restore(two),
      "Cannot restore a CyclicLR as stopAfterCycles must be <= cycles (2)",
    ],
  ];
  const two = new CyclicLR({ cycles: 2, stopAfterCycles: 2 }).toJSON();
  const three = new CyclicLR({ cycles: 3, stopAfterCycles: 3 });
  const before = three.toJSON();
  for (const [call, message] of cases) {
    assertThrows(call, RangeError, message);
  }
  assertEquals(three.toJSON(), before);
  // What an earlier release saved still loads, and goes on as it did there.
  const older = CyclicLR.fromJSON({ ...two, stopAfterCycles: 5 });
  assertEquals(older.toJSON().stopAfterCycles, 5);
  assertEquals(CyclicLR.fromJSON(older.toJSON()).options.cycles, 2);
});

Deno.test("CyclicLR measures a step in epochs in the first fit() after a reset, and keeps it in batches until then", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const xs = tf.ones([8, 1]);
  const clr = new CyclicLR({ stepSizeEpochs: 2 });
  const fit = async (batchSize: number) => {
    await model.fit(xs, xs, { batchSize, verbose: 0, callbacks: [clr] });
    return clr.options.stepSize;
  };
  assertEquals([await fit(1), await fit(4)], [16, 16]);
  clr.reset();
  assertEquals([await fit(4), await fit(1)], [4, 4]);
  xs.dispose();
  model.dispose();
});

Deno.test("CyclicLR.fromJSON() refuses damage in one line that names the place", () => {
  const clr = new CyclicLR({ baseLr: 0.1, maxLr: 1, stepSize: 7 });
  clr.attach(tf.train.sgd(1)).step({ loss: 1 });
  const whole = JSON.parse(JSON.stringify(clr));
  const damages: [string, unknown, string][] = [
    ["type", undefined, `type must be "CyclicLR": current value is undefined`],
    ["version", 2, "version must be 1: current value is 2"],
    ["options", undefined, "options must be an object"],
    ["options.maxLr", undefined, "options.maxLr must be a finite number"],
    ["options.mode", 5, "options.mode must be text: current value is 5"],
    ["options.mode", "square", `mode must be one of "triangular", `],
    ["hasScaleFn", undefined, "hasScaleFn must be true or false"],
    ["iteration", -5, "iteration must be a whole number >= 0"],
    ["iteration", 4, "iteration must be <= totalIterations (1)"],
    ["totalIterations", 0.5, "totalIterations must be a whole number >= 0"],
    ["epochs", null, "epochs must be a whole number >= 0"],
    ["ownMomentum", "x", "ownMomentum must be >= 0 and < 1"],
    ["stopAfterCycles", null, "stopAfterCycles must be a whole number >= 1"],
    ["history.loss", 5, "history.loss must be a list: current value is 5"],
    ["history.loss", ["a"], "history.loss[0] must be a number, null"],
    ["history.loss", [1, 2], "history.loss must have as many rows as"],
    ["history.lr", undefined, "history.lr must be a list"],
    // Not a list, however long it claims to be.
    ["history.lr", { length: 1e9 }, "history.lr must be a list"],
    ["epochHistory", [], "epochHistory must be an object"],
    ["epochHistory.epochs", [[]], "epochHistory.epochs[0] must be a number"],
  ];
  for (const [place, value, message] of damages) {
    const damaged = structuredClone(whole);
    const names = place.split(".");
    const last = names.pop()!;
    const holder = names.reduce((holder, name) => holder[name], damaged);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
    const error = assertThrows(
      () => CyclicLR.fromJSON(damaged),
      Error,
      message,
    );
    assert(error instanceof TypeError || error instanceof RangeError);
    assertThrows(() => clr.restore(damaged), Error, message);
  }
  for (const text of ["", "null", "[]", "{", `{"type":"CyclicLR"}`]) {
    assertThrows(() => CyclicLR.fromJSON(text), TypeError, "Cannot restore a");
  }
  assertEquals(JSON.stringify(clr), JSON.stringify(whole));
});

Deno.test("JSON keeps infinite losses, and a metric of any name", () => {
  const clr = new CyclicLR({ stepSize: 4 }).attach(tf.train.sgd(1));
  const names = ["constructor", "toString", "__proto__", "length", "valueOf"];
  for (const value of [1, NaN, Infinity, -Infinity]) {
    clr.step(JSON.parse(
      `{${names.map((name) => `"${name}":0`).join()}}`,
      () => undefined,
    ));
    const logs = Object.create(null);
    for (const name of ["loss", ...names]) logs[name] = value;
    clr.step(logs);
  }
  const again = CyclicLR.fromJSON(JSON.stringify(clr));
  assertEquals(again.history, clr.history);
  for (const name of ["loss", ...names]) {
    assert(Object.hasOwn(clr.history, name));
    assertEquals(
      again.history[name].filter((_, i) => i % 2 === 1),
      [1, NaN, Infinity, -Infinity],
    );
  }
  assertEquals(Object.getPrototypeOf(clr.history), Object.prototype);
});

Deno.test("CyclicLR refuses bad options and a scaleFn that returns NaN", () => {
  assertThrows(
    () => new CyclicLR({ stepSize: -3 }),
    RangeError,
    "current value is -3",
  );
  assertThrows(() => new CyclicLR({ baseLr: 1 }), RangeError, "maxLr");
  const clr = new CyclicLR({ scaleFn: () => NaN });
  assertThrows(() => clr.at(1), RangeError, "NaN");
});

Deno.test("CyclicLR goes straight into callbacks as a tf.Callback", () => {
  assert(new CyclicLR() instanceof tf.Callback);
});
