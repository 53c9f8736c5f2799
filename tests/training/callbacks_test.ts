import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  combineCallbacks,
  ReduceLROnPlateau,
  TensorBoardLogger,
} from "@clr/clr/training";
import { withFolder } from "../_folder.ts";
import { createLine } from "./_line.ts";

Deno.test("combineCallbacks() runs callback objects and plain hooks together", async () => {
  const { model, xs, ys } = createLine();
  const clr = new CyclicLR({ stepSize: 2 });
  const losses: number[] = [];
  const callbacks = combineCallbacks([
    { onBatchEnd: (_batch, logs) => void losses.push(logs!.loss as number) },
    clr,
    tf.callbacks.earlyStopping({ monitor: "loss" }),
    new tf.CustomCallback({}),
  ]);
  await model.fit(xs, ys, { batchSize: 2, epochs: 2, verbose: 0, callbacks });
  assertEquals([...clr.history.loss], losses);
  assertEquals(losses.length, 8);
  assert(callbacks[1] === clr);
});

Deno.test("combineCallbacks() refuses what is no callback", () => {
  assertThrows(
    () => combineCallbacks([null as unknown as tf.Callback]),
    TypeError,
    "null",
  );
});

Deno.test("callbacks that follow a scheduler refuse a fit() in which it is not", () =>
  withFolder(async (folder) => {
    for (
      const create of [
        (scheduler: CyclicLR) =>
          new ReduceLROnPlateau({ scheduler, monitor: "loss" }),
        (scheduler: CyclicLR) => new TensorBoardLogger(folder, { scheduler }),
      ]
    ) {
      const { model, xs, ys } = createLine(tf.train.sgd(0.1));
      const scheduler = new CyclicLR({ stepSize: 4 });
      const callback = create(scheduler);
      const fit = (callbacks: tf.Callback[]) =>
        model.fit(xs, ys, { verbose: 0, callbacks });
      await assertRejects(
        () => fit([callback]),
        TypeError,
        "as its scheduler must be in the same fit",
      );
      await assertRejects(
        () => fit([new CyclicLR(), callback]),
        TypeError,
        "as its scheduler must be in the same fit",
      );
      await fit([scheduler, callback]);
      await fit([callback, scheduler]);
    }
  }));
