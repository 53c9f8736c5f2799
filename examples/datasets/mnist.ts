/**
 * MNIST: 70,000 grey images of 28×28 pixels of handwritten digits
 * (Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten
 * digits"; L. Bottou et al., 1994).
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
import { drawSyntheticDigits } from "./synthetic_digits.ts";

const layout: IdxLayout = { name: "MNIST", shape: [28, 28, 1], classes: 10 };

const definition: DatasetDefinition = {
  name: layout.name,
  folder: "mnist",
  shape: layout.shape,
  classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
  baseUrl: "https://ossci-datasets.s3.amazonaws.com/mnist/",
  files: [
    {
      file: "train-images-idx3-ubyte.gz",
      bytes: 9_912_422,
      md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    },
    {
      file: "train-labels-idx1-ubyte.gz",
      bytes: 28_881,
      md5: "d53e105ee54ea40749a09fcbcd1e9432",
    },
    {
      file: "t10k-images-idx3-ubyte.gz",
      bytes: 1_648_877,
      md5: "9fb629c4189551a2d022fa330f9573f3",
    },
    {
      file: "t10k-labels-idx1-ubyte.gz",
      bytes: 4_542,
      md5: "ec29112dd5afa0611ce80d1b7f02629c",
    },
  ],
  draw: drawSyntheticDigits,
  read: (dir, options) => readIdx(dir, layout, options),
  unpack: (path, to, file) => Deno.copyFile(path, `${to}/${file}`),
};

/**
 * Loads MNIST from its IDX files, gzipped or not. A folder that holds the
 * `t10k` files alone is split four to one into training and test images, which
 * `originNote` then says.
 *
 * @throws {DatasetError} When a file is missing or damaged, and when an
 * explicit download fails.
 * @throws {RangeError} When more images are asked for than there are.
 */
export function loadMnist(options: LoadOptions = {}): Promise<ImageDataset> {
  return loadDataset(definition, options);
}

export type { LoadOptions };
