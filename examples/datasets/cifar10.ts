/**
 * CIFAR-10: 60,000 colour images of 32×32 pixels in ten classes
 * (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
 *
 * @module
 */

import { type CifarLayout, readCifar } from "./_cifar_binary.ts";
import {
  type DatasetDefinition,
  loadDataset,
  type LoadOptions,
} from "./_source.ts";
import { extractTarGz } from "./_tar.ts";
import type { ImageDataset } from "./image_dataset.ts";

const layout: CifarLayout = {
  name: "CIFAR-10",
  folder: "cifar-10-batches-bin",
  trainFiles: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  testFiles: ["test_batch.bin"],
  recordsPerFile: { train: 10_000, test: 10_000 },
  labelBytes: 1,
  classes: 10,
};

/** The names of the classes, by their labels. */
export const CIFAR10_CLASSES: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

const definition: DatasetDefinition = {
  name: layout.name,
  folder: layout.folder,
  shape: [32, 32, 3],
  classNames: CIFAR10_CLASSES,
  baseUrl: "https://www.cs.toronto.edu/~kriz/",
  files: [{
    file: "cifar-10-binary.tar.gz",
    bytes: 170_052_171,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
  }],
  read: (dir, options) => readCifar(dir, layout, options),
  unpack: (archive, to) =>
    extractTarGz(
      archive,
      to,
      [...layout.trainFiles, ...layout.testFiles].map((name) => ({
        entry: `${layout.folder}/${name}`,
        name,
        size: 30_730_000,
      })),
    ),
};

/**
 * Loads CIFAR-10 in its official binary layout. `options.source` may be the
 * folder of the six files or the one that holds `cifar-10-batches-bin`.
 *
 * @throws {DatasetError} When a file is missing, has another size or a label
 * over 9, and when an explicit download fails.
 * @throws {RangeError} When more images are asked for than there are.
 */
export function loadCifar10(options: LoadOptions = {}): Promise<ImageDataset> {
  return loadDataset(definition, options);
}

export type { LoadOptions };
