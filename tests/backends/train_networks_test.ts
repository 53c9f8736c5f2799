import * as tf from "@tensorflow/tfjs";
import { assert } from "@std/assert";
import { type BackendName, selectBackend } from "@clr/clr/backends";
import { PYTHON, runPython } from "../_python.ts";
import { hasAdapter } from "./_adapter.ts";

/** A layer by the name that tfjs makes it by, and its options. */
interface LayerPlan {
  readonly kind: string;
  readonly as?: string;
  readonly [option: string]: unknown;
}

interface Network {
  readonly input: number[];
  readonly output: number[];
  readonly loss: "meanSquaredError" | "categoricalCrossentropy";
  readonly learningRate: number;
  readonly layers: LayerPlan[];
}

const same = { padding: "same" };
const conv3d = (filters: number, kernelSize: number, more = {}) => ({
  kind: "conv3d",
  filters,
  kernelSize,
  strides: [1, 1, 1],
  padding: "valid",
  activation: "relu",
  ...more,
});
const conv2d = (filters: number, kernelSize: number, more = {}) => ({
  kind: "conv2d",
  filters,
  kernelSize,
  strides: [1, 1],
  ...same,
  ...more,
});
const depthwise = (kernelSize: number[], stride: number) => ({
  kind: "depthwiseConv2d",
  kernelSize,
  strides: [stride, stride],
  ...same,
});
const normalized = { kind: "batchNormalization", activation: "relu6" };

const networks: Record<string, Network> = {
  "a 3-D network": {
    input: [7, 8, 6, 2],
    output: [3],
    loss: "categoricalCrossentropy",
    learningRate: 0.05,
    layers: [
      conv3d(5, 3, same),
      {
        kind: "maxPooling3d",
        poolSize: [2, 2, 2],
        strides: [2, 2, 2],
        ...same,
      },
      conv3d(6, 2, { strides: [2, 1, 2], ...same }),
      {
        kind: "averagePooling3d",
        poolSize: [2, 3, 2],
        strides: [1, 2, 1],
        ...same,
      },
      { kind: "flatten" },
      { kind: "dense", units: 3, activation: "softmax" },
    ],
  },
  "a MobileNet-like block with odd windows": {
    input: [13, 11, 3],
    output: [4],
    loss: "categoricalCrossentropy",
    learningRate: 0.1,
    layers: [
      conv2d(6, 3, { strides: [2, 2] }),
      normalized,
      depthwise([3, 3], 1),
      normalized,
      conv2d(8, 1),
      normalized,
      // A window smaller than its stride along one axis, and along both.
      depthwise([1, 3], 2),
      normalized,
      depthwise([1, 1], 2),
      conv2d(10, 1, { activation: "relu6" }),
      depthwise([5, 3], 1),
      { kind: "averagePooling2d", poolSize: [3, 3], strides: [1, 1], ...same },
      { kind: "globalAveragePooling2d" },
      { kind: "dense", units: 4, activation: "softmax" },
    ],
  },
  "a U-Net with nearest upsampling": {
    input: [8, 12, 2],
    output: [8, 12, 1],
    loss: "meanSquaredError",
    learningRate: 0.2,
    layers: [
      conv2d(4, 3, { activation: "relu" }),
      { kind: "keep", as: "fine" },
      { kind: "maxPooling2d", poolSize: [2, 2], strides: [2, 2], ...same },
      conv2d(6, 3, { activation: "relu" }),
      { kind: "keep", as: "coarse" },
      { kind: "maxPooling2d", poolSize: [2, 2], strides: [2, 2], ...same },
      conv2d(8, 3, { activation: "relu" }),
      { kind: "upSampling2d" },
      { kind: "join", as: "coarse" },
      conv2d(6, 3, { activation: "relu" }),
      { kind: "upSampling2d" },
      { kind: "join", as: "fine" },
      conv2d(4, 3, { activation: "relu" }),
      conv2d(1, 1, { activation: "sigmoid" }),
    ],
  },
};

const BATCH = 6;
const STEPS = 30;

type Apply = (x: tf.SymbolicTensor) => tf.SymbolicTensor;
type Make = (options: object) => { apply: Apply };

