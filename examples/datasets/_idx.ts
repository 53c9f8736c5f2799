import { exists } from "./_cache.ts";
import { countToRead, findFolder } from "./_source.ts";
import {
  DatasetError,
  type ImageShape,
  imageSize,
  type ImageSplit,
} from "./image_dataset.ts";

/** The two magic numbers of MNIST's IDX files: bytes in three dimensions, bytes in one. */
const IMAGES = 2051;
const LABELS = 2049;

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

  /** The first `wanted` of the `total` bytes after the header. */
  async body(wanted: number, total: number): Promise<Uint8Array<ArrayBuffer>> {
    const target = new Uint8Array(wanted);
    const got = await this.fill(target);
    if (got < wanted) this.#fail(`${wanted} more bytes`, got);
    if (wanted === total && await this.fill(new Uint8Array(1)) > 0) {
      this.#fail(`${total} bytes after its header`, "more");
    }
    return target;
  }

  /** Passes over `length` bytes, a piece at a time. */
  async skip(length: number): Promise<void> {
    const piece = new Uint8Array(Math.min(length, 1 << 16));
    for (let left = length; left > 0; left -= piece.length) {
      await this.fill(piece.subarray(0, left));
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

/** The file of `dir` called `stem`, gzipped or not. */
async function findIdx(
  name: string,
  dir: string,
  stem: string,
): Promise<string> {
  for (const file of [`${stem}.gz`, stem]) {
    if (await exists(`${dir}/${file}`)) return `${dir}/${file}`;
  }
  throw new DatasetError(
    `Cannot read ${name} from ${dir} as it must hold ${stem} or ${stem}.gz: no such file`,
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
  stem: "train" | "t10k",
  range: (count: number) => { from: number; to: number },
  { name, shape, classes }: IdxLayout,
): Promise<ImageSplit> {
  const imagesPath = await findIdx(name, dir, `${stem}-images-idx3-ubyte`);
  const labelsPath = await findIdx(name, dir, `${stem}-labels-idx1-ubyte`);
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
  const size = imageSize(shape);
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
  const stems = ["train", "t10k"].flatMap((stem) => [
    `${stem}-images-idx3-ubyte`,
    `${stem}-images-idx3-ubyte.gz`,
  ]);
  await findFolder(name, dir, [dir], stems);
  const hasTrain = await exists(`${dir}/${stems[0]}`) ||
    await exists(`${dir}/${stems[1]}`);
  const trainCount = (available: number) =>
    countToRead(options.trainImages, available, `training images of ${name}`);
  const testCount = (available: number) =>
    countToRead(options.testImages, available, `test images of ${name}`);
  if (hasTrain) {
    return {
      train: await readPair(
        dir,
        "train",
        (count) => ({ from: 0, to: trainCount(count) }),
        layout,
      ),
      test: await readPair(
        dir,
        "t10k",
        (count) => ({ from: 0, to: testCount(count) }),
        layout,
      ),
    };
  }
  const train = await readPair(
    dir,
    "t10k",
    (count) => ({ from: 0, to: trainCount(Math.floor(TRAIN_PART * count)) }),
    layout,
  );
  const test = await readPair(dir, "t10k", (count) => {
    const from = Math.floor(TRAIN_PART * count);
    return { from, to: from + testCount(count - from) };
  }, layout);
  return {
    train,
    test,
    note: `only the test images of ${name} are there: ${train.count} of them ` +
      `are trained on and ${test.count} others tested on`,
  };
}
