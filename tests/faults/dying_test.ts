/** A process that is killed at any operation on a file loses nothing. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  CycleSnapshots,
  ExponentialMovingAverage,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../_folder.ts";
import { dyingAfter } from "./_dying_files.ts";

await tf.setBackend("cpu");

/** A run with all that a checkpoint holds. */
class Run implements Disposable {
  readonly model: tf.Sequential = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], name: "dense" })],
  });
  readonly averages: ExponentialMovingAverage;
  readonly snapshots: CycleSnapshots;
  readonly scheduler: CyclicLR;

  constructor() {
    this.model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    this.averages = new ExponentialMovingAverage(this.model);
    this.snapshots = new CycleSnapshots(this.model, { keep: 2 });
    this.scheduler = new CyclicLR({
      stepSize: 1,
      onCycleEnd: ({ cycle }) => this.snapshots.take(Math.sin(cycle)),
    }).attach(this.model.optimizer);
  }

  async train(batches: number): Promise<void> {
    for (let i = 0; i < batches; i++) {
      const x = tf.tensor2d([[Math.sin(this.scheduler.totalIterations)]]);
      const loss = await this.model.trainOnBatch(x, x) as number;
      this.averages.update();
      this.scheduler.step({ loss });
      x.dispose();
    }
  }

  async save(folder: string): Promise<void> {
    await saveCheckpoint(folder, this, { data: this.scheduler.iteration });
  }

  /** All that there is, as text. */
  state(): string {
    const weights = () =>
      JSON.stringify(this.model.getWeights().map((one) => one.arraySync()));
    const last = this.snapshots.count > 0 &&
      (this.snapshots.predict(tf.ones([1, 1])) as tf.Tensor).arraySync();
    const { bestScore } = this.snapshots;
    return JSON.stringify([
      ...[weights(), this.averages.use(weights), this.averages.updates],
      ...[this.scheduler, last, bestScore],
    ]);
  }

  [Symbol.dispose](): void {
    this.averages[Symbol.dispose]();
    this.snapshots[Symbol.dispose]();
    this.model.dispose();
  }
}

Deno.test("saveCheckpoint() that is killed at any operation leaves a whole checkpoint, of this moment or the one before", async () => {
  let isDone = false;
  let operations = 0;
  for (; !isDone; operations++) {
    await withFolder(async (folder) => {
      using run = new Run();
      const states: string[] = [];
      for (let i = 0; i < 3; i++) {
        await run.train(2);
        states.push(run.state());
        await run.save(folder);
      }
      await run.train(2);
      states.push(run.state());
      isDone = await dyingAfter(operations, () => run.save(folder));

      using again = new Run();
      const { scheduler } = again;
      const checkpoint = await loadCheckpoint(folder);
      assertEquals(checkpoint!.damaged, [], `${operations}`);
      checkpoint!.restore(again);
      const saved = scheduler.totalIterations / 2;
      assert(saved === 4 || saved === 3 && !isDone, `${operations}`);
      assertEquals(again.state(), states[saved - 1], `${operations}`);

      // It goes on, and sweeps what was left.
      await again.train(2);
      await again.save(folder);
      using last = new Run();
      const newest = await loadCheckpoint(folder);
      newest!.restore(last);
      assertEquals(last.state(), again.state(), `${operations}`);
      const names = namesIn(folder);
      assertEquals(names.filter((name) => name.endsWith(".part")), []);
      const needed = names.filter((name) => name.startsWith("history-"));
      assert(needed.length <= 2, `${operations}: ${names}`);
    });
  }
  assert(operations > 20, `${operations} operations`);
});
