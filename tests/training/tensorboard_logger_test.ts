import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { TensorBoardLogger } from "@clr/clr/training";
import { maskedCrc } from "../../src/training/_event_file.ts";
import { pointsOf, readEvents } from "./_event_reader.ts";
import { createLine } from "./_line.ts";

async function inFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("maskedCrc() masks the published check value of CRC-32C", () => {
  const crc = 0xe3069283;
  const rotated = (crc >>> 15 | crc << 17) >>> 0;
  assertEquals(
    maskedCrc(new TextEncoder().encode("123456789")),
    (rotated + 0xa282ead8) % 2 ** 32,
  );
});

Deno.test("TensorBoardLogger writes every batch and epoch of fit() once, over two calls", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 3 });
    await using logger = new TensorBoardLogger(folder, { scheduler: clr });
    const options = {
      batchSize: 2,
      epochs: 2,
      verbose: 0 as const,
      validationData: [xs, ys] as [tf.Tensor, tf.Tensor],
      callbacks: [clr, logger],
    };
    const before = tf.memory().numTensors;
    await model.fit(xs, ys, options);
    await model.fit(xs, ys, options);
    assertEquals(tf.memory().numTensors, before);
    const [first, ...events] = await readEvents(logger.path!);
    assertEquals(first.version, "brain.Event:2");
    assert(Math.abs(first.seconds - Date.now() / 1000) < 60);
    const batches = events.filter(({ scalars }) => "batch/lr" in scalars);
    assertEquals(batches.map(({ step }) => step), clr.history.iterations);
    for (const name of ["lr", "loss"]) {
      assertEquals(
        batches.map(({ scalars }) => scalars[`batch/${name}`]),
        Array.from(clr.history[name], Math.fround),
      );
    }
    const epochs = events.filter(({ scalars }) => "epoch/loss" in scalars);
    assertEquals(epochs.map(({ step }) => step), clr.epochHistory.iterations);
    assertEquals(
      epochs.map(({ scalars }) => scalars["epoch/val_loss"]),
      Array.from(clr.epochHistory.val_loss, Math.fround),
    );
    assertEquals(events.length, batches.length + epochs.length);
  }));

Deno.test("TensorBoardLogger logs from a loop of one's own, and texts and range tests", () =>
  inFolder(async (folder) => {
    const logger = new TensorBoardLogger(`${folder}/new/run`);
    assertEquals(logger.path, undefined);
    const loss = tf.scalar(0.5);
    await Promise.all([
      logger.log(2 ** 40, { loss, nan: NaN, acc: 0.25, none: undefined }),
      logger.text("plan", "# Plan\n\nÜber 1 → 2"),
      logger.logRange({
        learningRates: [0.125, 0.25],
        losses: [2, 1],
        metrics: { acc: [0.5, 1] },
      }),
    ]);
    loss.dispose();
    const events = (await readEvents(logger.path!)).slice(1);
    assertEquals(events.map(({ step }) => step), [2 ** 40, 0, 0, 1]);
    assertEquals(events[0].scalars, { loss: 0.5, nan: NaN, acc: 0.25 });
    assertEquals(events[1].texts, { plan: "# Plan\n\nÜber 1 → 2" });
    assertEquals(events[3].scalars, {
      "range/learning_rate": 0.25,
      "range/loss": 1,
      "range/acc": 1,
    });
  }));

Deno.test("TensorBoardLogger writes a file of its own, and leaves out what a resumed run has logged", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const run = async (clr: CyclicLR) => {
      const logger = new TensorBoardLogger(folder, { scheduler: clr });
      await model.fit(xs, ys, {
        batchSize: 2,
        verbose: 0,
        callbacks: [clr, logger],
      });
      return (await readEvents(logger.path!)).flatMap(({ step, scalars }) =>
        "batch/lr" in scalars ? [step] : []
      );
    };
    const first = new CyclicLR({ stepSize: 3 });
    const steps = await run(first);
    const again = await run(CyclicLR.fromJSON(JSON.stringify(first)));
    assertEquals(again, steps.map((step) => step + steps.length));
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  }));

Deno.test("TensorBoardLogger writes batches as they are trained, where it is told to wait for none", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 3 });
    const logger = new TensorBoardLogger(folder, {
      scheduler: clr,
      flushSeconds: 0,
    });
    const written: number[] = [];
    const watcher = new tf.CustomCallback({
      onBatchEnd: async () => {
        const events = await readEvents(logger.path!);
        written.push(pointsOf(events, "batch/lr").steps.length);
      },
    });
    await model.fit(xs, ys, {
      batchSize: 2,
      epochs: 2,
      verbose: 0,
      callbacks: [clr, logger, watcher],
    });
    assertEquals(written, clr.history.iterations.map((_, i) => i + 1));
  }));

Deno.test("TensorBoardLogger writes a history that is thinned meanwhile, no iteration twice", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 3, historyLimit: 16 });
    const logger = new TensorBoardLogger(folder, { scheduler: clr });
    await model.fit(xs, ys, {
      batchSize: 1,
      epochs: 9,
      verbose: 0,
      callbacks: [clr, logger],
    });
    const steps = (await readEvents(logger.path!)).flatMap((
      { step, scalars },
    ) => "batch/lr" in scalars ? [step] : []);
    assertEquals(steps, [...new Set(steps)].sort((a, b) => a - b));
    assertEquals(steps.at(-1), 72);
    // Each epoch's eight batches are less than are thinned at a time.
    assert(steps.length > 16 && steps.length <= 72, `${steps.length} steps`);
  }));

