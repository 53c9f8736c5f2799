import * as tf from "@tensorflow/tfjs";
import { type layerRates, seededRandom } from "@clr/clr/training";
import { loadCifar10 } from "../../../examples/datasets/cifar10.ts";
import {
  ImageBatches,
  type TensorBatch,
} from "../../../examples/datasets/image_batches.ts";
import type { ImageDataset } from "../../../examples/datasets/image_dataset.ts";
import { loadMnist } from "../../../examples/datasets/mnist.ts";
import {
  meanImage,
  type Normalization,
  perChannel,
  unitRange,
} from "../../../examples/datasets/normalization.ts";
import { resizeImages } from "../../../examples/datasets/resize.ts";
import { createCifar10Quick } from "../../../examples/models/cifar10_quick.ts";
import { createResNet } from "../../../examples/models/resnet.ts";

/** Batch t of an endless sequence, the tensors being the caller's. */
export type Batches = (
  t: number,
) => TensorBatch | { xs: tf.Tensor; ys: tf.Tensor };

/** What is learned: the batches of a seed, and the test. */
export interface Data {
  /** The batches to train on, in an order that the seed decides. */
  train(seed: number): Batches;
  /** The test's batches, always the same. */
  readonly test: Batches;
  /** How many batches the test has. */
  readonly testBatches: number;
  /** How many examples there are. */
  readonly examples: {
    readonly train: number | "endless";
    readonly test: number;
  };
}

/** Something to learn, and the network that learns it. */
export interface Problem {
  readonly name: string;
  /** What it is, in a sentence's part. */
  readonly text: string;
  readonly batchSize: number;
  /** Iterations of a training. */
  readonly iterations: number;
  readonly optimizer: "momentum" | "adam";
  /** The rates of the search, half a decade apart. */
  readonly rates: readonly number[];
  load(
    folders: { readonly cifar10: string; readonly mnist: string },
  ): Promise<Data>;
  create(seed: number, optimizer: tf.Optimizer): tf.LayersModel;
  /** Weights that learn at another rate, as `layerRates` takes them. */
  readonly layerRates?: Parameters<typeof layerRates>[1];
}

/** Eleven rates, two a decade, from 10^`exponent` on. */
function ratesFrom(exponent: number): number[] {
  return Array.from(
    { length: 11 },
    (_, i) => Number((10 ** (exponent + i / 2)).toPrecision(2)),
  );
}

const TEST_BATCH = 250;

function imageData(
  dataset: ImageDataset,
  batchSize: number,
  normalization: Normalization,
): Data {
  const test = new ImageBatches(dataset, "test", {
    batchSize: TEST_BATCH,
    normalization,
    shuffle: false,
  });
  return {
    train(seed) {
      const batches = new ImageBatches(dataset, "train", {
        batchSize,
        normalization,
        seed,
      });
      return (t) => batches.tensorsAt(t);
    },
    test: (t) => test.tensorsAt(t),
    testBatches: test.perEpoch,
    examples: { train: dataset.train.count, test: dataset.test.count },
  };
}

const SYMBOLS = 8;
const LENGTH = 12;

/** Sequences of symbols with one marker: which symbol comes after it? */
function markedSequences(batchSize: number): Data {
  const draw = (seed: number, size: number) => {
    const random = seededRandom(seed);
    const xs = new Float32Array(size * LENGTH * (SYMBOLS + 1));
    const ys = new Float32Array(size * SYMBOLS);
    for (let i = 0; i < size; i++) {
      const marker = Math.floor(random() * (LENGTH - 1));
      for (let t = 0; t < LENGTH; t++) {
        const drawn = Math.floor(random() * SYMBOLS);
        const symbol = t === marker ? SYMBOLS : drawn;
        xs[(i * LENGTH + t) * (SYMBOLS + 1) + symbol] = 1;
        if (t === marker + 1) ys[i * SYMBOLS + drawn] = 1;
      }
    }
    return {
      xs: tf.tensor3d(xs, [size, LENGTH, SYMBOLS + 1]),
      ys: tf.tensor2d(ys, [size, SYMBOLS]),
    };
  };
  return {
    train: (seed) => (t) => draw(1_000_003 * seed + t, batchSize),
    test: (t) => draw(-1 - t, TEST_BATCH),
    testBatches: 8,
    examples: { train: "endless", test: 8 * TEST_BATCH },
  };
}

