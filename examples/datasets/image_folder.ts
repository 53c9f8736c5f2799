import { join } from "@std/path";
import { seededRandom, shuffle } from "@clr/clr/training";
import type { LoadOptions } from "./_source.ts";
import { DatasetError, type ImageShape } from "./image_dataset.ts";
import { fitImage, readImageFile } from "./image_file.ts";
import type { RgbImage } from "./rgb_image.ts";

/** Height and width that an image is brought to before a crop of it is taken. */
export const STORED_SIZE = 256;

const IMAGE = /\.(jpe?g|png)$/i;
const PARTS = { train: ["train"], test: ["val", "test"] } as const;

/** One part of an {@linkcode ImageFolder}: names and labels, no pixels. */
interface FolderSplit {
  readonly paths: readonly string[];
  /** One class index for each image. */
  readonly labels: Uint16Array;
  readonly count: number;
}

/**
 * A data set as ImageNet is laid out: `train/CLASS/IMAGE` and `val/CLASS/IMAGE`
 * (or `test`), JPEG or PNG files of any size. It holds their names alone; an
 * image is read when it is asked for, so that there may be more than memory has
 * room for.
 */
export class ImageFolder {
  readonly name: string;
  readonly origin: string;
  readonly originNote?: string;
  /** The names of the classes' folders, sorted. */
  readonly classNames: readonly string[];
  /** Of an image as it is read. */
  readonly shape: ImageShape = [STORED_SIZE, STORED_SIZE, 3];
  readonly train: FolderSplit;
  readonly test: FolderSplit;

  private constructor(
    options: Pick<ImageFolder, "name" | "origin" | "classNames"> & {
      readonly train: FolderSplit;
      readonly test: FolderSplit;
    },
  ) {
    this.name = options.name;
    this.origin = options.origin;
    this.classNames = options.classNames;
    this.train = options.train;
    this.test = options.test;
  }

  /**
   * Lists the images of a folder.
   *
   * @throws {DatasetError} If there is no such folder, a part of it, or an image,
   * or the parts have other classes.
   * @throws {RangeError} When more images are asked for than there are.
   */
  static async open(
    name: string,
    { source, trainImages, testImages, seed = 0 }: LoadOptions,
  ): Promise<ImageFolder> {
    if (source === undefined || ["download", "synthetic"].includes(source)) {
      throw new DatasetError(
        `Cannot load ${name} as it must be in a folder, train/CLASS/IMAGE and val/CLASS/IMAGE: current value of --data is ${source}`,
      );
    }
    const train = await listPart(source, "train");
    const test = await listPart(source, "test");
    const classNames = [...train.keys()];
    const others = [...test.keys()];
    const odd = others.find((name) => !train.has(name)) ??
      classNames.find((name) => !test.has(name));
    if (odd !== undefined) {
      throw new DatasetError(
        `Cannot load ${source} as both parts must have the same classes: current value has ${odd} in one`,
      );
    }
    return new ImageFolder({
      name,
      origin: `folder ${source}`,
      classNames,
      train: take(train, { count: trainImages, seed, what: "trainImages" }),
      test: take(test, { count: testImages, seed, what: "testImages" }),
    });
  }

  /** Reads an image, its middle at {@linkcode STORED_SIZE}. */
  async read(part: "train" | "test", index: number): Promise<RgbImage> {
    const image = await readImageFile(this[part].paths[index]);
    return fitImage(image, STORED_SIZE, STORED_SIZE);
  }
}

/** The paths of a part's images by class, both sorted. */
async function listPart(
  source: string,
  part: keyof typeof PARTS,
): Promise<Map<string, string[]>> {
  for (const name of PARTS[part]) {
    const folder = join(source, name);
    const classes = await namesIn(folder, (entry) => !entry.isFile);
    if (classes === undefined) continue;
    const paths = new Map<string, string[]>();
    for (const name of classes) {
      const files = await namesIn(
        join(folder, name),
        (entry) => !entry.isDirectory && IMAGE.test(entry.name),
      );
      if (files === undefined || files.length === 0) continue;
      paths.set(name, files.map((file) => join(folder, name, file)));
    }
    if (paths.size > 0) return paths;
    throw new DatasetError(
      `Cannot load ${folder} as it must hold a folder of JPEG or PNG files for each class: current value has none`,
    );
  }
  throw new DatasetError(
    `Cannot load ${source} as it must have a folder ${
      PARTS[part].join(" or ")
    }: current value has none`,
  );
}

/** The sorted names of what is in a folder; undefined if there is no such. */
async function namesIn(
  folder: string,
  isWanted: (entry: Deno.DirEntry) => boolean,
): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (isWanted(entry)) names.push(entry.name);
    }
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return undefined;
    throw error;
  }
  return names.sort();
}

/** All images of a part, or so many, drawn at random. */
function take(
  classes: ReadonlyMap<string, readonly string[]>,
  { count, seed, what }: {
    readonly count: number | undefined;
    readonly seed: number;
    readonly what: string;
  },
): FolderSplit {
  const all = [...classes.values()].flatMap((paths, label) =>
    paths.map((path) => ({ path, label }))
  );
  if (count !== undefined && count > all.length) {
    throw new RangeError(
      `Cannot load the images as ${what} must be <= ${all.length}: current value is ${count}`,
    );
  }
  const order = Uint32Array.from({ length: all.length }, (_, i) => i);
  if (count !== undefined) shuffle(order, seededRandom(seed));
  const taken = order.subarray(0, count ?? all.length);
  return {
    paths: Array.from(taken, (i) => all[i].path),
    labels: Uint16Array.from(taken, (i) => all[i].label),
    count: taken.length,
  };
}
