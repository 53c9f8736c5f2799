import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { startWasm, values } from "./_compare.ts";

const attrs = {
  strides: 1,
  pad: "same",
  dataFormat: "NHWC",
  inputShape: [4, 16, 16, 8],
} as unknown as tf.NamedAttrMap;

function backpropInput(dy: tf.Tensor, filter: tf.Tensor): tf.Tensor {
  const inputs = { dy, filter };
  return tf.engine().runKernel("Conv2DBackpropInput", inputs, attrs);
}

Deno.test("Conv2DBackpropInput can be read after its inputs are disposed", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const before = { ...tf.memory(), ids: tf.backend().numDataIds() };
  const dy = values([4, 16, 16, 8], 1);
  const filter = values([3, 3, 8, 8], 2);
  const expected = tf.tidy(() => backpropInput(dy, filter).dataSync());
  const gradient = backpropInput(dy, filter);
  tf.dispose([dy, filter]);
  // What is freed too early is overwritten by these.
  const others = [values([4, 16, 16, 8], 3), values([3, 3, 8, 8], 4)];
  assertEquals(gradient.dataSync(), expected);
  assert(expected.some((value) => value !== 0));
  tf.dispose([gradient, ...others]);
  assertEquals(tf.memory().numTensors, before.numTensors);
  assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
  assertEquals(tf.backend().numDataIds(), before.ids);
});

Deno.test("Conv2DBackpropInput leaves nothing behind when nobody reads it", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const before = { ...tf.memory(), ids: tf.backend().numDataIds() };
  for (const inputsFirst of [true, false]) {
    const dy = values([4, 16, 16, 8], 1);
    const filter = values([3, 3, 8, 8], 2);
    const gradient = backpropInput(dy, filter);
    const clone = gradient.clone();
    const order = [[dy, filter], [gradient, clone]];
    tf.dispose(inputsFirst ? order : order.toReversed());
  }
  assertEquals(tf.memory().numTensors, before.numTensors);
  assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
  assertEquals(tf.backend().numDataIds(), before.ids);
});

Deno.test("batchNorm and ReLU are one pass, and two where both are looked at", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const before = { ...tf.memory(), ids: tf.backend().numDataIds() };
  tf.tidy(() => {
    const x = values([6, 5, 7], 1);
    const factors = [2, 3, 4, 5].map((seed) =>
      values([7], seed).add(1) as tf.Tensor1D
    );
    const normalize = () =>
      tf.batchNorm(x, factors[0], factors[1], factors[2], factors[3]);
    const y = normalize().dataSync();
    const expected = y.map((value) => Math.max(0, value));
    assert(y.some((value) => value < 0));
    assertEquals(tf.relu(normalize()).dataSync(), expected);
    const read = normalize();
    const relu = tf.relu(read);
    assertEquals(read.dataSync(), y);
    assertEquals(relu.dataSync(), expected);
    assertEquals(tf.relu(read).dataSync(), expected);
    // Its inputs are kept for it.
    const late = tf.tidy(normalize);
    x.dispose();
    assertEquals(tf.relu(late).dataSync(), expected);
    assertEquals(late.dataSync(), y);
  });
  assertEquals(tf.memory().numTensors, before.numTensors);
  assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
  assertEquals(tf.backend().numDataIds(), before.ids);
});
