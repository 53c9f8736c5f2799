/** What `Checkpointer` saves and keeps when a run is stopped or breaks. */

import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  HyperparameterScheduler,
  loadCheckpoint,
  ReduceLROnPlateau,
  saveCheckpoint,
  StopOnAbort,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

const xs = tf.randomNormal([8, 2], 0, 1, "float32", 1);
const ys = tf.tidy(() => xs.sum(1, true));

function createModel(): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [2],
        kernelInitializer: "zeros",
      }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

/** Where a signal may come in the second epoch of four, each of four batches. */
const MOMENTS = [
  "onEpochBegin",
  "onBatchBegin",
  "onBatchEnd",
  "validation",
  "onEpochEnd",
  "onTrainEnd",
] as const;

/** Aborts at a moment, standing before or behind the other callbacks. */
class Abort extends tf.Callback {
  #epoch = 0;

  constructor(
    readonly moment: typeof MOMENTS[number],
    readonly stop: AbortController,
  ) {
    super();
  }

  #at(moment: typeof MOMENTS[number], isMeant = this.#epoch === 1) {
    if (moment === this.moment && isMeant) this.stop.abort();
    return Promise.resolve();
  }

  override onEpochBegin(epoch: number) {
    this.#epoch = epoch;
    return this.#at("onEpochBegin");
  }

  override onBatchBegin(batch: number) {
    return this.#at("onBatchBegin", this.#epoch === 1 && batch === 2);
  }

  override onBatchEnd(batch: number) {
    return this.#at("onBatchEnd", this.#epoch === 1 && batch === 1);
  }

  validation() {
    return this.#at("validation");
  }

  override onEpochEnd() {
    return this.#at("onEpochEnd");
  }

  override onTrainEnd() {
    return this.#at("onTrainEnd", true);
  }
}

for (const moment of MOMENTS) {
  for (const isFirst of [true, false]) {
    Deno.test(
      `Checkpointer saves all that was trained when its signal is aborted in ${moment}, ${
        isFirst ? "before" : "after"
      } it looks`,
      () =>
        withFolder(async (folder) => {
          for (const batchesPerEpoch of [4, undefined]) {
            const stop = new AbortController();
            const abort = new Abort(moment, stop);
            const clr = new CyclicLR({ stepSize: 3 });
            const checkpointer = new Checkpointer(folder, {
              scheduler: clr,
              every: 1000,
              signal: stop.signal,
              replace: true,
            });
            const model = createModel();
            const batches = function* (count: number) {
              for (let i = 0; i < count; i++) {
                yield { xs: xs.clone(), ys: ys.clone() };
              }
            };
            const validationData = tf.data.generator(function* () {
              void abort.validation();
              yield* batches(1);
            });
            await model.fitDataset(
              tf.data.generator(() => batches(4)).repeat(
                batchesPerEpoch ? 4 : 1,
              ) as tf.data.Dataset<{ xs: tf.Tensor; ys: tf.Tensor }>,
              {
                epochs: 4,
                ...(batchesPerEpoch && { batchesPerEpoch }),
                validationData: validationData as never,
                verbose: 0,
                callbacks: [
                  ...(isFirst ? [abort] : []),
                  new StopOnAbort(stop.signal),
                  clr,
                  checkpointer,
                  ...(isFirst ? [] : [abort]),
                ],
              },
            );
            if (!isFirst && moment === "onTrainEnd") {
              // It was complete by then, and nothing follows.
              assertEquals(clr.totalIterations, 16);
              continue;
            }
            assert(stop.signal.aborted);
            const again = new CyclicLR();
            const restored = createModel();
            const checkpoint = await loadCheckpoint(folder);
            checkpoint!.restore({ model: restored, scheduler: again });
            assertEquals(again.totalIterations, clr.totalIterations);
            assertEquals(again.history, clr.history);
            for (const [i, weight] of restored.getWeights().entries()) {
              assertEquals(
                weight.arraySync(),
                model.getWeights()[i].arraySync(),
              );
            }
            // Saved once: an epoch that was cut has no row of its own.
            const whole = Math.floor(clr.totalIterations / 4);
            assertEquals(again.epochHistory.epochs.length, whole);
          }
        }),
    );
  }
}

