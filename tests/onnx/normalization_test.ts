import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { createSession, toOnnx } from "../../src/onnx/mod.ts";
import {
  chain,
  random,
  randomizeWeights,
  testAgreement,
} from "./_agreement.ts";

const { layers } = tf;

const cases: Record<string, () => tf.LayersModel> = {};
for (const epsilon of [1e-5, 0.1]) {
  for (const [scale, center] of [[true, true], [true, false], [false, true]]) {
    const options = { epsilon, scale, center };
    const what = `epsilon ${epsilon}, scale ${scale}, center ${center}`;
    cases[`batchNormalization, ${what}`] = () =>
      chain([6], layers.batchNormalization(options));
    cases[`batchNormalization after a convolution, ${what}`] = () =>
      chain(
        [5, 5, 2],
        layers.conv2d({ filters: 3, kernelSize: 2 }),
        layers.batchNormalization(options),
      );
    cases[`layerNormalization, ${what}`] = () =>
      chain([5, 4], layers.layerNormalization(options));
    cases[`layerNormalization over the first axis, ${what}`] = () =>
      chain([5, 4], layers.layerNormalization({ ...options, axis: 1 }));
  }
}
testAgreement({
  ...cases,
  "batchNormalization of a sequence": () =>
    chain([5, 4], layers.batchNormalization({})),
  "batchNormalization of an image": () =>
    chain([4, 5, 3], layers.batchNormalization({})),
  "batchNormalization of flattened channels": () =>
    chain(
      [4, 5, 3],
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.batchNormalization({}),
      layers.dense({ units: 2 }),
    ),
  "batchNormalization after dense": () =>
    chain(
      [4],
      layers.dense({ units: 5, useBias: false }),
      layers.batchNormalization({}),
      layers.batchNormalization({}),
    ),
  "batchNormalization after a depthwise convolution": () =>
    chain(
      [5, 5, 2],
      layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 }),
      layers.batchNormalization({}),
    ),
  "batchNormalization after a transposed convolution": () =>
    chain(
      [4, 4, 2],
      layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2 }),
      layers.batchNormalization({}),
    ),
  "batchNormalization after an activation": () =>
    chain(
      [5, 5, 2],
      layers.conv2d({ filters: 3, kernelSize: 2, activation: "relu" }),
      layers.batchNormalization({}),
    ),
  "batchNormalization with other readers of the convolution": () => {
    const input = tf.input({ shape: [5, 5, 2] });
    const convolved = layers.conv2d({ filters: 3, kernelSize: 2 })
      .apply(input) as tf.SymbolicTensor;
    const normed = layers.batchNormalization({})
      .apply(convolved) as tf.SymbolicTensor;
    return tf.model({
      inputs: input,
      outputs: layers.add().apply([convolved, normed]) as tf.SymbolicTensor,
    });
  },
  "layerNormalization of the channels of a convolution": () =>
    chain(
      [5, 4, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.layerNormalization({}),
    ),
  "layerNormalization over several axes": () =>
    chain([4, 3, 2], layers.layerNormalization({ axis: [-2, -1] })),
  "layerNormalization over axes that are not the last": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.layerNormalization({ axis: [1, 3] }),
    ),
});
testAgreement(Object.fromEntries([13, 18, 21].flatMap((opset) => [
  [`layerNormalization in opset ${opset}`, [
    () => chain([5, 4], layers.layerNormalization({})),
    { opset },
  ]],
  [`layerNormalization over the first axis in opset ${opset}`, [
    () => chain([5, 4], layers.layerNormalization({ axis: 1 })),
    { opset },
  ]],
])));

// tfjs's CPU and WASM kernels do not broadcast the statistics of any axis but
// the last, so here the reference is the formula itself.
for (const axis of [1, 2]) {
  Deno.test(`toOnnx() normalizes batches along axis ${axis} by the formula`, async () => {
    const epsilon = 0.01;
    const model = chain(
      [2, 3, 4],
      layers.batchNormalization({ axis, epsilon }),
    );
    randomizeWeights(model, random(3));
    const [gamma, beta, mean, variance] = model.getWeights().map((w) =>
      w.dataSync()
    );
    const next = random(4);
    const x = Float32Array.from({ length: 2 * 24 }, () => 2 * next() - 1);
    await using session = await createSession(await toOnnx(model), {
      threads: 1,
    });
    const results = await session.run({
      [session.inputs[0].name]: { data: x, shape: [2, 2, 3, 4] },
    });
    const { data, shape } = results[session.outputs[0].name];
    assertEquals(shape, [2, 2, 3, 4]);
    data.forEach((value, i) => {
      const index = axis === 1 ? Math.floor(i / 12) % 2 : Math.floor(i / 4) % 3;
      assertAlmostEquals(
        value,
        (x[i] - mean[index]) / Math.sqrt(variance[index] + epsilon) *
            gamma[index] + beta[index],
        1e-5,
      );
    });
    model.dispose();
  });
}