function build({ input, layers }: Network): tf.LayersModel {
  const inputs = tf.input({ shape: input });
  const kept: Record<string, tf.SymbolicTensor> = {};
  const make = tf.layers as unknown as Record<string, Make>;
  let x = inputs;
  for (const { kind, as, ...options } of layers) {
    if (kind === "keep") kept[as!] = x;
    else if (kind === "join") {
      const joined = tf.layers.concatenate().apply([kept[as!], x]);
      x = joined as tf.SymbolicTensor;
    } else if (kind === "batchNormalization") {
      x = make[kind]({}).apply(x);
      x = make.activation({ activation: options.activation }).apply(x);
    } else x = make[kind](options).apply(x);
  }
  return tf.model({ inputs, outputs: x });
}

function arrays(tensors: tf.Tensor[]) {
  return tensors.map((tensor) => ({
    shape: tensor.shape,
    values: Array.from(tensor.dataSync()),
  }));
}

/** The same weights and data on every backend. */
function seeded(model: tf.LayersModel, { input, output, loss }: Network) {
  const weights = model.trainableWeights.map(({ shape, originalName }, i) => {
    // As far as Glorot's; scales near 1.
    const fans = (shape as number[]).slice(0, -1);
    const most = Math.sqrt(2 / fans.reduce((a, b) => a * b, 1));
    return /gamma/.test(originalName)
      ? tf.randomUniform(shape as number[], 0.8, 1.2, "float32", i + 1)
      : /beta|bias/.test(originalName)
      ? tf.randomUniform(shape as number[], -0.1, 0.1, "float32", i + 1)
      : tf.randomUniform(shape as number[], -most, most, "float32", i + 1);
  });
  const xs = tf.randomUniform([BATCH, ...input], -1, 1, "float32", 91);
  const ys = loss === "meanSquaredError"
    ? xs.slice([0, 0, 0, 0], [BATCH, ...output]).mul(3).sigmoid()
    : tf.oneHot(
      tf.tensor1d(
        Array.from({ length: BATCH }, (_, i) => i % output[0]),
        "int32",
      ),
      output[0],
    ).toFloat();
  return { weights, xs, ys };
}

async function losses(
  backend: BackendName,
  network: Network,
): Promise<number[]> {
  await selectBackend({ backend });
  const model = build(network);
  const { weights, xs, ys } = seeded(model, network);
  model.trainableWeights.forEach((weight, i) => weight.write(weights[i]));
  model.compile({
    optimizer: tf.train.momentum(network.learningRate, 0.9),
    loss: network.loss,
  });
  const found: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    found.push(await model.trainOnBatch(xs, ys) as number);
  }
  tf.dispose([xs, ys, weights]);
  model.dispose();
  return found;
}

async function lossesOfPyTorch(network: Network): Promise<number[]> {
  await selectBackend({ backend: "cpu" });
  const model = build(network);
  const { weights, xs, ys } = seeded(model, network);
  const path = new URL("_train_networks.py", import.meta.url);
  const [found] = await runPython<number[][]>(path, [{
    layers: network.layers,
    loss: network.loss,
    learningRate: network.learningRate,
    momentum: 0.9,
    steps: STEPS,
    weights: arrays(weights),
    xs: arrays([xs])[0],
    ys: arrays([ys])[0],
  }]);
  tf.dispose([xs, ys, weights]);
  model.dispose();
  return found;
}

const backends: BackendName[] = [
  "cpu",
  "wasm",
  ...(await hasAdapter() ? ["webgpu" as const] : []),
];

for (const [name, network] of Object.entries(networks)) {
  Deno.test({
    name: `${name} trains on ${backends.join(", ")} as in PyTorch`,
    ignore: PYTHON === undefined,
    // The adapter outlives the test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      const expected = await lossesOfPyTorch(network);
      const learned = expected[STEPS - 1] / expected[0];
      assert(learned < 0.95, `the loss is still ${learned} of the first`);
      for (const backend of backends) {
        const actual = await losses(backend, network);
        const worst = Math.max(
          ...actual.map((loss, i) => Math.abs(loss - expected[i])),
        );
        console.log(
          `${name} on ${backend}: loss ${actual[0].toFixed(4)} to ${
            actual[STEPS - 1].toFixed(4)
          }, off by ${worst.toExponential(1)} at most`,
        );
        assert(worst < 1e-4, `${backend} is off by ${worst}`);
      }
    },
  });
}
