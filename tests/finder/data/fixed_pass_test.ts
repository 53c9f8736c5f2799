import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { batchSource } from "../../../src/finder/data/batches.ts";
import {
  type FixedPass,
  keepExchanged,
  keepPass,
} from "../../../src/finder/data/fixed_pass.ts";
import { disposeBatch } from "../../../src/finder/data/tensor_tree.ts";
import type { TensorPair } from "../../../src/finder/data/training_data.ts";

await tf.setBackend("cpu");

const name = "data";

/** Seven examples in batches of three, whose targets are 10 times the inputs. */
function source(targets: (x: number) => number = (x) => 10 * x) {
  return batchSource({
    xs: tf.tensor2d([[1], [2], [3], [4], [5], [6], [7]]),
    ys: tf.tensor2d([1, 2, 3, 4, 5, 6, 7].map((x) => [targets(x)])),
  }, { batchSize: 3, name });
}

/** The first batches' inputs and targets. */
async function first(pass: FixedPass, count: number, by = 0) {
  const found: [number[], number[]][] = [];
  for await (const batch of pass.moved(by).pass()) {
    const { xs, ys } = batch as { xs: tf.Tensor; ys: tf.Tensor };
    found.push([Array.from(await xs.data()), Array.from(await ys.data())]);
    disposeBatch(batch);
    if (found.length === count) return found;
  }
}

const limits = { most: 5, mostBytes: Infinity };

Deno.test("keepPass() yields the batches over and over, each example with the same other's target", async () => {
  const whole = source();
  const before = tf.memory().numTensors;
  const pass = (await keepPass(whole, limits))!;
  assertEquals(pass.examples, 7);
  assertEquals(await first(pass, 4), [
    [[1, 2, 3], [10, 20, 30]],
    [[4, 5, 6], [40, 50, 60]],
    [[7], [70]],
    [[1, 2, 3], [10, 20, 30]],
  ]);
  assertEquals(await first(pass, 4, 2), [
    [[1, 2, 3], [30, 40, 50]],
    [[4, 5, 6], [60, 70, 10]],
    [[7], [20]],
    [[1, 2, 3], [30, 40, 50]],
  ]);
  pass[Symbol.dispose]();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("keepPass() moves every target of several, in whatever form", async () => {
  const numbers = tf.tensor1d([1, 2, 3]);
  const pass = (await keepPass(
    batchSource({
      xs: [numbers],
      ys: { a: numbers, b: numbers.mul(10).toInt() },
    }, { batchSize: 2, name }),
    limits,
  ))!;
  for await (const batch of pass.moved(1).pass()) {
    const { ys } = batch as TensorPair & { ys: { [name: string]: tf.Tensor } };
    assertEquals(await ys.a.array(), [2, 3]);
    assertEquals(await ys.b.array(), [20, 30]);
    assertEquals(ys.b.dtype, "int32");
    break;
  }
});

Deno.test("keepPass() keeps none where they are too many, or their targets of several forms", async () => {
  const before = tf.memory().numTensors;
  assertEquals(
    await keepPass(source(), { ...limits, most: 2 }),
    undefined,
  );
  const other = batchSource(function* () {
    yield { xs: tf.zeros([2, 1]), ys: tf.zeros([2, 1]) };
    yield { xs: tf.zeros([2, 1]), ys: tf.zeros([2, 3]) };
  }, { batchSize: 2, name });
  assertEquals(await keepPass(other, limits), undefined);
  // Of the source itself.
  assertEquals(tf.memory().numTensors, before + 2);
});

Deno.test("keepExchanged() gives batches the inputs of the next ones", async () => {
  const whole = source();
  const before = tf.memory().numTensors;
  const pass = (await keepExchanged(whole, { parts: ["xs"], count: 1 }))!;
  assertEquals(await first(pass, 2), [
    [[4, 5, 6], [10, 20, 30]],
    [[4, 5, 6], [10, 20, 30]],
  ]);
  pass[Symbol.dispose]();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("keepExchanged() gives none where the next ones are no others, or of another size", async () => {
  const whole = source(() => 1);
  const before = tf.memory().numTensors;
  const exchange = (parts: readonly ("xs" | "ys")[], count: number) =>
    keepExchanged(whole, { parts, count });
  assertEquals(await exchange(["ys"], 1), undefined);
  assertEquals(await exchange(["xs"], 2), undefined);
  assertEquals(await exchange(["xs"], 3), undefined);
  const pass = await exchange(["xs", "ys"], 1);
  assert(pass);
  pass[Symbol.dispose]();
  assertEquals(tf.memory().numTensors, before);
});