/** Both networks of CIFAR-10 see it at half its size. */
const half = (dataset: ImageDataset) => resizeImages(dataset, 16, 16);

/** The four problems: a perceptron, two convolutional networks, a recurrent one. */
export const PROBLEMS: readonly Problem[] = [
  {
    name: "perceptron",
    text: "128 hidden units on MNIST",
    batchSize: 100,
    iterations: 600,
    optimizer: "momentum",
    rates: ratesFrom(-4),
    async load({ mnist }) {
      return imageData(await loadMnist({ source: mnist }), 100, unitRange);
    },
    create(seed, optimizer) {
      const initializer = (layer: number) =>
        tf.initializers.heNormal({ seed: 2 * seed + layer });
      const model = tf.sequential({
        layers: [
          tf.layers.flatten({ inputShape: [28, 28, 1] }),
          tf.layers.dense({
            units: 128,
            activation: "relu",
            kernelInitializer: initializer(0),
          }),
          tf.layers.dense({
            units: 10,
            activation: "softmax",
            kernelInitializer: initializer(1),
          }),
        ],
      });
      return compile(model, optimizer);
    },
  },
  {
    name: "quick",
    text:
      "Caffe's quick network at a quarter of its width on CIFAR-10 at 16×16",
    batchSize: 100,
    iterations: 1_000,
    optimizer: "momentum",
    rates: ratesFrom(-5),
    async load({ cifar10 }) {
      const dataset = half(await loadCifar10({ source: cifar10 }));
      return imageData(dataset, 100, meanImage(dataset.train, dataset.shape));
    },
    create: (seed, optimizer) =>
      createCifar10Quick({ seed, imageSize: 16, width: 0.25, optimizer }),
    layerRates: { "*/bias": 2 },
  },
  {
    name: "resnet8",
    text:
      "a residual network of 8 layers with batch normalization, half as wide as He's, on CIFAR-10 at 16×16",
    batchSize: 64,
    iterations: 500,
    optimizer: "momentum",
    rates: ratesFrom(-4),
    async load({ cifar10 }) {
      const dataset = half(await loadCifar10({ source: cifar10 }));
      return imageData(dataset, 64, perChannel(dataset.train, dataset.shape));
    },
    create: (seed, optimizer) =>
      createResNet({ seed, depth: 8, imageSize: 16, width: 0.5, optimizer }),
  },
  {
    name: "lstm",
    text:
      `an LSTM of 32 units that reads ${LENGTH} symbols and names the one after a marker`,
    batchSize: 64,
    iterations: 600,
    optimizer: "adam",
    rates: ratesFrom(-5),
    load: () => Promise.resolve(markedSequences(64)),
    create(seed, optimizer) {
      const model = tf.sequential({
        layers: [
          tf.layers.lstm({
            units: 32,
            inputShape: [LENGTH, SYMBOLS + 1],
            kernelInitializer: tf.initializers.glorotUniform({
              seed: 3 * seed,
            }),
            recurrentInitializer: tf.initializers.orthogonal({
              seed: 3 * seed + 1,
            }),
          }),
          tf.layers.dense({
            units: SYMBOLS,
            activation: "softmax",
            kernelInitializer: tf.initializers.glorotUniform({
              seed: 3 * seed + 2,
            }),
          }),
        ],
      });
      return compile(model, optimizer);
    },
  },
];

function compile(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
): tf.LayersModel {
  model.compile({
    optimizer,
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}
