import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../../src/finder/find_learning_rate.ts";
import { selectBackend } from "../../../src/backends/select_backend.ts";
import { batchSource } from "../../../src/finder/data/batches.ts";
import { disposeBatch } from "../../../src/finder/data/tensor_tree.ts";
import { ReplayedBatches } from "../../../src/finder/data/replayed_batches.ts";
import { seededRandom, shuffle } from "../../../src/runtime/random.ts";

await selectBackend({ backend: "cpu" });

/** Numbers in another order with each pass, in batches of one. */
function shuffled(count: number) {
  const random = seededRandom(1);
  const numbers = Int32Array.from({ length: count }, (_, i) => i + 1);
  return function* () {
    shuffle(numbers, random);
    for (const x of numbers) yield { x: tf.tensor1d([x]) };
  };
}

Deno.test("findLearningRate() tries every rate out on the same batches", async () => {
  const before = tf.memory().numTensors;
  const w = tf.tidy(() => tf.variable(tf.scalar(5)));
  const optimizer = tf.train.sgd(0.1);
  const runs: { rates: Set<number>; batches: number[] }[] = [];
  let last = 0;
  const lossOf = (x: tf.Tensor) =>
    w.square().mul(x).mean().div(100).add(x.mean()) as tf.Scalar;
  const range = await findLearningRate(
    {
      optimizer,
      variables: [w],
      trainOnBatch: ({ x }: { x: tf.Tensor1D }) => {
        [last] = x.dataSync();
        return optimizer.minimize(() => lossOf(x), true, [w])!;
      },
      evaluateOnBatch: ({ x }) => tf.tidy(() => lossOf(x)),
    },
    shuffled(30),
    {
      onBatch({ iteration, learningRate }) {
        if (iteration === 1) runs.push({ rates: new Set(), batches: [] });
        runs.at(-1)!.rates.add(learningRate);
        runs.at(-1)!.batches.push(last);
      },
    },
  );
  const trials = runs.filter(({ rates, batches }) =>
    rates.size === 1 && batches.length > 1
  );
  assertEquals(trials.length, range.trials!.length);
  assert(trials.length >= 3);
  const [first, ...others] = trials;
  // More than a pass: the next one has another order.
  assert(first.batches.length > 30);
  assert(new Set(first.batches.slice(0, 30)).size === 30);
  for (const { batches } of others) {
    assertEquals(batches, first.batches.slice(0, batches.length));
  }
  w.dispose();
  optimizer.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("ReplayedBatches keeps nothing of what comes to more than it may, and draws afresh", async () => {
  const before = tf.memory().numTensors;
  const draw = async (mostBytes: number) => {
    await using replayed = new ReplayedBatches(
      batchSource(shuffled(12), { name: "data", batchSize: 1 }),
      { mostBytes },
    );
    const passes: number[][] = [];
    for (let pass = 0; pass < 3; pass++) {
      replayed.rewind();
      const numbers: number[] = [];
      for await (const batch of replayed.pass()) {
        numbers.push(...(batch as { x: tf.Tensor }).x.dataSync());
        disposeBatch(batch);
      }
      assertEquals(new Set(numbers).size, 12);
      passes.push(numbers);
    }
    return passes;
  };
  const [first, second, third] = await draw(48);
  assertEquals(second, first);
  assertEquals(third, first);
  for (const mostBytes of [0, 20, 47]) {
    const [first, second, third] = await draw(mostBytes);
    assert(`${first}` !== `${second}` && `${second}` !== `${third}`);
  }
  assertEquals(tf.memory().numTensors, before);
});
