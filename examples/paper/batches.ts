import { FolderBatches } from "../datasets/folder_batches.ts";
import { ImageBatches } from "../datasets/image_batches.ts";
import { type ImageDataset, imageSize } from "../datasets/image_dataset.ts";
import { ImageFolder } from "../datasets/image_folder.ts";
import type { PaperModel } from "./models.ts";

/** The images of a row: in memory, or in files that are read as they are needed. */
export type RowDataset = ImageDataset | ImageFolder;

/** What decides over the batches of a row. */
export interface RowBatchesOptions {
  readonly model: PaperModel;
  readonly batchSize: number;
  readonly seed: number;
}

/**
 * A data set as a network takes it: at most its first `count` images to train
 * on, in the network's size.
 *
 * @throws {RangeError} If the network takes no images of files.
 */
export function prepare(
  dataset: RowDataset,
  model: PaperModel,
  count = Infinity,
): RowDataset {
  if (dataset instanceof ImageFolder) {
    if (model.crop !== undefined) return dataset;
    throw new RangeError(
      `Cannot train on ${dataset.name} as the network must be one for its images: current value is one for small ones`,
    );
  }
  const part = takeFirst(dataset, count);
  return model.prepare?.(part) ?? part;
}

/** The batches of both parts of a prepared data set. */
export function batchesOf(
  dataset: RowDataset,
  { model, batchSize, seed }: RowBatchesOptions,
  testBatch: number,
): {
  readonly train: ImageBatches | FolderBatches;
  readonly test: ImageBatches | FolderBatches;
} {
  if (dataset instanceof ImageFolder) {
    const common = { crop: model.crop!, mean: IMAGENET_MEAN, seed };
    return {
      train: new FolderBatches(dataset, "train", {
        ...common,
        batchSize,
        varied: true,
      }),
      test: new FolderBatches(dataset, "test", {
        ...common,
        batchSize: testBatch,
        varied: false,
      }),
    };
  }
  const normalization = model.normalization(dataset);
  return {
    train: new ImageBatches(dataset, "train", {
      batchSize,
      normalization,
      seed,
      augmentation: model.augmentation,
    }),
    test: new ImageBatches(dataset, "test", {
      batchSize: testBatch,
      normalization,
      shuffle: false,
    }),
  };
}

/** Red, green and blue of ImageNet, as Caffe's GoogLeNet takes them off. */
const IMAGENET_MEAN = [123, 117, 104] as const;

function takeFirst(dataset: ImageDataset, count: number): ImageDataset {
  const { train, shape } = dataset;
  if (train.count <= count) return dataset;
  return {
    ...dataset,
    train: {
      images: train.images.subarray(0, count * imageSize(shape)),
      labels: train.labels.subarray(0, count),
      count,
    },
  };
}