Deno.test("Checkpointer keeps the last checkpoint of a finite loss while losses are not", () =>
  withFolder(async (folder) => {
    /** Trains so many batches, at a rate at which weights overflow. */
    const train = async (rate: number, batches: number) => {
      const model = createModel();
      const scheduler = new LearningRateScheduler(() => rate);
      const checkpoint = await loadCheckpoint(folder);
      checkpoint?.restore({ model, scheduler });
      for (let i = 0; i < batches; i++) {
        await model.fit(xs, ys, {
          verbose: 0,
          callbacks: [
            scheduler,
            new Checkpointer(folder, { scheduler, every: 1 }),
          ],
        });
      }
      return scheduler;
    };
    const numbers = () =>
      namesIn(folder).filter((name) => name.startsWith("checkpoint-"))
        .map((name) => Number(name.slice(-6)));
    await train(0.01, 3);
    assertEquals(numbers(), [2, 3]);
    const { history } = await train(1e30, 6);
    // The weights broke in the fourth batch, whose own loss is from before.
    assertEquals(history.loss.map(Number.isFinite).indexOf(false), 4);
    assertEquals(numbers(), [3, 4, 8, 9]);
    // Another process that goes on from there keeps them as well.
    await train(1e30, 3);
    assertEquals(numbers(), [3, 4, 11, 12]);
    // Whoever goes on from before has the usual number again.
    for (const number of ["04", "11", "12"]) {
      await Deno.remove(`${folder}/checkpoint-0000${number}`, {
        recursive: true,
      });
    }
    const { history: again } = await train(0, 3);
    assert(again.loss.every(Number.isFinite));
    assertEquals(numbers(), [5, 6]);
  }));

Deno.test("Checkpointer refuses to stand before what sets a number that it saves", () =>
  withFolder(async (folder) => {
    const scheduler = new CyclicLR({ stepSize: 4 });
    const others = {
      plateau: new ReduceLROnPlateau({ monitor: "loss", scheduler }),
      decay: new HyperparameterScheduler({
        name: "decay",
        schedule: () => 0.5,
        set: () => {},
      }),
    };
    const saver = new Checkpointer(folder, { scheduler, every: 1 });
    const model = createModel();
    const fit = (callbacks: tf.Callback[]) =>
      model.fit(xs, ys, { verbose: 0, callbacks });
    for (const [name, other] of Object.entries(others)) {
      await assertRejects(
        () => fit([scheduler, saver, other]),
        TypeError,
        `pass callbacks: [scheduler, ${name}, checkpointer]`,
      );
      assertEquals(await loadCheckpoint(folder), undefined);
    }
    await fit([scheduler, ...Object.values(others), saver]);
    assertEquals((await loadCheckpoint(folder))?.iteration, 1);
  }));

Deno.test("Checkpointer refuses a second model, whose checkpoints would take the place of the first's", () =>
  withFolder(async (folder) => {
    const scheduler = new CyclicLR({ stepSize: 4 });
    const saver = new Checkpointer(folder, { scheduler, every: 1 });
    const [one, two] = [createModel(), createModel()];
    const fit = (model: tf.Sequential) =>
      model.fit(xs, ys, { verbose: 0, callbacks: [scheduler, saver] });
    await fit(one);
    await assertRejects(() => fit(two), TypeError, "must be of one model");
    assertEquals((await loadCheckpoint(folder))?.iteration, 1);
    // Compiled anew it is the same.
    one.compile({ optimizer: "adam", loss: "meanSquaredError" });
    await fit(one);
    assertEquals((await loadCheckpoint(folder))?.iteration, 2);
  }));

