import type * as tf from "@tensorflow/tfjs";
import {
  type Augmentation,
  cropAndFlip,
  shiftAndFlip,
} from "../datasets/augmentation.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import {
  meanImage,
  type Normalization,
  perChannel,
  unitRange,
} from "../datasets/normalization.ts";
import { resizeImages } from "../datasets/resize.ts";
import { createAlexNet } from "../models/alexnet.ts";
import { createCifar10Full } from "../models/cifar10_full.ts";
import { createCifar10FullSigmoid } from "../models/cifar10_full_sigmoid.ts";
import { createCifar10Quick } from "../models/cifar10_quick.ts";
import { createDenseNet } from "../models/densenet.ts";
import { createGoogLeNet } from "../models/googlenet.ts";
import { createMiniGoogLeNet } from "../models/minigooglenet.ts";
import { createMnistPerceptron } from "../models/mnist_perceptron.ts";
import { createResNet } from "../models/resnet.ts";

/** A network with what its source does to the images. */
export interface PaperModel {
  create(options: {
    readonly seed: number;
    readonly classes: number;
    readonly channels: number;
    readonly optimizer: tf.Optimizer;
    /** Of networks that have an L2 penalty: its weight, where not their own. */
    readonly weightDecay?: number;
  }): tf.LayersModel;
  /** Weights that learn at another rate, as `layerRates` takes them. */
  readonly layerRates?: Readonly<Record<string, number>>;
  normalization(dataset: ImageDataset): Normalization;
  readonly augmentation?: Augmentation;
  /** Of images that are read from files: height and width of what it takes. */
  readonly crop?: number;
  /** The images in the size that the network takes. */
  prepare?(dataset: ImageDataset): ImageDataset;
}

const caffe = {
  normalization: ({ train, shape }: ImageDataset) => meanImage(train, shape),
};
const residual = {
  normalization: ({ train, shape }: ImageDataset) => perChannel(train, shape),
  augmentation: cropAndFlip,
};

function quickOnHalfImages(width: number) {
  return {
    ...caffe,
    create: (options) =>
      createCifar10Quick({ ...options, imageSize: 16, width }),
    layerRates: { "*/bias": 2 },
    // Half the size: linear interpolation is the average of two by two pixels.
    prepare: (dataset) => resizeImages(dataset, 16, 16),
  } as const satisfies PaperModel;
}

/** The networks of the rows by name. */
export const MODELS = {
  cifar10_quick: {
    ...caffe,
    create: createCifar10Quick,
    layerRates: { "*/bias": 2 },
  },
  /** Small enough for tens of thousands of iterations on a processor. */
  cifar10_quick_small: quickOnHalfImages(0.25),
  /** The same, less small. */
  cifar10_quick_half: quickOnHalfImages(0.5),
  cifar10_full: {
    ...caffe,
    create: createCifar10Full,
    layerRates: { "conv3/bias": 1, "*/bias": 2 },
  },
  cifar10_full_sigmoid: {
    ...caffe,
    create: createCifar10FullSigmoid,
    layerRates: { "conv3/bias": 1, "ip1/bias": 0.2, "*/bias": 2 },
  },
  minigooglenet: {
    create: createMiniGoogLeNet,
    // The tutorials: the mean image of CIFAR-10, 0–1 for Fashion-MNIST.
    normalization: ({ train, shape }) =>
      shape[2] === 1 ? unitRange : meanImage(train, shape),
    augmentation: shiftAndFlip,
    prepare: (dataset) =>
      dataset.shape[0] === 32 ? dataset : resizeImages(dataset, 32, 32),
  },
  /** Small enough for some ten thousand iterations on a processor. */
  minigooglenet_small: {
    create: (options) =>
      createMiniGoogLeNet({ ...options, imageSize: 16, width: 0.25 }),
    normalization: ({ train, shape }) => meanImage(train, shape),
    augmentation: shiftAndFlip,
    prepare: (dataset) => resizeImages(dataset, 16, 16),
  },
  mnist_perceptron: {
    create: createMnistPerceptron,
    normalization: () => unitRange,
  },
  resnet: {
    ...residual,
    create: (options) => createResNet({ ...options, depth: 56 }),
  },
  stochastic_depth: {
    ...residual,
    create: (options) =>
      createResNet({ ...options, depth: 110, stochasticDepth: true }),
  },
  densenet: { ...residual, create: createDenseNet },
  alexnet: { ...caffe, create: createAlexNet, crop: 227 },
  googlenet: { ...caffe, create: createGoogLeNet, crop: 224 },
} as const satisfies Record<string, PaperModel>;

/** A network that a row names. */
export type ModelName = keyof typeof MODELS;
