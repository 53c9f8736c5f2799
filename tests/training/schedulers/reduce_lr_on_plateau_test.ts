import * as tf from "@tensorflow/tfjs";
import {
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from "@clr/clr/training";
import { PYTHON, runPython } from "../../_python.ts";
import { createLine } from "../_line.ts";

/** The rate after each value, from a rate of `lr`. */
function ratesOf(
  values: readonly number[],
  options: ReduceLROnPlateauOptions,
  lr = 0.5,
): number[] {
  const optimizer = tf.train.adam(lr);
  const plateau = new ReduceLROnPlateau(options).attach(optimizer);
  return values.map((value) => {
    plateau.step(value);
    return plateau.learningRate;
  });
}

/** `count` times `value`. */
function times(count: number, value: number): number[] {
  return Array(count).fill(value);
}

// The cases of PyTorch's own tests, test_reduce_lr_on_plateau1 to 8.
const CASES: {
  readonly name: string;
  readonly options: ReduceLROnPlateauOptions;
  readonly values: readonly number[];
  readonly rates: readonly number[];
}[] = [{
  name: "constant values",
  options: {
    mode: "min",
    thresholdMode: "absolute",
    threshold: 0.01,
    patience: 5,
    cooldown: 5,
  },
  values: times(20, 10).map((v, i) => i === 0 ? v : v - i * 0.0167),
  rates: times(20, 0.5),
}, {
  name: "a loss that stops falling",
  options: {
    mode: "min",
    thresholdMode: "absolute",
    threshold: 0.1,
    patience: 5,
    cooldown: 0,
  },
  values: [...Array(6)].map((_, i) => 10 - i * 0.0167).concat(times(16, 10)),
  rates: [...times(6, 0.5), ...times(6, 0.05), ...times(6, 0.005)].concat(
    times(4, 0.0005),
  ),
}, {
  name: "a cooldown",
  options: {
    mode: "min",
    thresholdMode: "relative",
    threshold: 0.1,
    patience: 5,
    cooldown: 5,
  },
  values: times(22, 10),
  rates: [...times(6, 0.5), ...times(11, 0.05), ...times(5, 0.005)],
}, {
  name: "a value that rises and should",
  options: {
    mode: "max",
    thresholdMode: "absolute",
    threshold: 0.1,
    patience: 0,
  },
  values: [...Array(20)].map((_, i) => 1.5 * (i + 1)),
  rates: times(20, 0.5),
}];

Deno.test("ReduceLROnPlateau reduces where PyTorch's own test cases do", () => {
  for (const { name, options, values, rates } of CASES) {
    const found = ratesOf(values, options);
    found.forEach((rate, i) =>
      assertAlmostEquals(rate, rates[i], 1e-12, `${name}, value ${i}`)
    );
  }
});

interface Drawn {
  lr: number;
  options: Required<
    Omit<ReduceLROnPlateauOptions, "monitor" | "scheduler" | "epsilon">
  >;
  values: number[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  lr: fc.double({ min: 1e-4, max: 1, noNaN: true }),
  options: fc.record({
    mode: fc.constantFrom("min" as const, "max" as const),
    factor: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    patience: fc.nat(4),
    threshold: fc.constantFrom(0, 1e-4, 0.01, 0.2),
    thresholdMode: fc.constantFrom("relative" as const, "absolute" as const),
    cooldown: fc.nat(3),
    minLr: fc.constantFrom(0, 1e-5, 1e-3),
  }),
  // Few different values, so that some repeat, and some that are not numbers.
  values: fc.array(fc.constantFrom(0.1, 0.5, 0.99, 1, 1.0001, 2, NaN), {
    minLength: 1,
    maxLength: 60,
  }),
});

Deno.test({
  name: "ReduceLROnPlateau has PyTorch's rates over random options and values",
  ignore: PYTHON === undefined,
  async fn() {
    const cases = fc.sample(drawn, { numRuns: 400, seed: 1 });
    const expected = await runPython<number[][]>(
      new URL("_plateau_pytorch.py", import.meta.url),
      cases.map(({ lr, options, values }) => ({
        lr,
        values,
        kwargs: {
          mode: options.mode,
          factor: options.factor,
          patience: options.patience,
          threshold: options.threshold,
          threshold_mode: options.thresholdMode === "relative" ? "rel" : "abs",
          cooldown: options.cooldown,
          min_lr: options.minLr,
        },
      })),
    );
    cases.forEach(({ lr, options, values }, i) =>
      assertEquals(ratesOf(values, options, lr), expected[i])
    );
  },
});

Deno.test("ReduceLROnPlateau takes a relative threshold of a best below 0 as a share of its size", () => {
  const options = { mode: "min", patience: 0, threshold: 0.1 } as const;
  // -0.95 is worse than -1; PyTorch, which compares with -0.9, calls it better.
  assertEquals(ratesOf([-1, -0.95], options), [0.5, 0.05]);
  assertEquals(ratesOf([-1, -1.2], options), [0.5, 0.5]);
});

Deno.test("ReduceLROnPlateau knows the direction from the name, or must be told", () => {
  assertEquals(new ReduceLROnPlateau().options.mode, "min");
  const accuracy = new ReduceLROnPlateau({ monitor: "val_acc" });
  assertEquals(accuracy.options.mode, "max");
  assertThrows(
    () => new ReduceLROnPlateau({ monitor: "reward" }),
    RangeError,
    'mode must be "min" or "max" for "reward"',
  );
  const told = new ReduceLROnPlateau({ monitor: "reward", mode: "max" });
  assertEquals(told.options.mode, "max");
});

Deno.test("ReduceLROnPlateau watches the epochs of fit()", async () => {
  const { model, xs, ys } = createLine(tf.train.sgd(0));
  const plateau = new ReduceLROnPlateau({ patience: 1, factor: 0.5 });
  const rates: number[] = [];
  await model.fit(xs, ys, {
    epochs: 5,
    verbose: 0,
    validationData: [xs, ys],
    callbacks: [
      plateau,
      new tf.CustomCallback({
        onEpochEnd: () => void rates.push(plateau.learningRate),
      }),
    ],
  });
  // At a rate of 0 the loss is the same after every epoch, and stays so.
  assertEquals(rates, [0, 0, 0, 0, 0]);
  assertEquals(plateau.history.steps.length, 5);
  assertEquals(new Set(plateau.history.value).size, 1);
});

Deno.test("ReduceLROnPlateau says in fit() what epochs log where that is not what it waits for", async () => {
  const { model, xs, ys } = createLine();
  await assertRejects(
    () =>
      model.fit(xs, ys, {
        verbose: 0,
        callbacks: [new ReduceLROnPlateau()],
      }),
    RangeError,
    'monitor must be one of loss, mae, which epochs log, or fit be given validation data: current value is "val_loss"',
  );
});

Deno.test("ReduceLROnPlateau scales cycles as a whole and keeps their place", () => {
  const optimizer = tf.train.adam();
  const clr = new CyclicLR({ baseLr: 0.125, maxLr: 0.625, stepSize: 2 })
    .attach(optimizer);
  const plateau = new ReduceLROnPlateau({
    monitor: "loss",
    patience: 0,
    factor: 0.5,
    scheduler: clr,
  });
  clr.step();
  plateau.step(1);
  assertEquals(clr.learningRate, 0.375);
  plateau.step(1);
  assertEquals([clr.scale, clr.learningRate], [0.5, 0.1875]);
  assertEquals([clr.at(0), clr.at(2)], [0.0625, 0.3125]);
  clr.step();
  assertEquals(clr.history.lr, [0.125, 0.1875]);
  const again = CyclicLR.fromJSON(JSON.stringify(clr));
  assertEquals([again.scale, again.learningRate], [0.5, 0.3125]);
});

Deno.test("LearningRateScheduler.scale refuses what is no scale and keeps the old", () => {
  const scheduler = new LearningRateScheduler(() => 0.1);
  for (const scale of [-1, NaN, Infinity]) {
    assertThrows(() => scheduler.scale = scale, RangeError, "scale must be");
  }
  assertEquals(scheduler.learningRate, 0.1);
  assertThrows(
    () => scheduler.restore({ ...scheduler.toJSON(), scale: -1 }),
    TypeError,
    "scale must be a finite number >= 0: current value is -1",
  );
});

Deno.test("ReduceLROnPlateau goes on from its JSON as if it had never stopped", () => {
  fc.assert(
    fc.property(drawn, fc.nat(60), ({ lr, options, values }, at) => {
      const optimizer = tf.train.adam(lr);
      let plateau = new ReduceLROnPlateau(options).attach(optimizer);
      const rates = values.map((value, i) => {
        if (i === at) {
          const json = JSON.stringify(plateau);
          plateau = ReduceLROnPlateau.fromJSON(json).attach(optimizer);
        }
        plateau.step(value);
        return plateau.learningRate;
      });
      assertEquals(rates, ratesOf(values, options, lr));
      assertEquals(plateau.history.value, values);
    }),
    { numRuns: 100 },
  );
});

Deno.test("ReduceLROnPlateau.fromJSON() refuses what toJSON() never gives", () => {
  const state = new ReduceLROnPlateau().toJSON();
  const { options: _, ...withoutOptions } = state;
  for (
    const damaged of [
      null,
      {},
      withoutOptions,
      { ...state, type: "CyclicLR" },
      { ...state, version: 2 },
      { ...state, best: "low" },
      { ...state, badSteps: -1 },
      { ...state, cooldownLeft: 0.5 },
      { ...state, history: { ...state.history, lr: [1] } },
      { ...state, history: { steps: ["a"], value: [1], lr: [1] } },
    ]
  ) {
    assertThrows(
      () => ReduceLROnPlateau.fromJSON(JSON.stringify(damaged)),
      TypeError,
      "Cannot restore a ReduceLROnPlateau",
    );
  }
});

Deno.test("ReduceLROnPlateau refuses options that are out of their range", () => {
  const bad: ReduceLROnPlateauOptions[] = [
    { factor: 1 },
    { factor: 0 },
    { patience: -1 },
    { patience: 1.5 },
    { threshold: NaN },
    { thresholdMode: "rel" as "relative" },
    { cooldown: -1 },
    { minLr: -1 },
    { epsilon: Infinity },
    { mode: "auto" as "min" },
  ];
  for (const options of bad) {
    const [name] = Object.keys(options);
    assertThrows(
      () => new ReduceLROnPlateau(options),
      RangeError,
      `Cannot reduce the learning rate on a plateau as ${name} must be`,
    );
  }
  assertThrows(
    () => new ReduceLROnPlateau().step(1),
    TypeError,
    "call attach(optimizer) first",
  );
});

Deno.test("ReduceLROnPlateau says what it watches and where it stands", () => {
  const plateau = new ReduceLROnPlateau({ patience: 3 })
    .attach(tf.train.sgd(0.1));
  plateau.step(0.25);
  plateau.step(0.5);
  assertEquals(
    Deno.inspect(plateau),
    "ReduceLROnPlateau (val_loss, min, ×0.1 after 3 without gain), best 0.25, 1 without gain",
  );
});

Deno.test("ReduceLROnPlateau goes on from JSON with a best value that JSON has no number for", () => {
  for (const mode of ["min", "max"] as const) {
    for (const best of [Infinity, -Infinity]) {
      const create = () =>
        new ReduceLROnPlateau({ monitor: "score", mode, patience: 1 })
          .attach(tf.train.sgd(1));
      const whole = create();
      for (const value of [0.5, best]) whole.step(value);
      const again = ReduceLROnPlateau.fromJSON(JSON.stringify(whole))
        .attach(tf.train.sgd(1));
      assertEquals(again.best, whole.best);
      for (const value of [0.1, 0.2, 0.3, 0.4]) {
        assertEquals(again.step(value), whole.step(value));
      }
      assertEquals(again.toJSON().badSteps, whole.toJSON().badSteps);
    }
  }
});

Deno.test("ReduceLROnPlateau refuses a fit() whose rate another scheduler sets, and says how to lower that", async () => {
  for (const isFirst of [true, false]) {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 4 });
    const plateau = new ReduceLROnPlateau({ monitor: "loss" });
    const fit = (callbacks: tf.Callback[]) =>
      model.fit(xs, ys, { verbose: 0, callbacks });
    await assertRejects(
      () => fit(isFirst ? [plateau, clr] : [clr, plateau]),
      TypeError,
      "current value is a CyclicLR beside it; pass { scheduler }",
    );
    assertEquals([clr.iteration, plateau.history.steps], [0, []]);
    // One after the other they get on.
    await fit([clr]);
    await fit([plateau]);
    assertEquals([clr.iteration, plateau.history.steps], [1, [1]]);
  }
});

Deno.test("ReduceLROnPlateau refuses a value in a loop whose rate another scheduler has set", () => {
  const message = "current value is a CyclicLR beside it";
  const optimizer = tf.train.sgd(0.1);
  const clr = new CyclicLR({ stepSize: 4 }).attach(optimizer);
  const plateau = new ReduceLROnPlateau().attach(optimizer);
  // What was attached before and rests is no matter.
  plateau.step(1);
  clr.step();
  assertThrows(() => plateau.step(1), TypeError, message);
  assertEquals(plateau.history.value, [1]);
  plateau.attach(optimizer).step(1);
  new CyclicLR().attach(optimizer);
  assertThrows(() => plateau.step(1), TypeError, message);
  const lowered = new ReduceLROnPlateau({ scheduler: clr, patience: 0 });
  clr.attach(optimizer).step();
  lowered.step(1);
  lowered.step(1);
  assertEquals(clr.scale, 0.1);
});
