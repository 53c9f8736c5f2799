import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { toOnnx } from "../../src/onnx/mod.ts";
import { chain, testAgreement } from "./_agreement.ts";

const { layers } = tf;

const activations = [
  "elu",
  "gelu",
  "gelu_new",
  "hardSigmoid",
  "linear",
  "logSoftmax",
  "mish",
  "relu",
  "relu6",
  "selu",
  "sigmoid",
  "softmax",
  "softplus",
  "softsign",
  "swish",
  "tanh",
] as unknown as "relu"[];

for (const activation of activations) {
  testAgreement({
    [`activation ${activation}`]: () =>
      chain(
        [5],
        layers.rescaling({ scale: 4, offset: 0.5 }),
        layers.activation({ activation }),
      ),
    [`activation ${activation} of a convolution`]: () =>
      chain(
        [4, 5, 2],
        layers.conv2d({ filters: 3, kernelSize: 2, activation }),
      ),
    [`activation ${activation} of flattened features`]: () =>
      chain(
        [3, 4, 2],
        layers.maxPooling2d({ poolSize: 2, strides: 1 }),
        layers.flatten(),
        layers.activation({ activation }),
        layers.dense({ units: 3 }),
      ),
  });
}

testAgreement({
  "dense": () => chain([6], layers.dense({ units: 4, activation: "tanh" })),
  "dense without bias": () =>
    chain([6], layers.dense({ units: 4, useBias: false })),
  "dense on a sequence": () =>
    chain([5, 3], layers.dense({ units: 4, activation: "softmax" })),
  "dense on an image": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.dense({ units: 4, useBias: false }),
    ),
  "dense on flattened channels": () =>
    chain(
      [6, 5, 3],
      layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }),
      layers.flatten(),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 4 }),
    ),
  "flatten": () => chain([3, 4, 2], layers.flatten()),
  "flatten after a convolution": () =>
    chain(
      [5, 4, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.flatten(),
    ),
  "flatten of channels first": () =>
    chain(
      [2, 5, 4],
      layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: "channelsFirst" }),
      layers.flatten({ dataFormat: "channelsFirst" }),
      layers.dense({ units: 3 }),
    ),
  "flatten of channels first to an output": () =>
    chain([2, 5, 4], layers.flatten({ dataFormat: "channelsFirst" })),
  "flatten of a permuted sequence": () =>
    chain(
      [3, 4, 2],
      layers.permute({ dims: [3, 1, 2] }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ),
  "layer normalization of flattened channels": () =>
    chain(
      [4, 4, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.flatten(),
      layers.layerNormalization({}),
      layers.dense({ units: 2 }),
    ),
  "reshape": () => chain([3, 4], layers.reshape({ targetShape: [2, 6] })),
  "reshape of channels to a sequence": () =>
    chain(
      [5, 4, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.reshape({ targetShape: [-1, 3] }),
    ),
  "reshape of flattened channels": () =>
    chain(
      [4, 4, 2],
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.reshape({ targetShape: [2, 4] }),
    ),
  "permute": () => chain([3, 4, 2], layers.permute({ dims: [2, 3, 1] })),
  "two permutations around a convolution": () =>
    chain(
      [3, 6, 5],
      layers.permute({ dims: [2, 3, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3 }),
      layers.permute({ dims: [3, 1, 2] }),
    ),
  "repeatVector": () => chain([4], layers.repeatVector({ n: 3 })),
  "rescaling": () =>
    chain([4, 4, 3], layers.rescaling({ scale: 1 / 127.5, offset: -1 })),
  "zeroPadding2d": () =>
    chain([4, 5, 2], layers.zeroPadding2d({ padding: [[1, 2], [3, 0]] })),
  "zeroPadding2d of a convolution on channels first": () =>
    chain(
      [2, 4, 5],
      layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: "channelsFirst" }),
      layers.zeroPadding2d({
        padding: [[1, 2], [3, 0]],
        dataFormat: "channelsFirst",
      }),
    ),
  "zeroPadding2d between convolutions": () =>
    chain(
      [5, 5, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.zeroPadding2d({ padding: 1 }),
      layers.conv2d({ filters: 2, kernelSize: 3 }),
    ),
  "cropping2d": () =>
    chain([6, 7, 2], layers.cropping2D({ cropping: [[1, 2], [0, 3]] })),
  "cropping2d on channels first": () =>
    chain(
      [2, 6, 7],
      layers.cropping2D({
        cropping: [[1, 2], [0, 3]],
        dataFormat: "channelsFirst",
      }),
    ),
  "cropping2d between convolutions": () =>
    chain(
      [6, 7, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.cropping2D({ cropping: 1 as unknown as [number, number] }),
      layers.conv2d({ filters: 2, kernelSize: 2 }),
    ),
  "upSampling2d, nearest": () =>
    chain([3, 4, 2], layers.upSampling2d({ size: [2, 3] })),
  "upSampling2d, bilinear": () =>
    chain(
      [3, 4, 2],
      layers.upSampling2d({ size: [3, 2], interpolation: "bilinear" }),
    ),
  "upSampling2d on channels first": () =>
    chain(
      [2, 3, 4],
      layers.upSampling2d({ size: [2, 2], dataFormat: "channelsFirst" }),
    ),
  "reLU": () => chain([6], layers.reLU({})),
  "reLU up to a bound": () => chain([6], layers.reLU({ maxValue: 0.5 })),
  "leakyReLU": () => chain([6], layers.leakyReLU({ alpha: 0.1 })),
  "leakyReLU by default": () => chain([6], layers.leakyReLU({})),
  "prelu": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.prelu({}),
    ),
  "prelu with shared axes": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.prelu({ sharedAxes: [1, 2] }),
    ),
  "elu": () => chain([6], layers.elu({})),
  "thresholdedReLU": () => chain([6], layers.thresholdedReLU({ theta: 0.4 })),
  "softmax": () => chain([6], layers.softmax({ axis: -1 })),
  "softmax by default": () => chain([6], layers.softmax({})),
  "softmax over the channels of a convolution": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.softmax({ axis: -1 }),
    ),
  "softmax over several axes": () =>
    chain(
      [4, 3, 2],
      layers.conv2d({ filters: 3, kernelSize: 2 }),
      layers.softmax({ axis: [1, 2] }),
    ),
  "dropout and noise": () =>
    chain(
      [6, 3],
      layers.spatialDropout1d({ rate: 0.3 }),
      layers.gaussianNoise({ stddev: 1 }),
      layers.gaussianDropout({ rate: 0.3 }),
      layers.alphaDropout({ rate: 0.3 }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 2 }),
    ),
});
testAgreement({
  "embedding": [
    () => chain([5], layers.embedding({ inputDim: 9, outputDim: 4 })),
    { indices: 9 },
  ],
  "embedding of a sequence of unknown length": [
    () =>
      chain(
        [null],
        layers.embedding({ inputDim: 9, outputDim: 4 }),
        layers.globalAveragePooling1d({}),
      ),
    { indices: 9, unknown: [6] },
  ],
});

Deno.test("toOnnx() refuses a softmax that tfjs cannot compute", async () => {
  await assertRejects(
    () => toOnnx(chain([4, 3], layers.softmax({ axis: 1, name: "inner" }))),
    TypeError,
    'layer "inner" (Softmax) must be over the last axis',
  );
});
