import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { readScalars } from "../../src/tfjs/read_scalars.ts";
import { Counting } from "../backends/webgpu/_counting.ts";
import { test } from "../backends/webgpu/_on_webgpu.ts";

Deno.test("readScalars() reads numbers of any type, and disposes them", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const scalars = [tf.scalar(1.5), tf.scalar(2, "int32"), tf.tensor([[3]])];
  assertEquals(Array.from(await readScalars(scalars)), [1.5, 2, 3]);
  assertEquals(Array.from(await readScalars([])), []);
  assertEquals(tf.memory().numTensors, before);
});

test("readScalars() waits once for all that is asked for in a turn", async () => {
  const before = tf.memory().numTensors;
  using counting = new Counting();
  const reads = Array.from({ length: 20 }, (_, i) => {
    let read: ReturnType<typeof readScalars>;
    // It ends before they are read.
    tf.tidy(() => {
      read = readScalars([tf.fill([2000], i).sum(), tf.scalar(i)]);
    });
    return read!;
  });
  for (const [i, read] of reads.entries()) {
    assertEquals(Array.from(await read), [2000 * i, i]);
  }
  assertEquals(counting.take().mapAsync, 1);
  assertEquals(tf.memory().numTensors, before);
});

test("readScalars() gives everybody who waits the device's error", async (backend) => {
  const before = tf.memory().numTensors;
  const reads = [1, 2].map((i) => readScalars([tf.scalar(i)]));
  backend.device.createShaderModule({ code: "fn broken(" });
  for (const read of reads) {
    await assertRejects(() => read, Error, "its driver must accept every");
  }
  assertEquals(tf.memory().numTensors, before);
});
