import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { assertAsOnCpu, startWasm, values } from "./_compare.ts";

interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: number | [number, number];
  pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
}

const cases: Case[] = [
  { x: [2, 7, 6, 3], filter: [5, 5, 3, 4], strides: 1, pad: "same" },
  { x: [2, 8, 8, 2], filter: [3, 3, 2, 5], strides: 1, pad: "valid" },
  { x: [1, 5, 5, 1], filter: [1, 1, 1, 1], strides: 1, pad: "same" },
  { x: [3, 9, 7, 4], filter: [3, 2, 4, 3], strides: 2, pad: "same" },
  { x: [2, 10, 11, 3], filter: [3, 3, 3, 2], strides: [2, 3], pad: "valid" },
  { x: [2, 11, 9, 2], filter: [2, 4, 2, 7], strides: [3, 1], pad: "same" },
  { x: [1, 12, 12, 8], filter: [1, 1, 8, 16], strides: 2, pad: "valid" },
  { x: [1, 8, 8, 5], filter: [7, 7, 5, 9], strides: 2, pad: "same" },
  { x: [2, 6, 6, 17], filter: [3, 3, 17, 33], strides: 1, pad: 2 },
  { x: [2, 9, 8, 3], filter: [3, 3, 3, 4], strides: 2, pad: 1 },
  {
    x: [1, 7, 9, 2],
    filter: [2, 3, 2, 3],
    strides: 1,
    pad: [[0, 0], [2, 0], [1, 3], [0, 0]],
  },
  {
    x: [1, 7, 9, 2],
    filter: [2, 2, 2, 3],
    strides: [2, 1],
    pad: [[0, 0], [3, 2], [0, 3], [0, 0]],
  },
];

function run({ x, filter, strides, pad }: Case): tf.Tensor[] {
  const conv = (x: tf.Tensor, filter: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
  const xs = values(x, 1);
  const filters = values(filter, 2);
  const y = conv(xs, filters);
  const dy = values(y.shape, 3);
  return [y, ...tf.grads(conv)([xs, filters], dy)];
}

for (const sample of cases) {
  const { x, filter, strides, pad } = sample;
  const name = `x [${x}], filter [${filter}], strides ${strides}, pad ${pad}`;
  Deno.test(`conv2d() has the CPU backend's gradients: ${name}`, async () => {
    await assertAsOnCpu(() => run(sample), name);
  });
}

Deno.test("conv2d() has the CPU backend's gradients for transposed layers", async () => {
  const layer = () => {
    const transposed = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.conv2dTranspose(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        [2, 9, 11, 3],
        [2, 2],
        "same",
      );
    const x = values([2, 5, 6, 4], 1);
    const filter = values([3, 3, 3, 4], 2);
    const y = transposed(x, filter);
    const dy = values(y.shape, 3);
    return [y, ...tf.grads(transposed)([x, filter], dy)];
  };
  await assertAsOnCpu(layer, "conv2dTranspose");
});

Deno.test("conv2d() refuses channels-first gradients on WASM", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  const [x, dy] = [tf.zeros([1, 1, 4, 4]), tf.zeros([1, 1, 4, 4])];
  const attrs = {
    strides: 1,
    pad: "same",
    dataFormat: "NCHW",
    filterShape: [3, 3, 1, 1],
  };
  assertThrows(
    () => tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, attrs),
    Error,
    'dataFormat must be "NHWC"',
  );
  tf.dispose([x, dy]);
});

Deno.test("conv2d() and depthwiseConv2d() have no gradient of the filter where there are no images", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  for (const size of [1, 3, 5]) {
    const x = tf.zeros([0, 8, 8, 3]) as tf.Tensor4D;
    const filter = tf.ones([size, size, 3, 4]) as tf.Tensor4D;
    const wide = tf.grad((filter) =>
      tf.conv2d(x, filter as tf.Tensor4D, 1, "same").sum()
    )(filter);
    const deep = tf.grad((filter) =>
      tf.depthwiseConv2d(x, filter as tf.Tensor4D, 1, "same").sum()
    )(filter);
    assertEquals([...await wide.data()], Array(filter.size).fill(0));
    assertEquals([...await deep.data()], Array(filter.size).fill(0));
    tf.dispose([x, filter, wide, deep]);
  }
});
