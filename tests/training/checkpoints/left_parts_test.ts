/** Parts of a run that were saved and not restored with its model. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  CycleSnapshots,
  ExponentialMovingAverage,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

/** A run with every part that a checkpoint may have. */
function createRun() {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return {
    model,
    scheduler: new CyclicLR({ stepSize: 2 }),
    averages: new ExponentialMovingAverage(model),
    snapshots: new CycleSnapshots(model),
  };
}

type Run = ReturnType<typeof createRun>;

async function fit(run: Run, ...others: tf.Callback[]): Promise<void> {
  const [xs, ys] = [tf.ones([4, 2]), tf.ones([4, 1])];
  const { model, scheduler, averages } = run;
  await model.fit(xs, ys, {
    batchSize: 1,
    verbose: 0,
    callbacks: [scheduler, averages, ...others],
  });
  tf.dispose([xs, ys]);
}

const PARTS = ["scheduler", "averages", "snapshots"] as const;

/** `run` without those parts. */
const without = (run: Run, left: readonly string[]) => ({
  model: run.model,
  ...Object.fromEntries(
    PARTS.filter((part) => !left.includes(part))
      .map((part) => [part, run[part]]),
  ),
});

for (const left of [...PARTS.map((part) => [part]), PARTS]) {
  Deno.test(`a run that is restored without its ${left.join(", ")} predicts, and does not save over what it lacks`, () =>
    withFolder(async (folder) => {
      const first = createRun();
      await fit(first);
      first.snapshots.take();
      await saveCheckpoint(folder, first);
      const before = namesIn(folder);

      const run = createRun();
      (await loadCheckpoint(folder))!.restore(without(run, left));
      const xs = tf.ones([1, 2]);
      assertEquals(
        (run.model.predict(xs) as tf.Tensor).dataSync(),
        (first.model.predict(xs) as tf.Tensor).dataSync(),
      );
      const message = `current value is without its ${
        left.join(" and ")
      }. Pass`;
      for (const subject of [run, without(run, left)]) {
        await assertRejects(
          () => saveCheckpoint(folder, subject),
          CheckpointError,
          message,
        );
      }
      const { scheduler, averages, snapshots } = run;
      const options = { scheduler, averages, snapshots, every: 1 };
      const weights = run.model.getWeights().map((weight) => weight.dataSync());
      await assertRejects(
        () => fit(run, new Checkpointer(folder, options)),
        CheckpointError,
        message,
      );
      // Before the first batch.
      assertEquals(
        run.model.getWeights().map((weight) => weight.dataSync()),
        weights,
      );
      assertEquals(namesIn(folder), before);

      // Into another folder it may, and with all that there is.
      await saveCheckpoint(`${folder}-elsewhere`, without(run, left));
      await Deno.remove(`${folder}-elsewhere`, { recursive: true });
      (await loadCheckpoint(folder))!.restore(run);
      await fit(run, new Checkpointer(folder, options));
      assertEquals((await loadCheckpoint(folder))!.iteration, 8);
      assertNotEquals(namesIn(folder), before);
    }));
}

Deno.test("a run saves over parts that it was not given back where it is told to, or begins a next phase", () =>
  withFolder(async (folder) => {
    for (const way of ["replace", "replace fit", "phase", "own"]) {
      const first = createRun();
      await fit(first);
      await saveCheckpoint(`${folder}/${way}`, first);
      const run = way === "own" ? first : createRun();
      (await loadCheckpoint(`${folder}/${way}`))!.restore(
        { model: run.model },
        { optimizer: way !== "phase" },
      );
      if (way === "replace fit") {
        const { scheduler } = run;
        const options = { scheduler, every: 1, replace: true };
        await fit(run, new Checkpointer(`${folder}/${way}`, options));
      }
      const replace = way === "replace";
      const path = await saveCheckpoint(
        `${folder}/${way}`,
        { model: run.model },
        { replace },
      );
      assertEquals((await loadCheckpoint(`${folder}/${way}`))!.path, path);
    }
  }));
