import { loadCifar10, type LoadOptions } from "../datasets/cifar10.ts";
import { loadCifar100 } from "../datasets/cifar100.ts";
import { loadFashionMnist } from "../datasets/fashion_mnist.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import { loadMnist } from "../datasets/mnist.ts";

/** The data sets of the rows by name; ImageNet's images are a person's own affair. */
export const DATASETS = {
  cifar10: loadCifar10,
  cifar100: loadCifar100,
  mnist: loadMnist,
  fashion_mnist: loadFashionMnist,
  imagenet: undefined,
} as const satisfies Record<
  string,
  ((options: LoadOptions) => Promise<ImageDataset>) | undefined
>;

/** A data set that a row names. */
export type DatasetName = keyof typeof DATASETS;
