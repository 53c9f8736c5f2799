import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { preflight, PreflightError, selectBackend } from "@clr/clr/backends";

const { layers } = tf;

function network(): tf.LayersModel {
  return tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3 }),
      layers.batchNormalization({ name: "norm" }),
      layers.flatten(),
      layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
}

async function failureOf(model: tf.LayersModel): Promise<PreflightError> {
  const tensors = tf.memory().numTensors;
  const error = await assertRejects(() => preflight(model), PreflightError);
  assertEquals(tf.memory().numTensors, tensors, "tensors are left behind");
  model.dispose();
  return error as PreflightError;
}

Deno.test("preflight() lists the kernels of a step and leaves the model as it was", async () => {
  await selectBackend({ backend: "wasm" });
  const model = network();
  const before = model.getWeights().map((weight) => weight.dataSync());
  const tensors = tf.memory().numTensors;
  const { backend, kernels } = await preflight(model);
  assertEquals(backend, "wasm");
  assert(kernels.includes("Conv2DBackpropFilter"));
  assertEquals(tf.memory().numTensors, tensors);
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), before);
  assertEquals(Object.hasOwn(model.layers[0], "call"), false);
  model.dispose();
});

Deno.test("preflight() tries the batch that it is given", async () => {
  await selectBackend({ backend: "wasm" });
  const model = network();
  const inputs = tf.zeros([3, 6, 6, 2]);
  await preflight(model, { inputs });
  assertEquals(inputs.isDisposed, false);
  inputs.dispose();
  model.dispose();
});

Deno.test("preflight() tries several inputs, nested models and whole numbers", async () => {
  await selectBackend({ backend: "wasm" });
  const words = tf.input({ shape: [4], dtype: "int32" });
  const embedded = layers.embedding({ inputDim: 5, outputDim: 3 })
    .apply(words) as tf.SymbolicTensor;
  const number = tf.input({ shape: [2] });
  const inner = tf.sequential({
    layers: [layers.dense({ inputShape: [2], units: 3 })],
  });
  const joined = layers.concatenate().apply([
    layers.flatten().apply(embedded) as tf.SymbolicTensor,
    inner.apply(number) as tf.SymbolicTensor,
  ]);
  const outputs = layers.dense({ units: 1 }).apply(joined);
  const model = tf.model({
    inputs: [words, number],
    outputs: outputs as tf.SymbolicTensor,
  });
  const { kernels } = await preflight(model);
  assert(kernels.includes("UnsortedSegmentSum"));
  model.dispose();
});

Deno.test("preflight() names the layer, the kernel and the remedy where a kernel is missing", async () => {
  await selectBackend({ backend: "wasm" });
  const kernel = tf.getKernel("Conv2DBackpropFilter", "wasm");
  tf.unregisterKernel("Conv2DBackpropFilter", "wasm");
  try {
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          name: "second",
          inputShape: [6, 6, 2],
          filters: 3,
          kernelSize: 3,
          activation: "relu",
        }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    const error = await failureOf(model);
    assertEquals(error.kernel, "Conv2DBackpropFilter");
    assertEquals(error.layer, '"second" (Conv2D)');
    assertEquals(error.backend, "wasm");
    assertStringIncludes(error.remedy, "enableWasmTraining()");
    assertStringIncludes(error.remedy, "cpu");
  } finally {
    tf.registerKernel(kernel!);
  }
});

Deno.test("preflight() names a layer whose function has no kernel, and where there is one", async () => {
  class Spectrum extends layers.Layer {
    static className = "Spectrum";
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const [x] = [inputs].flat();
      return tf.real(tf.fft(tf.complex(x, tf.zerosLike(x))));
    }
  }
  await selectBackend({ backend: "cpu" });
  await selectBackend({ backend: "wasm" });
  const model = tf.sequential({
    layers: [
      layers.dense({ inputShape: [4], units: 4 }),
      new Spectrum({ name: "spectrum" }),
    ],
  });
  const error = await failureOf(model);
  assertEquals(error.layer, '"spectrum" (Spectrum)');
  assertEquals(error.kernel, "Complex");
  assertStringIncludes(error.remedy, "cpu backend, which has it");
  // At the first use too, without preflight.
  const refusal = assertThrows(() => tf.complex([1], [0]), Error);
  assertStringIncludes(refusal.message, "Cannot run Complex on the wasm");
  assertStringIncludes(refusal.message, 'selectBackend({ backend: "cpu" })');
});

Deno.test("preflight() passes layers whose gradient tfjs lacks and we have", async () => {
  await selectBackend({ backend: "wasm" });
  const stacks = [
    [
      layers.dense({ inputShape: [3], units: 3 }),
      layers.thresholdedReLU(),
      layers.dense({ units: 1 }),
    ],
    [
      layers.conv3dTranspose({
        inputShape: [3, 3, 3, 1],
        filters: 2,
        kernelSize: 2,
      }),
    ],
    [
      layers.conv1d({
        inputShape: [9, 2],
        filters: 2,
        kernelSize: 3,
        dilationRate: 2,
      }),
    ],
    [
      layers.depthwiseConv2d({
        inputShape: [9, 9, 2],
        kernelSize: 3,
        dilationRate: 2,
      }),
    ],
    [
      layers.separableConv2d({
        inputShape: [9, 9, 2],
        filters: 2,
        kernelSize: 3,
        dilationRate: 2,
      }),
    ],
    [
      layers.conv3d({
        inputShape: [5, 5, 5, 1],
        filters: 2,
        kernelSize: 2,
        dilationRate: 2,
      }),
      layers.batchNormalization({ scale: false }),
    ],
    [
      layers.dense({ inputShape: [3], units: 3 }),
      layers.batchNormalization({ center: false, scale: false }),
    ],
  ];
  for (const stack of stacks) {
    const model = tf.sequential({ layers: stack });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const { kernels } = await preflight(model);
    assert(kernels.length > 0);
  }
});
