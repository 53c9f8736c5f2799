import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { BatchMemory } from "../../../src/backends/webgpu/_batch_memory.ts";
import { GpuMemoryError } from "../../../src/backends/webgpu/errors.ts";
import { Counting } from "./_counting.ts";
import { adapter, test } from "./_on_webgpu.ts";

const MB = 2 ** 20;

test("the pool gives buffers of sizes that nobody needs any more back", (backend) => {
  for (let n = 1000; n < 1040; n++) {
    tf.tidy(() => tf.fill([n, 1000], 1).add(1).dataSync());
    const { numBytesAllocated, numBytesUsed } = backend.pool;
    assert(numBytesAllocated <= 2 * (numBytesUsed + 8e6) + 64 * MB);
  }
  assert(backend.pool.numBytesAllocated <= 64 * MB);
  backend.pool.trim();
  assert(backend.pool.numBytesAllocated < 2 * MB);
});

test("the pool keeps what each step needs", (backend) => {
  // A step that holds much in the middle and nothing at its end.
  const step = () =>
    tf.tidy(() => {
      let x: tf.Tensor = tf.fill([1000, 1000], 1);
      for (let i = 0; i < 10; i++) x = x.add(1);
      return x.sum().dataSync()[0];
    });
  for (let i = 0; i < 3; i++) assertEquals(step(), 11e6);
  const { numCreated } = backend.pool;
  for (let i = 0; i < 40; i++) step();
  assertEquals(backend.pool.numCreated, numCreated);
});

test("a buffer is not written while commands that use it wait", async () => {
  // Each round reuses the buffers of the one before, without a submission.
  const sums = [];
  for (let i = 1; i <= 20; i++) {
    sums.push(
      tf.tidy(() => tf.tensor1d(new Float32Array(2000).fill(i)).mul(2)),
    );
    tf.dispose(sums.length > 5 ? sums.shift()! : []);
  }
  for (const [i, sum] of sums.entries()) {
    const expected = 2 * (20 - sums.length + 1 + i);
    assertEquals(await sum.data(), new Float32Array(2000).fill(expected));
  }
  tf.dispose(sums);
});

test("the processor does not run ahead of the GPU without bound", (backend) => {
  using counting = new Counting();
  let x: tf.Tensor = tf.fill([2000], 0);
  for (let i = 0; i < 200; i++) {
    const next = x.add(1);
    x.dispose();
    x = next;
    backend.flush();
  }
  const { submit, mapAsync } = counting.take();
  assertEquals(submit, 200);
  assertEquals(mapAsync, 3);
  assertEquals(x.dataSync()[0], 200);
  x.dispose();
});

/** Lets buffers be made, as a driver does, until `bytes` are taken. */
function limitMemory(device: GPUDevice, bytes: number): Disposable {
  const { createBuffer, popErrorScope } = GPUDevice.prototype;
  let left = bytes;
  let failed = false;
  device.createBuffer = function (descriptor) {
    failed = descriptor.size > left;
    if (failed) return createBuffer.call(this, { size: 4, usage: 140 });
    left -= descriptor.size;
    const buffer = createBuffer.call(this, descriptor);
    const destroy = buffer.destroy;
    buffer.destroy = function () {
      left += descriptor.size;
      destroy.call(this);
    };
    return buffer;
  };
  device.popErrorScope = async function () {
    const hasFailed = failed;
    const error = await popErrorScope.call(this);
    return hasFailed ? new GPUOutOfMemoryError("out of memory") : error;
  };
  return {
    [Symbol.dispose]() {
      device.createBuffer = createBuffer;
      device.popErrorScope = popErrorScope;
    },
  };
}

test("a batch that does not fit ends in an error that says which does", async (backend) => {
  backend.pool.trim();
  const layers = 8;
  const forward = (batch: number) =>
    tf.tidy(() => {
      let x: tf.Tensor = tf.fill([batch, 1000], 1);
      const all = [x];
      for (let i = 1; i < layers; i++) all.push(x = x.add(1));
      return tf.addN(all).sum();
    });
  using _limit = limitMemory(backend.device, 10e6);
  const error = await assertRejects(async () => {
    await forward(500).data(); // 16 MB
  }, GpuMemoryError);
  assertEquals(error.device, adapter!.info.description);
  assertEquals(error.bytes, 2e6);
  assert(error.message.includes("shape [500,1000]"), error.message);
  assert(error.message.includes(error.device));
  const { largestBatch } = error;
  assert(largestBatch! < 500, `${largestBatch}`);
  assert(error.message.includes(`at most ${largestBatch}`));
  // Half of it fits, and the backend goes on.
  backend.pool.trim();
  const sum = forward(largestBatch! >> 1);
  const expected = 1000 * (largestBatch! >> 1) * layers * (layers + 1) / 2;
  assert(Math.abs((await sum.data())[0] / expected - 1) < 1e-6);
  sum.dispose();
});

Deno.test("BatchMemory.largestBatch() scales what fitted", () => {
  const memory = new BatchMemory();
  memory.count([3, 3, 64, 64], 100);
  memory.count([100, 32, 32, 3], 600);
  memory.count([100, 10], 200);
  assertEquals(memory.largestBatch([100, 32, 32, 64], 200), {
    size: 100,
    largest: 80,
  });
  // A weight's first dimension is no batch.
  assertEquals(memory.largestBatch([3, 3, 64, 64], 200), undefined);
  memory.count([100, 32, 32, 3], -600);
  memory.count([100, 10], -200);
  assertEquals(memory.largestBatch([100, 10], 900), { size: 100, largest: 0 });
});

test("a number that comes again and again is kept, and not written to", () => {
  const index = tf.tensor1d([0], "int32");
  const place = tf.tensor2d([[0]], [1, 1], "int32");
  for (let time = 0; time < 4; time++) {
    const results = [
      tf.tensorScatterUpdate(tf.tensor1d([2]), place, tf.tensor1d([7])),
      tf.sparseToDense(index, tf.tensor1d([7]), [1], tf.scalar(2)),
      tf.mul(tf.ones([1]), 2),
    ];
    assertEquals(results.map((result) => result.dataSync()[0]), [7, 7, 2]);
    tf.dispose(results);
  }
  tf.dispose([index, place]);
});
