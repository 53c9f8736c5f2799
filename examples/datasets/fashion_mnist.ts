/**
 * Fashion-MNIST: 70,000 grey images of 28×28 pixels of clothing in ten classes
 * (H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
 * Benchmarking Machine Learning Algorithms", 2017).
 *
 * @module
 */

import { type IdxLayout, readIdx } from "./_idx.ts";
import {
  type DatasetDefinition,
  loadDataset,
  type LoadOptions,
} from "./_source.ts";
import type { ImageDataset } from "./image_dataset.ts";

const layout: IdxLayout = {
  name: "Fashion-MNIST",
  shape: [28, 28, 1],
  classes: 10,
};

const definition: DatasetDefinition = {
  name: layout.name,
  folder: "fashion-mnist",
  shape: layout.shape,
  classNames: [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
  baseUrl:
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
  files: [
    {
      file: "train-images-idx3-ubyte.gz",
      bytes: 26_421_880,
      md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    },
    {
      file: "train-labels-idx1-ubyte.gz",
      bytes: 29_515,
      md5: "25c81989df183df01b3e8a0aad5dffbe",
    },
    {
      file: "t10k-images-idx3-ubyte.gz",
      bytes: 4_422_102,
      md5: "bef4ecab320f06d8554ea6380940ec79",
    },
    {
      file: "t10k-labels-idx1-ubyte.gz",
      bytes: 5_148,
      md5: "bb300cfdad3c16e7a12a480ee83cd310",
    },
  ],
  read: (dir, options) => readIdx(dir, layout, options),
  unpack: (path, to, file) => Deno.copyFile(path, `${to}/${file}`),
};

/**
 * Loads Fashion-MNIST from its IDX files, gzipped or not. A folder that holds the
 * `t10k` files alone is split four to one into training and test images, which
 * `originNote` then says.
 *
 * @throws {DatasetError} When a file is missing or damaged, and when an
 * explicit download fails.
 * @throws {RangeError} When more images are asked for than there are.
 */
export function loadFashionMnist(
  options: LoadOptions = {},
): Promise<ImageDataset> {
  return loadDataset(definition, options);
}

export type { LoadOptions };
