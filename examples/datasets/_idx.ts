import { exists } from "./_cache.ts";
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
/** Read before it is known whether a file holds what its header claims. */
const FIRST_BYTES = 1 << 20;

/** An IDX file, plain or gzipped, read from front to back. */
class IdxReader {
  readonly #path: string;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0);

  private constructor(path: string, bytes: ReadableStream<Uint8Array>) {
    this.#path = path;
    this.#reader = bytes.getReader();
  }

  static async open(path: string): Promise<IdxReader> {
    const { readable } = await Deno.open(path);
    return new IdxReader(
      path,
      path.endsWith(".gz")
        ? readable.pipeThrough(new DecompressionStream("gzip"))
        : readable,
    );
  }

  /** Fills `target` and gives how much of it the file had. */
  async fill(target: Uint8Array): Promise<number> {
    let at = 0;
    while (at < target.length) {
      if (this.#rest.length === 0) {
        const chunk = await this.#next();
        if (chunk === undefined) break;
        this.#rest = chunk as Uint8Array<ArrayBuffer>;
      }
      const taken = this.#rest.subarray(0, target.length - at);
      target.set(taken, at);
      at += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    return at;
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      return (await this.#reader.read()).value;
    } catch (error) {
      throw new DatasetError(
        `Cannot read ${this.#path} as it is damaged (${
          (error as Error).message
        })`,
        { cause: error },
      );
    }
  }

  /** The header's dimensions, after the magic number was checked. */
  async dimensions(magic: number): Promise<number[]> {
    const header = new DataView(new ArrayBuffer(4 * (1 + (magic & 255))));
    const got = await this.fill(new Uint8Array(header.buffer));
    const found = got >= 4 ? header.getUint32(0) : `a file of ${got} bytes`;
    if (found !== magic) {
      throw new DatasetError(
        `Cannot read ${this.#path} as its magic number must be ${magic}: current value is ${found}`,
      );
    }
    if (got < header.byteLength) {
      this.#fail(`${header.byteLength} bytes of header`, got);
    }
    return Array.from(
      { length: magic & 255 },
      (_, i) => header.getUint32(4 + 4 * i),
    );
  }

  /**
   * The first `wanted` of the `total` bytes after the header. Memory is taken as
   * bytes come, so that a header alone cannot claim any.
   */
  async body(wanted: number, total: number): Promise<Uint8Array<ArrayBuffer>> {
    let target = new Uint8Array(Math.min(wanted, FIRST_BYTES));
    let got = 0;
    while (got < wanted) {
      if (got === target.length) {
        const larger = new Uint8Array(Math.min(wanted, 2 * got));
        larger.set(target);
        target = larger;
      }
      const more = await this.fill(target.subarray(got));
      if (more === 0) this.#fail(`${wanted} more bytes`, got);
      got += more;
    }
    if (wanted === total && await this.fill(new Uint8Array(1)) > 0) {
      this.#fail(`${total} bytes after its header`, "more");
    }
    return target;
  }

  /** Passes over `length` bytes, a piece at a time. */
  async skip(length: number): Promise<void> {
    const piece = new Uint8Array(Math.min(length, 1 << 16));
    for (let left = length; left > 0;) {
      const got = await this.fill(piece.subarray(0, left));
      if (got === 0) this.#fail(`${length} more bytes`, length - left);
      left -= got;
    }
  }

  #fail(expected: string, found: number | string): never {
    throw new DatasetError(
      `Cannot read ${this.#path} as it must hold ${expected}: current value is ${found}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // How a file that is not read to its end closes is of no interest.
    await this.#reader.cancel().catch(() => {});
  }
}

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

/** The first of `names` in `dir`. */
async function findFirst(
  dir: string,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    if (await exists(`${dir}/${name}`)) return `${dir}/${name}`;
  }
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
  dir: string,
  layout: IdxLayout,
  options: { readonly trainImages?: number; readonly testImages?: number },
): Promise<{ train: ImageSplit; test: ImageSplit; note?: string }> {
  const { name } = layout;
  const images = ["train", "t10k"].map((stem) => namesOf(stem, "images-idx3"));
  await findFolder(name, { dir, candidates: [dir], markers: images.flat() });
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
