import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AdamW, HyperparameterScheduler } from "@clr/clr/training";
import { createLine } from "../_line.ts";

const schedule = (iteration: number) => 2 ** -iteration;

Deno.test("HyperparameterScheduler trains batch t of fit() at schedule(t) and goes on in the next", async () => {
  const { model, xs, ys } = createLine(new AdamW(0.1, { weightDecay: 0 }));
  const optimizer = model.optimizer as AdamW;
  const decay = new HyperparameterScheduler({
    name: "weightDecay",
    schedule,
    set: (value) => optimizer.weightDecay = value,
  });
  const used: number[] = [];
  const spy = new tf.CustomCallback({
    onBatchBegin: () => void used.push(optimizer.weightDecay),
  });
  const options = { batchSize: 2, verbose: 0, callbacks: [decay, spy] };
  await model.fit(xs, ys, options);
  const first = decay.iteration;
  await model.fit(xs, ys, options);
  assert(first > 1);
  assertEquals(used, used.map((_, t) => 2 ** -t));
  assertEquals(decay.history.weightDecay, used);
  assertEquals(decay.history.iterations, used.map((_, t) => t + 1));
});

Deno.test("HyperparameterScheduler goes on from its JSON", () => {
  let value = NaN;
  const create = () =>
    new HyperparameterScheduler({ name: "x", schedule, set: (x) => value = x });
  const one = create().apply();
  one.step();
  one.step();
  const other = create();
  other.restore(JSON.parse(JSON.stringify(one)));
  assertEquals([value, other.value, other.iteration], [0.25, 0.25, 2]);
  assertEquals(other.history, one.history);
  other.reset();
  assertEquals([value, other.iteration], [1, 0]);
  for (
    const damaged of [
      null,
      { ...one.toJSON(), name: "y" },
      { ...one.toJSON(), version: 3 },
      { ...one.toJSON(), iteration: -1 },
      { ...one.toJSON(), history: { iterations: [1], x: [] } },
      { type: "HyperparameterScheduler", version: 1, name: "x", values: ["1"] },
    ]
  ) {
    assertThrows(
      () => other.restore(damaged as never),
      TypeError,
      "Cannot restore a HyperparameterScheduler",
    );
  }
});

Deno.test("HyperparameterScheduler.restore() reads what version 1 wrote", () => {
  const scheduler = new HyperparameterScheduler({
    name: "x",
    schedule,
    set: () => {},
  });
  const state = { type: "HyperparameterScheduler", version: 1, name: "x" };
  scheduler.restore({ ...state, values: [1, 0.5, 0.25] } as never);
  assertEquals([scheduler.iteration, scheduler.value], [3, 0.125]);
  assertEquals(scheduler.history, {
    iterations: [1, 2, 3],
    x: [1, 0.5, 0.25],
  });
});

Deno.test("HyperparameterScheduler keeps at most historyLimit rows, whose mean is that of all batches", () => {
  const create = (historyLimit?: number) =>
    new HyperparameterScheduler({
      name: "x",
      schedule: (iteration) => iteration,
      set: () => {},
      historyLimit,
    });
  const bounded = create(100).apply();
  for (let batch = 0; batch < 5000; batch++) {
    bounded.step();
    assert(bounded.history.x.length < 100);
  }
  const { iterations, x } = bounded.history;
  assertEquals(bounded.iteration, 5000);
  assertEquals(iterations.at(-1), 5000);
  const sum = x.reduce(
    (total, value, row) =>
      total + value * (iterations[row] - (iterations[row - 1] ?? 0)),
    0,
  );
  assertEquals(sum, 5000 * 4999 / 2);
  assert(JSON.stringify(bounded).length < 3000);

  const other = create();
  other.restore(JSON.parse(JSON.stringify(bounded)));
  for (const each of [bounded, other]) {
    for (let batch = 0; batch < 777; batch++) each.step();
  }
  assertEquals(other.history, bounded.history);
  assertEquals(other.iteration, 5777);
});

Deno.test("HyperparameterScheduler refuses what it cannot set", () => {
  const set = () => {};
  for (
    const options of [
      { name: "iterations", schedule, set },
      { name: "", schedule, set },
      { name: "x", schedule: 1, set },
      { name: "x", schedule, set: undefined },
    ]
  ) {
    assertThrows(
      () => new HyperparameterScheduler(options as never),
      TypeError,
      "Cannot schedule a hyperparameter as",
    );
  }
  assertThrows(
    () =>
      new HyperparameterScheduler({
        name: "x",
        schedule,
        set,
        historyLimit: 3,
      }),
    RangeError,
    "historyLimit must be a whole number >= 16: current value is 3",
  );
  assertThrows(
    () =>
      new HyperparameterScheduler({ name: "x", schedule: () => NaN, set })
        .apply(),
    RangeError,
    "the value of x at iteration 0 must be finite: current value is NaN",
  );
});

Deno.test("HyperparameterScheduler counts a batch wholly or not at all", () => {
  const values: number[] = [];
  let isRefused = false;
  const at = (schedule: (iteration: number) => number) =>
    new HyperparameterScheduler({
      name: "x",
      schedule,
      set: (value) => {
        if (isRefused) throw new RangeError("refused");
        values.push(value);
      },
    });
  for (const unset of [false, true]) {
    isRefused = false;
    const x = at((t) => t < 2 || unset ? t : NaN).apply();
    x.step();
    const before = JSON.stringify(x);
    isRefused = unset;
    const message = unset ? "refused" : "at iteration 2 must be finite";
    assertThrows(() => x.step(), RangeError, message);
    assertEquals(JSON.stringify(x), before);
    const later = { ...x.toJSON(), iteration: 2 };
    assertThrows(() => x.restore(later), RangeError, message);
    assertEquals(JSON.stringify(x), before);
    if (unset) assertThrows(() => x.reset(), RangeError, message);
    assertEquals(JSON.stringify(x), before);
    assertEquals([x.iteration, x.history.x], [1, [0]]);
  }
  assertEquals(values, [0, 1, 0, 1]);
});