Deno.test("Checkpointer and ReduceLROnPlateau go with a loop that calls the hooks itself", () =>
  withFolder(async (folder) => {
    const model = createModel();
    const scheduler = new CyclicLR({ stepSize: 4 });
    const plateau = new ReduceLROnPlateau({ monitor: "loss", scheduler });
    const saver = new Checkpointer(folder, { scheduler, every: 2 });
    const callbacks = [scheduler, plateau, saver];
    for (const callback of callbacks) {
      callback.setModel(model);
      await callback.onTrainBegin();
    }
    for (const callback of callbacks) await callback.onEpochBegin(0);
    for (let batch = 0; batch < 4; batch++) {
      const loss = await model.trainOnBatch(xs, ys) as number;
      for (const callback of callbacks) await callback.onBatchBegin(batch);
      for (const callback of callbacks) {
        await callback.onBatchEnd(batch, { loss });
      }
    }
    for (const callback of callbacks) await callback.onEpochEnd(0, { loss: 1 });
    for (const callback of callbacks) await callback.onTrainEnd();
    assertEquals((await loadCheckpoint(folder))?.iteration, 4);
    assertEquals(plateau.history.value, [1]);
    // Alone, it sets the rate of the optimizer.
    const alone = new ReduceLROnPlateau({ monitor: "loss" });
    alone.setModel(createModel());
    await alone.onTrainBegin();
    await alone.onEpochBegin();
    await alone.onEpochEnd(0, { loss: 1 });
    assertEquals(alone.best, 1);
  }));

/** Trains for a batch an epoch and saves each. */
async function trainInto(
  folder: string,
  { model = createModel(), scheduler = new CyclicLR(), epochs = 1, replace }: {
    readonly model?: tf.Sequential;
    readonly scheduler?: CyclicLR;
    readonly epochs?: number;
    readonly replace?: boolean;
  } = {},
): Promise<void> {
  await model.fit(xs, ys, {
    epochs,
    verbose: 0,
    callbacks: [
      scheduler,
      new Checkpointer(folder, { scheduler, every: 1, replace }),
    ],
  });
}

Deno.test("Checkpointer and saveCheckpoint() lose no checkpoint of a run that they do not go on from", () =>
  withFolder(async (folder) => {
    await trainInto(folder, { epochs: 4 });
    const kept = namesIn(folder);
    const model = createModel();
    const before = model.getWeights().map((weight) => weight.arraySync());
    // Whether its path is that of the first or not.
    await Deno.symlink(folder, `${folder}-link`);
    try {
      for (const named of [folder, `${folder}-link`, `${folder}/`]) {
        for (
          const save of [
            () => trainInto(named, { model }),
            () => saveCheckpoint(named, { model }),
          ]
        ) {
          const { message } = await assertRejects(save, CheckpointError);
          for (
            const part of [
              `${named}/checkpoint-000004, after 4 iterations, is of another`,
              "loadCheckpoint",
              "another folder",
              "replace: true",
            ]
          ) assertStringIncludes(message, part);
        }
      }
    } finally {
      await Deno.remove(`${folder}-link`);
    }
    assertEquals(namesIn(folder), kept);
    // Before its first batch.
    assertEquals(
      model.getWeights().map((weight) => weight.arraySync()),
      before,
    );
    const scheduler = new CyclicLR();
    (await loadCheckpoint(folder))!.restore({ model, scheduler });
    await trainInto(folder, { model, scheduler });
    await saveCheckpoint(folder, { model });
  }));

Deno.test("Checkpointer with replace removes another run's checkpoints once it has one of its own", () =>
  withFolder(async (folder) => {
    await trainInto(folder, { epochs: 4 });
    const first = createModel();
    (await loadCheckpoint(folder))!.restore({ model: first });
    const model = createModel();
    const scheduler = new CyclicLR();
    const checkpointer = new Checkpointer(folder, {
      scheduler,
      every: 2,
      replace: true,
    });
    const fit = (epochs: number) =>
      model.fit(xs, ys, {
        epochs,
        verbose: 0,
        callbacks: [scheduler, checkpointer],
      });
    const checkpoints = () =>
      namesIn(folder).filter((name) => name.startsWith("checkpoint-"));
    await fit(1);
    assertEquals(checkpoints(), ["checkpoint-000003", "checkpoint-000004"]);
    await fit(1);
    assertEquals(checkpoints(), ["checkpoint-000005"]);
    await fit(2);
    assertEquals(checkpoints(), ["checkpoint-000005", "checkpoint-000006"]);
    // What came to be after it began is not meant.
    await saveCheckpoint(folder, { model: first }, { replace: true });
    await assertRejects(() => fit(2), CheckpointError, "is of another");
    assertEquals(checkpoints(), ["checkpoint-000007"]);
  }));
