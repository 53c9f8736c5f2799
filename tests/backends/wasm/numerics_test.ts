import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertAsOnCpu, startWasm, values } from "./_compare.ts";

Deno.test("conv2d() is as on the CPU backend for any shape", async () => {
  const size = fc.integer({ min: 1, max: 9 });
  const channels = fc.integer({ min: 1, max: 19 });
  const sample = fc.record({
    images: fc.integer({ min: 1, max: 3 }),
    height: size,
    width: size,
    inputs: channels,
    outputs: channels,
    filterHeight: fc.integer({ min: 1, max: 4 }),
    filterWidth: fc.integer({ min: 1, max: 4 }),
    strides: fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(sample, async (s) => {
      const x: [number, number, number, number] = [
        s.images,
        s.height,
        s.width,
        s.inputs,
      ];
      const filter: [number, number, number, number] = [
        s.filterHeight,
        s.filterWidth,
        s.inputs,
        s.outputs,
      ];
      await assertAsOnCpu(() => {
        const conv = (x: tf.Tensor, filter: tf.Tensor) =>
          tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s.strides, "same");
        const xs = values(x, 1);
        const filters = values(filter, 2);
        const y = conv(xs, filters);
        return [y, ...tf.grads(conv)([xs, filters], values(y.shape, 3))];
      }, JSON.stringify(s));
    }),
    { numRuns: 40, seed: 1 },
  );
});

Deno.test("conv2d() is as on the CPU backend with dilations", async () => {
  await assertAsOnCpu(() => {
    const x = values([2, 11, 10, 3], 1) as tf.Tensor4D;
    const filter = values([3, 2, 3, 9], 2) as tf.Tensor4D;
    return [
      tf.conv2d(x, filter, 1, "same", "NHWC", [2, 3]),
      tf.conv2d(x, filter, 1, "valid", "NHWC", 2),
    ];
  }, "dilations");
});

for (
  const activation of [
    "relu",
    "relu6",
    "elu",
    "sigmoid",
    "leakyrelu",
    "prelu",
  ] as const
) {
  Deno.test(`fused.conv2d() is as on the CPU backend with ${activation}`, async () => {
    await assertAsOnCpu(() => {
      const x = values([2, 6, 5, 3], 1) as tf.Tensor4D;
      const filter = values([3, 3, 3, 5], 2) as tf.Tensor4D;
      const options = {
        x,
        filter,
        strides: 1,
        pad: "same" as const,
        activation,
        leakyreluAlpha: 0.3,
        preluActivationWeights: values([5], 4),
      };
      return [
        tf.fused.conv2d({ ...options, bias: values([5], 3) }),
        tf.fused.conv2d({ ...options, bias: tf.scalar(0.5) }),
        tf.fused.conv2d(options),
      ];
    }, activation);
  });
}

Deno.test("sum() over leading dimensions is as on the CPU backend", async () => {
  await assertAsOnCpu(() => {
    const x = values([3, 7, 211, 5], 1);
    return [
      tf.sum(x, 0),
      tf.sum(x, [0, 1]),
      tf.sum(x, [2, 0, 1]),
      tf.sum(x, [0, 1, 2], true),
      tf.sum(x, 3),
      tf.sum(x),
    ];
  }, "sum");
});

Deno.test("the WASM kernels pass a diverged value on", async () => {
  await startWasm();
  await tf.setBackend("wasm");
  tf.tidy(() => {
    const x = tf.tensor4d([NaN, 1, 2, 3], [1, 2, 2, 1]);
    const filter = tf.ones([1, 1, 1, 1]) as tf.Tensor4D;
    const results = [
      tf.clipByValue(x, 0, 1),
      tf.conv2d(x, filter, 1, "same"),
      tf.fused.conv2d({
        x,
        filter,
        strides: 1,
        pad: "same",
        activation: "relu",
      }),
      tf.matMul(x.reshape([2, 2]), tf.ones([2, 2])),
      tf.sum(x, 0),
    ];
    results.forEach((result) => assertEquals(result.dataSync()[0], NaN));
    const loss = tf.metrics.categoricalCrossentropy(
      tf.tensor2d([[1, 0]]),
      tf.tensor2d([[NaN, NaN]]),
    );
    assertEquals(loss.dataSync()[0], NaN);
  });
});
