import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";

interface Case {
  readonly input: number[];
  readonly layers: () => tf.layers.Layer[];
  /** Whole numbers below this, instead of real ones. */
  readonly vocabulary?: number;
}

const { layers } = tf;

const cases: Record<string, Case> = {
  dense: {
    input: [7],
    layers: () => [layers.dense({ units: 9, activation: "tanh" })],
  },
  conv1d: {
    input: [11, 3],
    layers: () => [
      layers.conv1d({ filters: 5, kernelSize: 3, activation: "relu" }),
      layers.conv1d({ filters: 4, kernelSize: 2, strides: 2 }),
    ],
  },
  "conv2d, linear and with relu": {
    input: [9, 8, 3],
    layers: () => [
      layers.conv2d({ filters: 6, kernelSize: 3, padding: "same" }),
      layers.conv2d({ filters: 9, kernelSize: 3, activation: "relu" }),
      layers.conv2d({ filters: 4, kernelSize: 2, strides: 2 }),
    ],
  },
  "conv2d with elu, sigmoid and relu6": {
    input: [7, 7, 2],
    layers: () => [
      layers.conv2d({ filters: 3, kernelSize: 3, activation: "elu" }),
      layers.conv2d({ filters: 3, kernelSize: 2, activation: "sigmoid" }),
      layers.conv2d({ filters: 3, kernelSize: 2, activation: "relu6" }),
    ],
  },
  conv3d: {
    input: [5, 6, 5, 2],
    layers: () => [layers.conv3d({ filters: 3, kernelSize: 2 })],
  },
  conv2dTranspose: {
    input: [4, 5, 3],
    layers: () => [
      layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 }),
    ],
  },
  depthwiseConv2d: {
    input: [8, 7, 3],
    layers: () => [
      layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }),
      layers.depthwiseConv2d({
        kernelSize: 3,
        strides: 2,
        depthMultiplier: 2,
        activation: "relu",
      }),
    ],
  },
  separableConv2d: {
    input: [8, 7, 3],
    layers: () => [
      layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2 }),
    ],
  },
  batchNormalization: {
    input: [6, 5, 4],
    layers: () => [
      layers.conv2d({ filters: 6, kernelSize: 3, useBias: false }),
      layers.batchNormalization(),
      layers.activation({ activation: "relu" }),
    ],
  },
  layerNormalization: {
    input: [6, 4],
    layers: () => [layers.layerNormalization(), layers.dense({ units: 3 })],
  },
  embedding: {
    input: [5],
    vocabulary: 8,
    layers: () => [layers.embedding({ inputDim: 8, outputDim: 6 })],
  },
  simpleRNN: {
    input: [6, 4],
    layers: () => [layers.simpleRNN({ units: 5 })],
  },
  lstm: {
    input: [6, 4],
    layers: () => [
      layers.lstm({ units: 5, returnSequences: true }),
      layers.lstm({ units: 3 }),
    ],
  },
  gru: { input: [6, 4], layers: () => [layers.gru({ units: 5 })] },
  convLstm2d: {
    input: [3, 6, 5, 2],
    layers: () => [
      layers.convLstm2d({ filters: 3, kernelSize: 3 }) as tf.layers.Layer,
    ],
  },
  bidirectional: {
    input: [4, 3],
    layers: () => [
      layers.bidirectional({
        layer: layers.lstm({ units: 3 }) as tf.RNN,
        mergeMode: "concat",
      }),
    ],
  },
  timeDistributed: {
    input: [4, 3],
    layers: () => [
      layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
    ],
  },
  "maxPooling and averagePooling, 1D": {
    input: [13, 3],
    layers: () => [
      layers.conv1d({ filters: 5, kernelSize: 2 }),
      layers.maxPooling1d({ poolSize: 3, strides: 2 }),
      layers.averagePooling1d({ poolSize: 2 }),
    ],
  },
  "maxPooling and averagePooling, 2D": {
    input: [13, 12, 3],
    layers: () => [
      layers.conv2d({ filters: 5, kernelSize: 2 }),
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    ],
  },
  "maxPooling and averagePooling, 3D": {
    input: [6, 6, 6, 2],
    layers: () => [
      layers.conv3d({ filters: 2, kernelSize: 2 }),
      layers.maxPooling3d({ poolSize: 2 }),
      layers.averagePooling3d({ poolSize: 2 }),
    ],
  },
  "globalMaxPooling and zeroPadding": {
    input: [4, 4, 2],
    layers: () => [
      layers.conv2d({ filters: 4, kernelSize: 2 }),
      layers.zeroPadding2d({ padding: 1 }),
      layers.globalMaxPooling2d({}),
    ],
  },
  globalAveragePooling: {
    input: [5, 5, 2],
    layers: () => [
      layers.conv2d({ filters: 4, kernelSize: 2 }),
      layers.cropping2D({ cropping: [[1, 0], [0, 1]] }),
      layers.globalAveragePooling2d({}),
    ],
  },
  "activations with parameters": {
    input: [9],
    layers: () => [
      layers.dense({ units: 6 }),
      layers.leakyReLU({ alpha: 0.2 }),
      layers.dense({ units: 6 }),
      layers.prelu({
        alphaInitializer: tf.initializers.constant({ value: 0.1 }),
      }),
      layers.dense({ units: 6, activation: "selu" }),
      layers.dense({ units: 6, activation: "softplus" }),
      layers.dense({ units: 6, activation: "swish" }),
      layers.elu(),
    ],
  },
  "dropout and noise at rate 0": {
    input: [8],
    layers: () => [
      layers.dense({ units: 6 }),
      layers.dropout({ rate: 0 }),
      layers.gaussianNoise({ stddev: 0 }),
      layers.repeatVector({ n: 2 }),
      layers.permute({ dims: [2, 1] }),
    ],
  },
};

