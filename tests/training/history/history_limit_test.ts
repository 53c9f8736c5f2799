import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { loadCheckpoint, OneCycleLR, saveCheckpoint } from "@clr/clr/training";
import { Recorder } from "../../../src/training/history/recorder.ts";
import type { History } from "../../../src/training/history/history.ts";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

/** The batches that each row stands for. */
function batchesOf(history: History): number[] {
  const { iterations } = history;
  return iterations.map((end, row) =>
    end - (row === 0 ? 0 : iterations[row - 1])
  );
}

/** The mean of a column over all batches, those without a value left out. */
function meanOf(history: History, name: string): number {
  const batches = batchesOf(history);
  let [sum, count] = [0, 0];
  history[name].forEach((value, row) => {
    if (Number.isNaN(value)) return;
    sum += value * batches[row];
    count += batches[row];
  });
  return sum / count;
}

Deno.test("historyLimit bounds the rows, and leaves every mean what it is", () => {
  fc.assert(fc.property(
    fc.integer({ min: 16, max: 200 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: 1, max: 100 }),
    (limit, batches, seed) => {
      const rows = new Recorder<History>(["iterations", "lr"]);
      rows.limit = limit;
      let sum = 0;
      for (let t = 0; t < batches; t++) {
        const loss = ((t * 7919 + seed) % 1000) / 100;
        sum += loss;
        rows.add({ iterations: t + 1, lr: t * 0.001 }, { loss });
        assert(rows.columns.iterations.length < limit);
      }
      const { columns } = rows;
      assertEquals(columns.iterations.at(-1), batches);
      assertAlmostEquals(meanOf(columns, "loss"), sum / batches, 1e-9);
      // The rate of a row's last batch, to the bit.
      columns.iterations.forEach((iteration, row) =>
        assertEquals(columns.lr[row], (iteration - 1) * 0.001)
      );
      const sizes = batchesOf(columns);
      assert(sizes.every((size) => size >= 1));
      // All but what is recent has rows alike, of a power of two.
      const largest = Math.max(...sizes);
      assertEquals(2 ** Math.round(Math.log2(largest)), largest);
      assert(batches < limit || largest <= 4 * batches / limit * 2);
    },
  ));
});

Deno.test("historyLimit keeps a NaN loss in sight, and takes means of what is logged seldom", () => {
  const rows = new Recorder<History>(["iterations", "lr"]);
  rows.limit = 16;
  for (let t = 0; t < 100; t++) {
    rows.add({ iterations: t + 1, lr: 0 }, {
      loss: t === 40 ? NaN : 1,
      ...(t % 10 === 0 && { norm: t }),
    });
  }
  const { iterations, loss, norm } = rows.columns;
  const bad = loss.findIndex(Number.isNaN);
  assert(iterations[bad] >= 41 && (iterations[bad - 1] ?? 0) < 41);
  assertEquals(loss.filter(Number.isNaN).length, 1);
  assert(norm.some((value) => value > 0));
  // The first row is of 16 batches, two of which have a norm: 0 and 10.
  assertEquals(norm[0], 5);
});

Deno.test("historyLimit lets a run that goes on record what one at once does", () =>
  withFolder(async (folder) => {
    const create = () =>
      new CyclicLR({ stepSize: 7, historyLimit: 20 })
        .attach(tf.train.sgd(0.1));
    const train = (clr: LearningRateScheduler, batches: number) => {
      for (let i = 0; i < batches; i++) {
        clr.step({ loss: Math.sin(clr.totalIterations) });
      }
    };
    const whole = create();
    train(whole, 333);

    const parts = create();
    train(parts, 111);
    const again = CyclicLR.fromJSON(JSON.stringify(parts))
      .attach(tf.train.sgd(0.1));
    train(again, 222);
    assertEquals(again.history, whole.history);

    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const saved = create();
    for (let i = 0; i < 37; i++) {
      train(saved, 3);
      await saveCheckpoint(folder, { model, scheduler: saved });
    }
    const restored = create();
    (await loadCheckpoint(folder))!.restore({ model, scheduler: restored });
    assertEquals(restored.history, saved.history);
    train(restored, 222);
    assertEquals(restored.history, whole.history);
    // What is thinned while it is written is saved as it was.
    let isSaved = false;
    const pending = saveCheckpoint(folder, { model, scheduler: restored })
      .then(() => isSaved = true);
    while (!isSaved) {
      train(restored, 50);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await pending;
    const late = create();
    (await loadCheckpoint(folder))!.restore({ model, scheduler: late });
    const expected = create();
    train(expected, late.totalIterations);
    assertEquals(late.history, expected.history);
    model.dispose();
  }));

Deno.test("historyLimit bounds memory and JSON, however long the run", () => {
  const clr = new CyclicLR({ historyLimit: 1000 }).attach(tf.train.sgd(0.1));
  for (let t = 0; t < 200_000; t++) clr.step({ loss: 1 / (t + 1), acc: 0.5 });
  assert(clr.history.iterations.length < 1000);
  assert(JSON.stringify(clr).length < 100_000);
  assertEquals(clr.totalIterations, 200_000);
});

Deno.test("historyLimit is an option of every scheduler, refused when too small", () => {
  const made = [
    new LearningRateScheduler(() => 0.1, { historyLimit: 16 }),
    new CyclicLR({ historyLimit: 16 }),
    new OneCycleLR({ maxLr: 1, iterations: 200, historyLimit: 16 }),
  ];
  for (const scheduler of made) {
    scheduler.attach(tf.train.sgd(0.1));
    for (let t = 0; t < 100; t++) scheduler.step({ loss: 1 });
    assert(scheduler.history.iterations.length < 16);
  }
  for (const historyLimit of [15, 0, 20.5, NaN]) {
    assertThrows(
      () => new CyclicLR({ historyLimit }),
      RangeError,
      `Cannot record a history as historyLimit must be a whole number >= 16: current value is ${historyLimit}`,
    );
  }
  assertThrows(
    () => new LearningRateScheduler(() => 0.1, { history: 20 } as never),
    TypeError,
    "Cannot create a learning-rate scheduler as its options must be among historyLimit",
  );
});

Deno.test("historyLimit lets a run that goes on take the same means of what is logged seldom", () => {
  const train = (resumeAt?: number) => {
    const optimizer = tf.train.sgd(0.1);
    const create = () =>
      new LearningRateScheduler(() => 1, { historyLimit: 16 });
    let scheduler = create().attach(optimizer);
    for (let t = 0; t < 120; t++) {
      if (t === resumeAt) {
        const state = JSON.parse(JSON.stringify(scheduler));
        scheduler = create();
        scheduler.restore(state);
        scheduler.attach(optimizer);
      }
      scheduler.step(t % 3 === 0 ? { loss: t, seldom: t } : { loss: t });
    }
    return scheduler.toJSON();
  };
  const whole = train();
  for (let t = 1; t < 120; t++) assertEquals(train(t), whole);
});
