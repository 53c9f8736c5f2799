/** A batch that a filter has left empty is computed with like any other. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { hasAdapter } from "./_adapter.ts";

const { layers } = tf;

/** Layers of every kind, by the shape of an example. */
const stacks: readonly (readonly [number[], () => tf.layers.Layer[]])[] = [
  [[7], () => [
    layers.dense({ units: 5, activation: "relu6" }),
    layers.prelu(),
    layers.reLU(),
    layers.leakyReLU(),
    layers.elu(),
    layers.thresholdedReLU(),
    layers.softmax(),
    layers.dropout({ rate: 0.5 }),
    layers.gaussianNoise({ stddev: 1 }),
    layers.gaussianDropout({ rate: 0.5 }),
    layers.alphaDropout({ rate: 0.5 }),
    layers.repeatVector({ n: 3 }),
    layers.permute({ dims: [2, 1] }),
    layers.reshape({ targetShape: [3, 5] }),
    layers.conv1d({ filters: 4, kernelSize: 2, activation: "selu" }),
    layers.maxPooling1d({ poolSize: 2, strides: 1 }),
    layers.globalMaxPooling1d({}),
  ]],
  [[9, 8, 4], () => [
    layers.conv2d({ filters: 8, kernelSize: 3, padding: "same" }),
    layers.conv2d({ filters: 3, kernelSize: 2, activation: "relu" }),
    layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }),
    layers.separableConv2d({ filters: 4, kernelSize: 3, padding: "same" }),
    layers.zeroPadding2d({ padding: 1 }),
    layers.upSampling2d({ size: [2, 2] }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }),
    layers.cropping2D({ cropping: [[1, 0], [0, 1]] }),
    layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }),
    layers.globalAveragePooling2d({}),
  ]],
  [[6, 4], () => [
    layers.dense({ units: 3 }),
    layers.batchNormalization(),
    layers.layerNormalization(),
  ]],
  [[5, 6, 5, 2], () => [
    layers.conv3d({ filters: 3, kernelSize: 2, padding: "same" }),
    layers.maxPooling3d({ poolSize: 2 }),
    layers.averagePooling3d({ poolSize: 2, strides: 1, padding: "same" }),
    layers.flatten(),
  ]],
  [[6, 4], () => [
    layers.masking({ maskValue: 9 }),
    layers.simpleRNN({ units: 3, returnSequences: true }),
    layers.lstm({ units: 3, returnSequences: true }),
    layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
    layers.bidirectional({
      layer: layers.gru({ units: 3 }) as tf.RNN,
      mergeMode: "concat",
    }),
  ]],
  [[3, 6, 5, 2], () => [
    layers.convLstm2d({ filters: 3, kernelSize: 3 }) as tf.layers.Layer,
    layers.flatten(),
  ]],
];

const backends: BackendName[] = [
  "cpu",
  "wasm",
  ...(await hasAdapter() ? ["webgpu" as const] : []),
];

/** The shape and values of every gradient and of the output, without examples. */
function ofNone(
  model: tf.LayersModel,
  { shape, training }: {
    readonly shape: number[];
    readonly training: boolean;
  },
) {
  return tf.tidy(() => {
    const x = tf.tensor([], [0, ...shape]);
    const y = model.apply(x, { training }) as tf.Tensor;
    const { grads } = tf.variableGrads(() =>
      tf.sum(model.apply(x, { training }) as tf.Tensor) as tf.Scalar
    );
    return [
      y,
      ...model.trainableWeights.map(({ originalName }) => grads[originalName]),
    ].map((tensor) => ({
      shape: tensor.shape,
      values: [...tensor.dataSync()],
    }));
  });
}

for (const backend of backends) {
  Deno.test({
    name:
      `every layer computes a batch without examples on ${backend}, and zeros for its gradients`,
    // An adapter outlives the test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      await selectBackend({ backend });
      for (const [shape, stack] of stacks) {
        const model = tf.sequential();
        model.add(layers.inputLayer({ inputShape: shape }));
        for (const layer of stack()) model.add(layer);
        // Of no examples, there is no mean to normalize by.
        const training = !model.layers.some(({ name }) => /norm/.test(name));
        const [y, ...gradients] = ofNone(model, { shape, training });
        assertEquals(y.shape, [0, ...(model.outputShape as number[]).slice(1)]);
        assertEquals(y.values, []);
        gradients.forEach(({ shape, values }, i) => {
          const weight = model.trainableWeights[i];
          assertEquals(shape, weight.shape);
          const isZero = values.every((value) => value === 0);
          assertEquals(
            isZero,
            true,
            `${backend}: ${weight.originalName}: ${values.slice(0, 5)}`,
          );
        });
        model.dispose();
      }
    },
  });
}

for (const backend of backends) {
  Deno.test({
    name:
      `${backend} reduces the examples that there are, if none, along the axes it is asked for`,
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      await selectBackend({ backend });
      const x = tf.tensor([], [0, 3, 2]);
      const reduce = { sum: 0, prod: 1, max: -Infinity, min: Infinity };
      for (const [name, ofNone] of Object.entries(reduce)) {
        const call = tf[name as "sum"];
        const [along, across] = tf.tidy(() => [call(x, 1), call(x, 0)]);
        assertEquals(along.shape, [0, 2], name);
        assertEquals([...along.dataSync()], [], name);
        assertEquals(across.shape, [3, 2], name);
        assertEquals([...across.dataSync()], Array(6).fill(ofNone), name);
        tf.dispose([along, across]);
      }
      x.dispose();
    },
  });
  Deno.test({
    name:
      `${backend} gives what is broadcast to no examples a gradient of zeros`,
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      await selectBackend({ backend });
      const x = tf.tensor([], [0, 2]);
      const b = tf.ones([1, 2]);
      const operations = [
        ...[tf.add, tf.sub, tf.mul, tf.div, tf.floorDiv, tf.mod, tf.pow],
        ...[tf.atan2, tf.prelu, tf.maximum, tf.minimum, tf.squaredDifference],
      ];
      for (const operation of operations) {
        const both = tf.grads((x, b) => operation(x, b))([x, b]);
        assertEquals(both.map(({ shape }) => shape), [[0, 2], [1, 2]]);
        assertEquals([...both[1].dataSync()], [0, 0]);
        tf.dispose(both);
      }
      tf.dispose([x, b]);
    },
  });
}