/** Query and key by `dot`, softmax, and the weighted values by `dot` again. */
function attention(): tf.LayersModel {
  const input = tf.input({ shape: [5, 4] });
  const project = (seed: number) =>
    layers.dense({
      units: 6,
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
    }).apply(input) as tf.SymbolicTensor;
  const scores = layers.dot({ axes: -1 }).apply([
    project(1),
    project(2),
  ]) as tf.SymbolicTensor;
  const weights = layers.activation({ activation: "softmax" }).apply(
    scores,
  ) as tf.SymbolicTensor;
  const mixed = layers.dot({ axes: [2, 1] }).apply([weights, project(3)]);
  const flat = layers.flatten().apply(mixed);
  const output = layers.dense({ units: 3, activation: "softmax" }).apply(flat);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
}

function sequential({ input, layers: stack }: Case): tf.LayersModel {
  const model = tf.sequential();
  model.add(layers.inputLayer({ inputShape: input }));
  stack().forEach((layer) => model.add(layer));
  if ((model.outputShape as number[]).length > 2) model.add(layers.flatten());
  model.add(layers.dense({ units: 3, activation: "softmax" }));
  return model;
}

/** Replaces the weights by seeded ones, the same on every backend. */
function seedWeights(model: tf.LayersModel): void {
  tf.tidy(() =>
    model.setWeights(model.weights.map((weight, i) => {
      // A moving variance stays positive.
      const least = weight.originalName.includes("variance") ? 0.5 : -0.4;
      return tf.randomUniform(
        weight.shape as number[],
        least,
        least + 0.8,
        "float32",
        i + 1,
      );
    }))
  );
}

async function train(
  backend: "cpu" | "wasm",
  build: () => tf.LayersModel,
  { input, vocabulary = 0 }: {
    readonly input: number[];
    readonly vocabulary?: number;
  },
): Promise<number[]> {
  await selectBackend({ backend });
  const batch = [8, ...input];
  const xs = vocabulary > 0
    ? tf.randomUniform(batch, 0, vocabulary, "int32", 5)
    : tf.randomUniform(batch, -1, 1, "float32", 5);
  const ys = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], "int32"), 3);
  const model = build();
  seedWeights(model);
  model.compile({
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: "categoricalCrossentropy",
  });
  const losses: number[] = [];
  let tensors = 0;
  for (let step = 0; step < 10; step++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
    if (step === 1) tensors = tf.memory().numTensors;
  }
  assertEquals(tf.memory().numTensors, tensors, "tensors are left behind");
  model.optimizer.dispose();
  model.dispose();
  tf.dispose([xs, ys]);
  return losses;
}

function testTraining(
  name: string,
  build: () => tf.LayersModel,
  { input, vocabulary }: {
    readonly input: number[];
    readonly vocabulary?: number;
  },
) {
  Deno.test(`enableWasmTraining() trains ${name} as the CPU backend does`, async () => {
    const expected = await train("cpu", build, { input, vocabulary });
    const actual = await train("wasm", build, { input, vocabulary });
    expected.forEach((loss, step) =>
      assertAlmostEquals(actual[step], loss, 1e-4, `loss of step ${step}`)
    );
  });
}

for (const [name, sample] of Object.entries(cases)) {
  testTraining(
    name,
    () => sequential(sample),
    { input: sample.input, vocabulary: sample.vocabulary },
  );
}
testTraining("attention", attention, { input: [5, 4] });

Deno.test("enableWasmTraining() sums upSampling2d's gradient over what each pixel became", async () => {
  // Not compared with the CPU backend, whose gradient reads the first image's
  // dy for every image of a batch.
  await selectBackend({ backend: "wasm" });
  const [actual, expected] = tf.tidy(() => {
    const x = tf.randomUniform([3, 4, 5, 2], -1, 1, "float32", 1);
    const dy = tf.randomUniform([3, 8, 10, 2], -1, 1, "float32", 2);
    const enlarge = (x: tf.Tensor) =>
      tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 10]);
    const sums = tf.avgPool(dy as tf.Tensor4D, 2, 2, "valid").mul(4);
    return [tf.grad(enlarge)(x, dy).dataSync(), sums.dataSync()];
  });
  assertEquals(actual.length, expected.length);
  actual.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-5));
});
