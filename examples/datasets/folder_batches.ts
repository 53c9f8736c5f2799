import * as tf from "@tensorflow/tfjs";
import { seededRandom, shuffle } from "@clr/clr/training";
import { combineSeeds } from "./_random.ts";
import type { TensorBatch } from "./image_batches.ts";
import { type ImageFolder, STORED_SIZE } from "./image_folder.ts";
import type { RgbImage } from "./rgb_image.ts";

/** Options of {@linkcode FolderBatches}. */
export interface FolderBatchesOptions {
  /** Images in a batch. */
  readonly batchSize: number;
  /** Height and width of the crop that the network takes. */
  readonly crop: number;
  /** Subtracted from red, green and blue of 0–255. */
  readonly mean: readonly [red: number, green: number, blue: number];
  /**
   * Whether each epoch has an order of its own, and images are cropped anywhere
   * and flipped every other time; else the crop is of the middle.
   */
  readonly varied: boolean;
  /** The seed of the orders and the crops. @default {0} */
  readonly seed?: number;
}

/** Where a crop lies in an image. */
interface Crop {
  readonly top: number;
  readonly left: number;
  readonly flip: boolean;
}

/**
 * The endless sequence of the batches of an {@linkcode ImageFolder}, as
 * `ImageBatches` has them of images in memory: batch t is a function of the
 * options and t alone. Its images are read from their files when it is asked
 * for, and given up with it.
 */
export class FolderBatches {
  /** Batches in an epoch. */
  readonly perEpoch: number;
  /** Images in an epoch. */
  readonly count: number;
  readonly #folder: ImageFolder;
  readonly #part: "train" | "test";
  readonly #options: FolderBatchesOptions;
  #order: Uint32Array;
  #orderedEpoch = -1;

  constructor(
    folder: ImageFolder,
    part: "train" | "test",
    options: FolderBatchesOptions,
  ) {
    const { crop, batchSize } = options;
    if (!(Number.isSafeInteger(crop) && crop >= 1 && crop <= STORED_SIZE)) {
      throw new RangeError(
        `Cannot make batches as crop must be a whole number from 1 to ${STORED_SIZE}: current value is ${crop}`,
      );
    }
    this.#folder = folder;
    this.#part = part;
    this.#options = options;
    this.count = folder[part].count;
    this.perEpoch = Math.ceil(this.count / batchSize);
    this.#order = this.#identity();
  }

  /** The images of batch `iteration`, by their index in the part. */
  indices(iteration: number): Uint32Array {
    const { batchSize, varied, seed = 0 } = this.#options;
    const epoch = Math.floor(iteration / this.perEpoch);
    if (varied && epoch !== this.#orderedEpoch) {
      this.#order = this.#identity();
      shuffle(this.#order, seededRandom(combineSeeds(seed, epoch)));
      this.#orderedEpoch = epoch;
    }
    const start = (iteration - epoch * this.perEpoch) * batchSize;
    return this.#order.subarray(start, start + batchSize);
  }

  /** Batch `iteration` as tensors, which are the caller's to dispose. */
  async tensorsAt(iteration: number): Promise<TensorBatch> {
    const { crop, mean } = this.#options;
    const { classNames } = this.#folder;
    const { labels } = this.#folder[this.#part];
    // Copied, as the order may be another before the files are read.
    const indices = this.indices(iteration).slice();
    const crops = this.#crops(iteration, indices.length);
    const xs = new Float32Array(indices.length * crop * crop * 3);
    const ys = new Float32Array(indices.length * classNames.length);
    // One after the other: decoded images are large.
    for (let i = 0; i < indices.length; i++) {
      const image = await this.#folder.read(this.#part, indices[i]);
      put(image, xs.subarray(i * crop * crop * 3), { crop, mean, ...crops[i] });
      ys[i * classNames.length + labels[indices[i]]] = 1;
    }
    return {
      xs: tf.tensor4d(xs, [indices.length, crop, crop, 3]),
      ys: tf.tensor2d(ys, [indices.length, classNames.length]),
    };
  }

  /** The batches from `start` to before `end`, as a data set. */
  dataset(start = 0, end = Infinity): tf.data.Dataset<TensorBatch> {
    const tensorsAt = (t: number) => this.tensorsAt(t);
    return tf.data.generator<TensorBatch>(
      async function* () {
        for (let t = start; t < end; t++) yield await tensorsAt(t);
      } as unknown as () => Iterator<TensorBatch>,
    );
  }

  #identity(): Uint32Array {
    return Uint32Array.from({ length: this.count }, (_, i) => i);
  }

  #crops(iteration: number, count: number): Crop[] {
    const { crop, varied, seed = 0 } = this.#options;
    const room = STORED_SIZE - crop;
    const random = seededRandom(combineSeeds(seed, iteration, 1));
    const middle = Math.floor(room / 2);
    return Array.from({ length: count }, () =>
      varied
        ? {
          top: Math.floor(random() * (room + 1)),
          left: Math.floor(random() * (room + 1)),
          flip: random() < 0.5,
        }
        : { top: middle, left: middle, flip: false });
  }
}

/** Writes a crop of the image, less the mean, row by row. */
function put(
  { width, pixels }: RgbImage,
  xs: Float32Array,
  { crop, mean, top, left, flip }:
    & Crop
    & Pick<FolderBatchesOptions, "crop" | "mean">,
): void {
  let to = 0;
  for (let y = 0; y < crop; y++) {
    for (let x = 0; x < crop; x++) {
      const column = left + (flip ? crop - 1 - x : x);
      const from = ((top + y) * width + column) * 3;
      for (let c = 0; c < 3; c++) xs[to++] = pixels[from + c] - mean[c];
    }
  }
}
