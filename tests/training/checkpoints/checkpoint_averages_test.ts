import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  CycleSnapshots,
  ExponentialMovingAverage,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 3,
        inputShape: [2],
        kernelInitializer: tf.initializers.randomNormal({ seed: 3 }),
      }),
      tf.layers.batchNormalization(),
      tf.layers.dense({
        units: 1,
        kernelInitializer: tf.initializers.randomNormal({ seed: 4 }),
      }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
  return model;
}

/** A run with averages and snapshots of a model of its own. */
class Run {
  readonly model = createModel();
  readonly averages = new ExponentialMovingAverage(this.model, { decay: 0.8 });
  readonly snapshots = new CycleSnapshots(this.model, { keep: 2 });
  readonly clr = new CyclicLR({
    stepSize: 2,
    // The first is the best, and is dropped from the last two.
    onCycleEnd: ({ cycle }) => this.snapshots.take(1 / cycle),
  }).attach(this.model.optimizer);

  get subject() {
    const { model, clr: scheduler, averages, snapshots } = this;
    return { model, scheduler, averages, snapshots };
  }

  async train(batches: number): Promise<void> {
    for (let i = 0; i < batches; i++) {
      const t = this.clr.totalIterations;
      const xs = tf.randomNormal<tf.Rank.R2>([5, 2], 0, 1, "float32", t + 1);
      const ys = tf.tidy(() => xs.sum(1, true).sin());
      await this.model.trainOnBatch(xs, ys);
      this.clr.step();
      this.averages.update();
      tf.dispose([xs, ys]);
    }
  }

  get weights(): number[] {
    return this.model.getWeights().flatMap((weight) => [...weight.dataSync()]);
  }

  get averaged(): number[] {
    return this.averages.use(() => this.weights);
  }

  /** What the last snapshots predict, and what the best is. */
  get snapped(): unknown {
    const own = this.model.getWeights().map((weight) => weight.clone());
    const predicted = [1, 2].map((last) =>
      (this.snapshots.predict(tf.ones([2, 2]), { last }) as tf.Tensor)
        .arraySync()
    );
    this.snapshots.useBest();
    const best = this.weights;
    this.model.setWeights(own);
    tf.dispose(own);
    const { count, bestScore } = this.snapshots;
    return { predicted, best, count, bestScore };
  }

  [Symbol.dispose](): void {
    this.averages[Symbol.dispose]();
    this.snapshots[Symbol.dispose]();
    this.model.optimizer.dispose();
    this.model.dispose();
  }
}

Deno.test("Checkpoint.restore() lets averages and snapshots go on bit for bit", () =>
  withFolder(async (folder) => {
    using run = new Run();
    await run.train(14);
    await saveCheckpoint(folder, run.subject);
    await run.train(5);

    using other = new Run();
    await other.train(3);
    const before = tf.memory().numTensors;
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore(other.subject);
    // Three snapshots of every weight are held now, where there was none.
    const held = 3 * other.model.weights.length;
    assertEquals(tf.memory().numTensors, before + held);
    checkpoint.restore(other.subject);
    assertEquals(tf.memory().numTensors, before + held);
    await other.train(5);
    assertEquals(other.weights, run.weights);
    assertEquals(other.averaged, run.averaged);
    assertNotEquals(other.averaged, run.weights);
    assertEquals(other.averages.updates, 19);
    assertEquals(other.snapped, run.snapped);
  }));

Deno.test("loadCheckpoint() reads averages and snapshots of version 2", async () => {
  const folder = new URL("fixtures/checkpoint_v2", import.meta.url).pathname;
  const expected = JSON.parse(
    await Deno.readTextFile(`${folder}/expected.json`),
  );
  using run = new Run();
  const checkpoint = (await loadCheckpoint(folder))!;
  checkpoint.restore(run.subject);
  assertEquals(checkpoint.damaged, []);
  assertEquals(run.weights, expected.weights);
  assertEquals(run.averaged, expected.averaged);
  assertEquals(run.averages.updates, expected.updates);
  assertEquals(run.snapped, expected.snapped);
  assertEquals(JSON.parse(JSON.stringify(run.clr)), expected.history);
  // What is saved next has the snapshots in files of their own.
  await withFolder(async (other) => {
    await saveCheckpoint(other, run.subject);
    using again = new Run();
    (await loadCheckpoint(other))!.restore(again.subject);
    assertEquals(again.snapped, expected.snapped);
  });
});

