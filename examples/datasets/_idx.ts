import { exists } from "./_cache.ts";
import { IdxReader } from "./_idx_reader.ts";
import { checkSplit, countToRead, findFolder } from "./_source.ts";
import {
  DatasetError,
  type ImageShape,
  imageSize,
  type ImageSplit,
} from "./image_dataset.ts";

/** The two magic numbers of MNIST's IDX files: bytes in three dimensions, bytes in one. */
const IMAGES = 2051;
const LABELS = 2049;
/** The kinds of the files, with the dimensions that their names tell. */
type Kind = "images-idx3" | "labels-idx1";

/**
 * The names that a file goes by: gzipped or not, and with a dot in place of the
 * hyphen, as some archives unpack it.
 */
function namesOf(stem: string, kind: Kind): string[] {
  return [`${stem}-${kind}`, `${stem}-${kind.replace("-", ".")}`]
    .flatMap((name) => [`${name}-ubyte.gz`, `${name}-ubyte`]);
}

/**
 * The first of `names` in `dir`, or in a folder there of its own name, as some
 * archives unpack into.
 */
async function findFirst(
  dir: string,
  names: readonly string[],
): Promise<string | undefined> {
  let folder: string | undefined;
  for (const name of names) {
    for (const path of [`${dir}/${name}`, `${dir}/${name}/${name}`]) {
      if (!await exists(path)) continue;
      if ((await Deno.stat(path)).isFile) return path;
      folder = path;
    }
  }
  if (folder === undefined) return undefined;
  throw new DatasetError(
    `Cannot read ${folder} as it must be a file: current value is a folder`,
  );
}

/** The file of `dir` with that name, gzipped or not. */
async function findIdx(
  name: string,
  dir: string,
  { stem, kind }: { readonly stem: string; readonly kind: Kind },
): Promise<string> {
  const found = await findFirst(dir, namesOf(stem, kind));
  if (found !== undefined) return found;
  throw new DatasetError(
    `Cannot read ${name} from ${dir} as it must hold ${stem}-${kind}-ubyte or ${stem}-${kind}-ubyte.gz: no such file`,
  );
}

/** A data set in MNIST's four files. */
export interface IdxLayout {
  readonly name: string;
  readonly shape: ImageShape;
  readonly classes: number;
}

/** Reads images `from` to before `to(count)` of the pair of files called `stem`. */
async function readPair(
  dir: string,
  { name, shape, classes, stem, range }: IdxLayout & {
    readonly stem: "train" | "t10k";
    readonly range: (count: number) => { from: number; to: number };
  },
): Promise<ImageSplit> {
  const imagesPath = await findIdx(name, dir, {
    stem,
    kind: "images-idx3",
  });
  const labelsPath = await findIdx(name, dir, {
    stem,
    kind: "labels-idx1",
  });
  await using images = await IdxReader.open(imagesPath);
  await using labels = await IdxReader.open(labelsPath);
  const [count, height, width] = await images.dimensions(IMAGES);
  if (height !== shape[0] || width !== shape[1]) {
    throw new DatasetError(
      `Cannot read ${imagesPath} as its images must have ${shape[0]}×${
        shape[1]
      } pixels: current value is ${height}×${width}`,
    );
  }
  const [labelCount] = await labels.dimensions(LABELS);
  if (labelCount !== count) {
    throw new DatasetError(
      `Cannot read ${labelsPath} as it must hold a label for each of ${count} images: current value is ${labelCount}`,
    );
  }
  const { from, to } = range(count);
  if (to === from) {
    throw new DatasetError(
      `Cannot read ${imagesPath} as it must hold images to train and to test on: current value is ${count}`,
    );
  }
  const size = imageSize(shape);
  checkSplit(to - from, size, `the number of images in ${imagesPath}`);
  await images.skip(from * size);
  await labels.skip(from);
  const split = {
    images: await images.body((to - from) * size, (count - from) * size),
    labels: await labels.body(to - from, count - from),
    count: to - from,
  };
  const wrong = split.labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new DatasetError(
      `Cannot read ${labelsPath} as label ${from + wrong} must be at most ${
        classes - 1
      }: current value is ${split.labels[wrong]}`,
    );
  }
  return split;
}

/** The part of the test images that is trained on where there are no others. */
const TRAIN_PART = 0.8;

/**
 * Reads a data set in MNIST's four IDX files, gzipped or not. A folder that
 * holds the test files alone is split: the first four fifths to train on, the
 * rest to test on, with a note that says so.
 */
export async function readIdx(
  given: string,
  layout: IdxLayout,
  options: { readonly trainImages?: number; readonly testImages?: number },
): Promise<{ train: ImageSplit; test: ImageSplit; note?: string }> {
  const { name } = layout;
  const images = ["train", "t10k"].map((stem) => namesOf(stem, "images-idx3"));
  const dir = await findFolder(name, {
    dir: given,
    // The second is where torchvision keeps them, from the folder it is given.
    candidates: [given, `${given}/${name.replace("-", "")}/raw`],
    markers: images.flat(),
  });
  const hasTrain = await findFirst(dir, images[0]) !== undefined;
  const trainCount = (available: number) =>
    countToRead(options.trainImages, available, `training images of ${name}`);
  const testCount = (available: number) =>
    countToRead(options.testImages, available, `test images of ${name}`);
  if (hasTrain) {
    return {
      train: await readPair(dir, {
        ...layout,
        stem: "train",
        range: (count) => ({ from: 0, to: trainCount(count) }),
      }),
      test: await readPair(dir, {
        ...layout,
        stem: "t10k",
        range: (count) => ({ from: 0, to: testCount(count) }),
      }),
    };
  }
  const train = await readPair(dir, {
    ...layout,
    stem: "t10k",
    range: (count) => ({
      from: 0,
      to: trainCount(Math.floor(TRAIN_PART * count)),
    }),
  });
  const test = await readPair(dir, {
    ...layout,
    stem: "t10k",
    range: (count) => {
      const from = Math.floor(TRAIN_PART * count);
      return { from, to: from + testCount(count - from) };
    },
  });
  return {
    train,
    test,
    note: `only the test images of ${name} are there: ${train.count} of them ` +
      `are trained on and ${test.count} others tested on`,
  };
}
