import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { combineCallbacks } from "@clr/clr/training";
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