Deno.test("Checkpoint.restore() gives averages to weights by name, however frozen", () =>
  withFolder(async (folder) => {
    using run = new Run();
    await run.train(6);
    await saveCheckpoint(folder, run.subject);
    const other = createModel();
    other.layers[0].trainable = false;
    using averages = new ExponentialMovingAverage(other, { decay: 0.8 });
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore({ model: other, averages }, { optimizer: false });
    other.layers[0].trainable = true;
    const restored = averages.use(() =>
      other.getWeights().flatMap((weight) => [...weight.dataSync()])
    );
    assertEquals(restored, run.averaged);
    other.dispose();
  }));

Deno.test("Checkpoint.restore() refuses averages that were not saved, changing nothing", () =>
  withFolder(async (folder) => {
    using run = new Run();
    await run.train(3);
    const { model, scheduler, averages, snapshots } = run.subject;
    await saveCheckpoint(folder, { model, scheduler });
    await run.train(2);
    const { weights } = run;
    const checkpoint = (await loadCheckpoint(folder))!;
    for (
      const [extra, message] of [
        [{ averages }, "it must hold averages: it was saved without"],
        [{ snapshots }, "it must hold snapshots: it was saved without"],
      ] as const
    ) {
      assertThrows(
        () => checkpoint.restore({ model, scheduler, ...extra }),
        CheckpointError,
        message,
      );
    }
    assertEquals(run.weights, weights);
    assertEquals(scheduler.totalIterations, 5);
  }));

Deno.test("saveCheckpoint() refuses averages in use and those of another model", () =>
  withFolder(async (folder) => {
    using run = new Run();
    using other = new Run();
    const { model, averages } = run;
    averages.swap();
    await assertRejects(
      () => saveCheckpoint(folder, { model, averages }),
      TypeError,
      "Cannot save a checkpoint as the model must have its own weights: current value is the averages",
    );
    averages.swap();
    await assertRejects(
      () => saveCheckpoint(folder, { model, averages: other.averages }),
      TypeError,
      "its averages must be of the model's weights",
    );
    await assertRejects(
      () => saveCheckpoint(folder, { model, snapshots: other.snapshots }),
      TypeError,
      "its snapshots must be of its model",
    );
    const lone = new ExponentialMovingAverage([
      model.weights[0].read() as tf.Variable,
    ]);
    await saveCheckpoint(folder, { model, averages: lone });
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore({ model, averages: lone });
    assertThrows(
      () => checkpoint.restore({ model, averages }),
      CheckpointError,
      "its averages must be of the same weights: it has none of",
    );
    lone[Symbol.dispose]();
    await assertRejects(
      () => saveCheckpoint(folder, { model, ema: averages } as never),
      TypeError,
      'among model, scheduler, averages, snapshots: current value has "ema"',
    );
  }));

Deno.test("Checkpointer saves averages, and refuses to stand before them", () =>
  withFolder(async (folder) => {
    using run = new Run();
    const { model, clr, averages } = run;
    const xs = tf.ones([6, 2]);
    const ys = tf.zeros([6, 1]);
    const checkpointer = new Checkpointer(folder, {
      scheduler: clr,
      averages,
      every: 2,
    });
    const fit = (callbacks: tf.Callback[]) =>
      model.fit(xs, ys, { batchSize: 2, verbose: 0, callbacks });
    await fit([clr, averages, checkpointer]);
    const checkpoint = (await loadCheckpoint(folder))!;
    assertEquals(checkpoint.iteration, 2);
    using other = new Run();
    checkpoint.restore({ model: other.model, averages: other.averages });
    assertEquals(other.averages.updates, 2);
    assert(!other.averages.inUse);
    await assertRejects(
      () => fit([clr, checkpointer, averages]),
      TypeError,
      "pass callbacks: [scheduler, averages, checkpointer]",
    );
    tf.dispose([xs, ys]);
  }));
