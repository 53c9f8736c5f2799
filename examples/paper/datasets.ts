import { loadCifar10, type LoadOptions } from "../datasets/cifar10.ts";
import { loadCifar100 } from "../datasets/cifar100.ts";
import { loadFashionMnist } from "../datasets/fashion_mnist.ts";
import { ImageFolder } from "../datasets/image_folder.ts";
import { loadMnist } from "../datasets/mnist.ts";
import type { RowDataset } from "./batches.ts";

/** The data sets of the rows by name; ImageNet's images are those of a folder. */
export const DATASETS = {
  cifar10: loadCifar10,
  cifar100: loadCifar100,
  mnist: loadMnist,
  fashion_mnist: loadFashionMnist,
  imagenet: (options) => ImageFolder.open("ImageNet", options),
} as const satisfies Record<
  string,
  (options: LoadOptions) => Promise<RowDataset>
>;

/** A data set that a row names. */
export type DatasetName = keyof typeof DATASETS;
