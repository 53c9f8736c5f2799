import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "../../../src/backends/select_backend.ts";
import { batchSource } from "../../../src/finder/data/batches.ts";
import { disposeBatch } from "../../../src/finder/data/tensor_tree.ts";
import { holdOut } from "../../../src/finder/data/held_out.ts";
import { seededRandom } from "../../../src/runtime/random.ts";

await selectBackend({ backend: "cpu" });

/** Batches of so many examples, each of which is its own number. */
function source(examples: number, batchSize = 16) {
  const xs = tf.range(0, examples).reshape([examples, 1]);
  return {
    xs,
    batches: batchSource({ xs, ys: xs }, {
      name: "data",
      batchSize,
      random: seededRandom(1),
    }),
  };
}

Deno.test("holdOut() yields what is held out last, and never before", async () => {
  for (const [examples, count] of [[32, 1], [80, 1], [192, 2], [3200, 8]]) {
    const { xs, batches } = source(examples);
    const before = tf.memory().numTensors;
    const held = await holdOut(batches, { batches: 50 });
    assert(held);
    assertEquals(held.batches.length, count);
    const drawn: number[][] = [];
    for await (const batch of held.source.pass()) {
      drawn.push(Array.from((batch as { xs: tf.Tensor }).xs.dataSync()));
      disposeBatch(batch);
      if (drawn.length === 50 + 2 * count) break;
    }
    assertEquals(drawn.slice(50, 50 + count), drawn.slice(50 + count));
    const trained = new Set(drawn.slice(0, 50).flat());
    const unseen = new Set(drawn.slice(50).flat());
    assertEquals(unseen.size, 16 * count);
    assertEquals(trained.intersection(unseen).size, 0);
    held.dispose();
    assertEquals(tf.memory().numTensors, before);
    xs.dispose();
  }
});

Deno.test("holdOut() has nothing to hold out of a single batch", async () => {
  const { xs, batches } = source(16);
  const before = tf.memory().numTensors;
  assertEquals(await holdOut(batches, { batches: 50 }), undefined);
  assertEquals(tf.memory().numTensors, before);
  xs.dispose();
});

Deno.test("holdOut() holds nothing out of so few examples that it would tell nothing", async () => {
  const { xs, batches } = source(12, 4);
  const before = tf.memory().numTensors;
  const held = await holdOut(batches, { batches: 7 });
  assertEquals(held!.batches, []);
  let drawn = 0;
  for await (const batch of held!.source.pass()) {
    disposeBatch(batch);
    drawn++;
  }
  assertEquals(drawn, 7);
  held!.dispose();
  assertEquals(tf.memory().numTensors, before);
  xs.dispose();
});

Deno.test("holdOut() draws no further batch once the signal stops it", async () => {
  const controller = new AbortController();
  let drawn = 0;
  const batches = batchSource(function* () {
    while (true) {
      if (++drawn === 3) controller.abort();
      yield { xs: tf.zeros([2, 1]), ys: tf.zeros([2, 1]) };
    }
  }, { name: "data", batchSize: 2 });
  const held = await holdOut(batches, {
    batches: 50,
    signal: controller.signal,
  });
  assertEquals(drawn, 3);
  held?.dispose();
});

Deno.test("holdOut() frees what was drawn where the data fail", async () => {
  const batches = batchSource(function* () {
    yield { xs: tf.zeros([2, 1]), ys: tf.zeros([2, 1]) };
    yield { xs: tf.zeros([2, 1]), ys: tf.zeros([2, 1]) };
    throw new Error("the disk is gone");
  }, { name: "data", batchSize: 2 });
  const before = tf.memory().numTensors;
  await assertRejects(
    () => holdOut(batches, { batches: 50 }),
    Error,
    "the disk is gone",
  );
  assertEquals(tf.memory().numTensors, before);
});
