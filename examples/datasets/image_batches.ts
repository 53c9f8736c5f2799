import * as tf from "@tensorflow/tfjs";
import { seededRandom, shuffle } from "@clr/clr/training";
import { type Augmentation, Placer } from "./augmentation.ts";
import { combineSeeds } from "./_random.ts";
import {
  type ImageDataset,
  imageSize,
  type ImageSplit,
} from "./image_dataset.ts";
import type { Normalization } from "./normalization.ts";

/** Options of {@linkcode ImageBatches}. */
export interface ImageBatchesOptions {
  /** Images in a batch. @default {100} */
  batchSize?: number;
  /** How bytes become the network's numbers. @default {pixels as they are, 0–255} */
  normalization?: Normalization;
  /** Whether each epoch has an order of its own. @default {true} */
  shuffle?: boolean;
  /** The seed of the epochs' orders and of the augmentation. @default {0} */
  seed?: number;
  /** How images are varied. @default {not at all} */
  augmentation?: Augmentation;
}

/** Images as the network takes them, and their labels one-hot. */
export interface ImageBatch {
  /** Normalized pixels, NHWC. */
  readonly xs: Float32Array;
  /** One row of zeros and a one for each image. */
  readonly ys: Float32Array;
  /** How many images there are. */
  readonly size: number;
}

/** A batch as tensors, which are the caller's to dispose. */
export type TensorBatch = { xs: tf.Tensor4D; ys: tf.Tensor2D };

/**
 * The endless sequence of a split's batches. Batch t is a function of the
 * options and t alone, so a run that stopped anywhere resumes with the batches
 * it would have seen. The images stay bytes; only the batch asked for becomes
 * floats.
 *
 * An epoch takes each image once; its last batch is smaller where `batchSize`
 * does not divide their number.
 *
 * @example With `fitDataset`
 * ```ts ignore
 * const batches = new ImageBatches(dataset, "train", { seed: 1 });
 * await model.fitDataset(batches.dataset(), {
 *   epochs: 8,
 *   batchesPerEpoch: batches.perEpoch,
 *   callbacks: [clr],
 * });
 * ```
 */
export class ImageBatches {
  /** Batches in an epoch. */
  readonly perEpoch: number;
  /** Images in an epoch. */
  readonly count: number;
  readonly #split: ImageSplit;
  readonly #shape: readonly [number, number, number];
  readonly #classes: number;
  readonly #batchSize: number;
  readonly #mean: Float32Array;
  readonly #scale: Float32Array;
  readonly #shuffle: boolean;
  readonly #seed: number;
  readonly #augmentation: Augmentation | undefined;
  readonly #placer: Placer | undefined;
  #order: Uint32Array;
  #orderedEpoch = -1;

  /** @throws {RangeError} When `batchSize` is no whole number above 0. */
  constructor(
    { shape, classNames, ...splits }: ImageDataset,
    part: "train" | "test",
    {
      batchSize = 100,
      normalization,
      shuffle: shuffled = true,
      seed = 0,
      augmentation,
    }: ImageBatchesOptions = {},
  ) {
    if (!(Number.isSafeInteger(batchSize) && batchSize > 0)) {
      throw new RangeError(
        `Cannot make batches as batchSize must be a whole number > 0: current value is ${batchSize}`,
      );
    }
    const size = imageSize(shape);
    const expand = (values: Float32Array) =>
      values.length === size
        ? values
        : Float32Array.from({ length: size }, (_, p) =>
          values[p % values.length]);
    this.#split = splits[part];
    this.#shape = shape;
    this.#classes = classNames.length;
    this.#batchSize = batchSize;
    this.#mean = expand(normalization?.mean ?? Float32Array.of(0));
    this.#scale = expand(normalization?.scale ?? Float32Array.of(1));
    this.#shuffle = shuffled;
    this.#seed = seed;
    this.#augmentation = augmentation;
    this.#placer = augmentation &&
      new Placer(shape, {
        fill: augmentation.fill,
        mean: this.#mean,
        scale: this.#scale,
      });
    this.count = this.#split.count;
    this.perEpoch = Math.ceil(this.count / batchSize);
    this.#order = Uint32Array.from({ length: this.count }, (_, i) => i);
  }

  /** The images of batch `iteration`, by their index in the split. */
  indices(iteration: number): Uint32Array {
    const epoch = Math.floor(iteration / this.perEpoch);
    if (this.#shuffle && epoch !== this.#orderedEpoch) {
      this.#order = Uint32Array.from({ length: this.count }, (_, i) => i);
      shuffle(
        this.#order,
        seededRandom(combineSeeds(this.#seed, epoch)),
      );
      this.#orderedEpoch = epoch;
    }
    const start = (iteration - epoch * this.perEpoch) * this.#batchSize;
    return this.#order.subarray(start, start + this.#batchSize);
  }

  /** Batch `iteration`, counted from 0 through all epochs, as plain arrays. */
  at(iteration: number): ImageBatch {
    const indices = this.indices(iteration);
    const { images, labels } = this.#split;
    const mean = this.#mean;
    const scale = this.#scale;
    const imageLength = mean.length;
    const size = indices.length;
    const xs = new Float32Array(size * imageLength);
    const ys = new Float32Array(size * this.#classes);
    const random = seededRandom(combineSeeds(this.#seed, iteration, 1));
    for (let i = 0, to = 0; i < size; i++) {
      const image = indices[i];
      ys[i * this.#classes + labels[image]] = 1;
      const from = image * imageLength;
      if (this.#placer) {
        const placement = this.#augmentation!.place(random, this.#shape);
        this.#placer.put({ images, from }, { xs, to }, placement);
        to += imageLength;
        continue;
      }
      for (let p = 0; p < imageLength; p++) {
        xs[to++] = (images[from + p] - mean[p]) * scale[p];
      }
    }
    return { xs, ys, size };
  }

  /** Batch `iteration` as tensors, which are the caller's to dispose. */
  tensorsAt(iteration: number): TensorBatch {
    const { xs, ys, size } = this.at(iteration);
    return {
      xs: tf.tensor4d(xs, [size, ...this.#shape]),
      ys: tf.tensor2d(ys, [size, this.#classes]),
    };
  }

  /** The batches from `start` to before `end`. Each tensor is the consumer's to dispose. */
  *tensors(start = 0, end = Infinity): Generator<TensorBatch> {
    for (let t = start; t < end; t++) yield this.tensorsAt(t);
  }

  /**
   * The batches as a data set for `fitDataset` and `evaluateDataset`, which
   * dispose them. Without `end` it never ends: give `batchesPerEpoch`.
   */
  dataset(start = 0, end = Infinity): tf.data.Dataset<TensorBatch> {
    return tf.data.generator(() => this.tensors(start, end));
  }
}
