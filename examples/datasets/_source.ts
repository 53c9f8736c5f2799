import { systemCode } from "@clr/clr/command";
import { cacheFolder, exists, fillOnce } from "./_cache.ts";
import {
  download,
  type DownloadOptions,
  md5OfFile,
  type OnProgress,
  UnreachableError,
} from "./_download.ts";
import { reportProgress } from "./_progress.ts";
import {
  DatasetError,
  type ImageDataset,
  type ImageShape,
  imageSize,
  type ImageSplit,
} from "./image_dataset.ts";
import {
  drawSyntheticImages,
  syntheticClassNames,
} from "./synthetic_images.ts";

/** Where a data set comes from and how much of it is read. */
export interface LoadOptions {
  /**
   * `"download"`, `"synthetic"` or the folder that holds the data set's files.
   * Without it: the cached download, or a download, or, where the server
   * cannot be reached, the synthetic images with a line that says so.
   */
  source?: string;
  /** How many training images to read, of 2 GiB at most. @default {all; 10,000 synthetic ones} */
  trainImages?: number;
  /** How many test images to read, of 2 GiB at most. @default {all; 2,000 synthetic ones} */
  testImages?: number;
  /** The seed of the synthetic images. @default {0} */
  seed?: number;
  /** Where lines about the data go. @default {console.error} */
  log?: (line: string) => void;
  /** Told of a download's progress. @default {a bar on a terminal, otherwise a line for each tenth} */
  onProgress?: OnProgress;
  /** Stops a download; what has arrived is kept. */
  signal?: AbortSignal;
  /** The folder for downloads. @default {`clr` in the user's cache folder} */
  cache?: string;
  /** Where the data set's files lie, instead of the official server. */
  baseUrl?: string;
  /** Timeouts, retries and the `fetch` of a download. */
  download?: Pick<
    DownloadOptions,
    "fetch" | "connectTimeout" | "stallTimeout" | "retries" | "retryDelay"
  >;
}

/** How many images of each split to read; without a number all of them. */
export interface ReadOptions {
  readonly trainImages?: number;
  readonly testImages?: number;
}

/** The two splits, and what a reader must know about how they came to be. */
export interface Splits {
  readonly train: ImageSplit;
  readonly test: ImageSplit;
  readonly note?: string;
}

/** A file that a download fetches. */
export interface RemoteFile {
  readonly file: string;
  /** Its size, beyond which a server is not listened to. */
  readonly bytes?: number;
  readonly md5: string;
}

/** What {@linkcode loadDataset} needs to know of a data set. */
export interface DatasetDefinition {
  /** Its own name. */
  readonly name: string;
  /** The name of its folder in the cache. */
  readonly folder: string;
  readonly shape: ImageShape;
  readonly classNames: readonly string[];
  /** The folder of the official server that `files` lie in, with a final "/". */
  readonly baseUrl: string;
  readonly files: readonly RemoteFile[];
  /** Draws images of these very classes. @default {shapes with textures} */
  readonly draw?: typeof drawSyntheticImages;
  /** Reads the data set's files in `dir`. */
  read(dir: string, options: ReadOptions): Promise<Splits>;
  /** Puts what is in the downloaded file at `path`, called `file` there, into `to`. */
  unpack(path: string, to: string, file: string): Promise<void>;
}

function checkCount(value: number | undefined, what: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
    throw new RangeError(
      `Cannot load a data set as ${what} must be a whole number > 0: current value is ${value}`,
    );
  }
}

/**
 * The most bytes that the images of a split may have: 2 GiB, of which MNIST has
 * 2 % and ImageNet, as 64×64 pixels, seven times as much. What claims more, a file
 * or a flag, is refused before memory is asked for.
 */
export const MAX_SPLIT_BYTES = 2 ** 31;

/** Throws unless `count` images of `size` bytes are within {@linkcode MAX_SPLIT_BYTES}. */
export function checkSplit(count: number, size: number, what: string): void {
  const most = Math.floor(MAX_SPLIT_BYTES / size);
  if (count <= most) return;
  throw new RangeError(
    `Cannot load a data set as ${what} must be at most ${most}, which are 2 GiB: current value is ${count}`,
  );
}

function drawSynthetic(
  definition: DatasetDefinition,
  { trainImages = 10_000, testImages = 2_000, seed = 0 }: LoadOptions,
  originNote: string,
): ImageDataset {
  const { name, shape } = definition;
  const classes = definition.classNames.length;
  const draw = definition.draw ?? drawSyntheticImages;
  checkSplit(trainImages, imageSize(shape), "trainImages");
  checkSplit(testImages, imageSize(shape), "testImages");
  return {
    name,
    origin: "synthetic",
    originNote,
    classNames: definition.draw
      ? definition.classNames
      : syntheticClassNames(classes),
    shape,
    train: draw(trainImages, { shape, classes, seed, part: 0 }),
    test: draw(testImages, { shape, classes, seed, part: 1 }),
  };
}

async function hasSum(path: string, md5: string): Promise<boolean> {
  return await exists(path) && await md5OfFile(path) === md5;
}