Deno.test("TensorBoardLogger's file of 20,000 steps is read as it was logged", () =>
  inFolder(async (folder) => {
    const clr = new CyclicLR({ stepSize: 7, mode: "exp_range" });
    const logger = new TensorBoardLogger(folder, { scheduler: clr });
    const { model } = createLine();
    clr.attach(model.optimizer);
    // As fit does, whose batches would take minutes.
    logger.setModel(model);
    await logger.onTrainBegin();
    for (let i = 0; i < 20_000; i++) clr.step({ loss: Math.sin(i) / (1 + i) });
    await logger.onTrainEnd();
    const events = await readEvents(logger.path!);
    for (const name of ["lr", "loss"]) {
      assertEquals(pointsOf(events, `batch/${name}`), {
        steps: clr.history.iterations,
        values: Array.from(clr.history[name], Math.fround),
      });
    }
  }));

Deno.test("TensorBoardLogger says what it cannot log and where it cannot write", () =>
  inFolder(async (folder) => {
    assertThrows(() => new TensorBoardLogger(""), TypeError, "folder must be");
    assertThrows(
      () => new TensorBoardLogger(folder, { flushSeconds: -1 }),
      RangeError,
      "flushSeconds must be >= 0",
    );
    const logger = new TensorBoardLogger(folder);
    for (const step of [-1, 0.5, NaN]) {
      await assertRejects(
        () => logger.log(step, {}),
        RangeError,
        "step must be",
      );
    }
    await Deno.writeTextFile(`${folder}/file`, "");
    const blocked = new TensorBoardLogger(`${folder}/file/logs`);
    await assertRejects(() => blocked.log(1, { loss: 1 }), Error);
    await assertRejects(() => blocked.flush(), Error);
  }));

Deno.test("TensorBoardLogger says where a run goes on that had logged more before it was killed", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const run = async (
      options: { scheduler?: CyclicLR; initialEpoch?: number; text?: boolean },
    ) => {
      const { scheduler, initialEpoch = 0 } = options;
      const logger = new TensorBoardLogger(folder, { scheduler });
      if (options.text) await logger.text("plan", "as before");
      for (const epochs of [initialEpoch + 1, initialEpoch + 2]) {
        await model.fit(xs, ys, {
          batchSize: 2,
          initialEpoch: epochs - 1,
          epochs,
          verbose: 0,
          callbacks: scheduler ? [logger, scheduler] : [logger],
        });
      }
      return (await readEvents(logger.path!)).flatMap(({ step, starts }) =>
        starts ? [step] : []
      );
    };
    const scheduler = new CyclicLR({ stepSize: 3 });
    assertEquals(await run({ scheduler }), []);
    const { totalIterations } = scheduler;
    // Once, whether or not the file is there, however often fit() is called.
    for (const text of [true, false]) {
      const again = CyclicLR.fromJSON(JSON.stringify(scheduler));
      assertEquals(await run({ scheduler: again, text }), [
        totalIterations + 1,
      ]);
    }
    assertEquals(await run({}), []);
    assertEquals(await run({ initialEpoch: 3 }), [4]);
  }));

Deno.test("TensorBoardLogger counts the epochs of fits that follow each other on", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const logger = new TensorBoardLogger(folder);
    const fit = (epochs: number, initialEpoch = 0) =>
      model.fit(xs, ys, {
        epochs,
        initialEpoch,
        verbose: 0,
        callbacks: [logger],
      });
    await fit(2);
    await fit(1);
    await fit(6, 4);
    const events = (await readEvents(logger.path!)).slice(1);
    assertEquals(events.map(({ step }) => step), [1, 2, 3, 5, 6]);
  }));

Deno.test("TensorBoardLogger logs what is trained again from an earlier checkpoint", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 3 });
    const beginning = clr.toJSON();
    const logger = new TensorBoardLogger(folder, { scheduler: clr });
    const fit = () =>
      model.fit(xs, ys, {
        batchSize: 4,
        verbose: 0,
        callbacks: [clr, logger],
      });
    await fit();
    const earlier = clr.toJSON();
    await fit();
    for (const state of [earlier, beginning]) {
      clr.restore(state);
      await fit();
    }
    const events = (await readEvents(logger.path!)).slice(1);
    const told = events.flatMap<number | string>(({ step, starts, scalars }) =>
      starts ? [`from ${step}`] : "batch/lr" in scalars ? [step] : []
    );
    assertEquals(told, [1, 2, 3, 4, "from 3", 3, 4, "from 1", 1, 2]);
  }));

Deno.test("TensorBoardLogger refuses a range test with losses of fewer rates", () =>
  inFolder(async (folder) => {
    const logger = new TensorBoardLogger(folder);
    const learningRates = [0.125, 0.25];
    for (
      const [range, fault] of [
        [{ learningRates, losses: [1] }, "losses must have 2 numbers"],
        [
          { learningRates, losses: [1, 2], metrics: { acc: [] } },
          "metrics.acc must have 2 numbers",
        ],
      ] as const
    ) {
      await assertRejects(() => logger.logRange(range), TypeError, fault);
    }
    assertEquals(logger.path, undefined);
  }));
