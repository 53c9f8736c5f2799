/**
 * CIFAR-100: 60,000 colour images of 32×32 pixels in a hundred classes
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
  name: "CIFAR-100",
  folder: "cifar-100-binary",
  trainFiles: ["train.bin"],
  testFiles: ["test.bin"],
  recordsPerFile: { train: 50_000, test: 10_000 },
  // The first is that of the superclass.
  labelBytes: 2,
  classes: 100,
};

const definition: DatasetDefinition = {
  name: layout.name,
  folder: layout.folder,
  shape: [32, 32, 3],
  classNames:
    ("apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl " +
      "boy bridge bus butterfly camel can castle caterpillar cattle chair " +
      "chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur " +
      "dolphin elephant flatfish forest fox girl hamster house kangaroo " +
      "keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree " +
      "motorcycle mountain mouse mushroom oak_tree orange orchid otter " +
      "palm_tree pear pickup_truck pine_tree plain plate poppy porcupine " +
      "possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk " +
      "skyscraper snail snake spider squirrel streetcar sunflower " +
      "sweet_pepper table tank telephone television tiger tractor train " +
      "trout tulip turtle wardrobe whale willow_tree wolf woman worm")
      .split(" "),
  baseUrl: "https://www.cs.toronto.edu/~kriz/",
  files: [{
    file: "cifar-100-binary.tar.gz",
    bytes: 168_513_733,
    md5: "03b5dce01913d631647c71ecec9e9cb8",
  }],
  read: (dir, options) => readCifar(dir, layout, options),
  unpack: (archive, to) =>
    extractTarGz(archive, to, [
      {
        entry: `${layout.folder}/train.bin`,
        name: "train.bin",
        size: 153_700_000,
      },
      {
        entry: `${layout.folder}/test.bin`,
        name: "test.bin",
        size: 30_740_000,
      },
    ]),
};

/**
 * Loads CIFAR-100 in its official binary layout with its hundred fine labels.
 * `options.source` may be the folder of the two files or the one that holds
 * `cifar-100-binary`.
 *
 * @throws {DatasetError} When a file is missing, has another size or a label
 * over 99, and when an explicit download fails.
 * @throws {RangeError} When more images are asked for than there are.
 */
export function loadCifar100(options: LoadOptions = {}): Promise<ImageDataset> {
  return loadDataset(definition, options);
}

export type { LoadOptions };