async function ensureDownloaded(
  definition: DatasetDefinition,
  options: LoadOptions,
  log: (line: string) => void,
): Promise<string> {
  const cache = options.cache ?? cacheFolder();
  const folder = `${cache}/${definition.folder}`;
  const report = options.onProgress
    ? { onProgress: options.onProgress, stop: () => {} }
    : reportProgress(log);
  const fill = async (beside: string) => {
    const pathOf = (file: string) => `${cache}/${definition.folder}.${file}`;
    for (const { file, md5, bytes } of definition.files) {
      // One that a crash left damaged would stop every run from here on.
      if (await hasSum(pathOf(file), md5)) continue;
      await download(
        (options.baseUrl ?? definition.baseUrl) + file,
        pathOf(file),
        {
          ...options.download,
          md5,
          maxBytes: bytes,
          signal: options.signal,
          onProgress: report.onProgress,
        },
      );
    }
    for (const { file } of definition.files) {
      await definition.unpack(pathOf(file), beside, file);
    }
    await definition.read(beside, { trainImages: 1, testImages: 1 });
    for (const { file } of definition.files) await Deno.remove(pathOf(file));
  };
  try {
    await fillOnce(
      folder,
      fill,
      () =>
        log(`Waiting for another process that downloads ${definition.name}`),
    );
  } catch (error) {
    // Of the errors that are not ours, the system's are about the cache folder:
    // no permission, no space left, no folder.
    if (error instanceof DatasetError || !systemCode(error)) throw error;
    throw new DatasetError(
      `Cannot keep ${definition.name} in ${cache} as it must be a folder to write to: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  } finally {
    report.stop();
  }
  return folder;
}

/** Logs `lines` so that nobody misses them, wrapped to 80 columns. */
function shout(lines: readonly string[], log: (line: string) => void): void {
  const colour = Deno.stderr.isTerminal() && !Deno.noColor;
  for (const line of lines) {
    for (const [row] of line.matchAll(/\S.{0,75}(?=\s|$)|\S+/g)) {
      log(colour ? `\x1b[1;33m!!! ${row}\x1b[0m` : `!!! ${row}`);
    }
  }
}

/**
 * Loads a data set as `options.source` says.
 *
 * @throws {DatasetError} When files are missing or damaged, and when an
 * explicit download fails.
 * @throws {RangeError} When more images are asked for than there are.
 */
export async function loadDataset(
  definition: DatasetDefinition,
  options: LoadOptions,
): Promise<ImageDataset> {
  const { source, trainImages, testImages, log = console.error } = options;
  checkCount(trainImages, "trainImages");
  checkCount(testImages, "testImages");
  if (source === "synthetic") {
    return drawSynthetic(
      definition,
      options,
      "synthetic images were asked for",
    );
  }
  let dir = source;
  if (source === undefined || source === "download") {
    try {
      dir = await ensureDownloaded(definition, options, log);
    } catch (error) {
      if (source !== undefined || !(error instanceof UnreachableError)) {
        throw error;
      }
      const { name } = definition;
      shout([
        `SYNTHETIC IMAGES, NOT ${name.toUpperCase()}`,
        `${error.message}.`,
        `Built-in drawings stand in; results on them say nothing about ${name}.`,
        `Where its files are in a folder: --data DIR`,
      ], log);
      return drawSynthetic(definition, options, error.message);
    }
  }
  const { train, test, note } = await definition.read(dir!, {
    trainImages,
    testImages,
  });
  if (note !== undefined) shout([note], log);
  return {
    name: definition.name,
    origin: dir === source ? `folder ${dir}` : "downloaded",
    originNote: note,
    classNames: definition.classNames,
    shape: definition.shape,
    train,
    test,
  };
}

/** How many of `available` images to read when `wanted` were asked for. */
export function countToRead(
  wanted: number | undefined,
  available: number,
  what: string,
): number {
  if (wanted === undefined) return available;
  if (wanted > available) {
    throw new RangeError(
      `Cannot read ${wanted} ${what} as there must be as many: current value is ${available}`,
    );
  }
  return wanted;
}

/** Fills `target` from `file`; false when the file ends before. */
export async function readFull(
  file: Deno.FsFile,
  target: Uint8Array,
): Promise<boolean> {
  for (let at = 0; at < target.length;) {
    const n = await file.read(target.subarray(at));
    if (n === null) return false;
    at += n;
  }
  return true;
}

/** The first of `candidates` that is a folder with the file `marker` in it. */
export async function findFolder(
  name: string,
  { dir, candidates, markers }: {
    readonly dir: string;
    readonly candidates: readonly string[];
    readonly markers: readonly string[];
  },
): Promise<string> {
  for (const candidate of candidates) {
    for (const marker of markers) {
      if (await exists(`${candidate}/${marker}`)) return candidate;
    }
  }
  const found = await exists(dir)
    ? (await Deno.stat(dir)).isDirectory
      ? "a folder without them"
      : "a file (an archive is to be unpacked first)"
    : "no such folder";
  throw new DatasetError(
    `Cannot read ${name} from ${dir} as it must be a folder that holds ${
      markers.join(" or ")
    }: current value is ${found}`,
  );
}
