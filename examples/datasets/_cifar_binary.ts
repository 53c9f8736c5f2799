import { exists } from "./_cache.ts";
import { countToRead, findFolder, readFull } from "./_source.ts";
import { DatasetError, type ImageSplit } from "./image_dataset.ts";

const PLANE = 32 * 32;
const IMAGE = 3 * PLANE;
/** Records read at once: large enough for the disk, small beside the images. */
const CHUNK = 128;

/** How a data set of the CIFAR family lies in its binary files. */
export interface CifarLayout {
  readonly name: string;
  /** The folder of the official archive. */
  readonly folder: string;
  readonly trainFiles: readonly string[];
  readonly testFiles: readonly string[];
  readonly recordsPerFile: { readonly train: number; readonly test: number };
  /** Label bytes before each image; the last one is the class. */
  readonly labelBytes: number;
  readonly classes: number;
}

/** The folder with the files of `layout`: `dir` itself or the archive's folder in it. */
export async function findCifarFolder(
  dir: string,
  layout: CifarLayout,
): Promise<string> {
  const all = [...layout.trainFiles, ...layout.testFiles];
  const folder = await findFolder(
    layout.name,
    { dir, candidates: [dir, `${dir}/${layout.folder}`], markers: all },
  );
  for (const name of all) {
    if (!await exists(`${folder}/${name}`)) {
      throw new DatasetError(
        `Cannot read ${layout.name} from ${folder} as it must hold ${name}: no such file`,
      );
    }
    const records = layout.trainFiles.includes(name)
      ? layout.recordsPerFile.train
      : layout.recordsPerFile.test;
    const expected = records * (layout.labelBytes + IMAGE);
    const { size } = await Deno.stat(`${folder}/${name}`);
    if (size !== expected) {
      throw new DatasetError(
        `Cannot read ${folder}/${name} as it must have ${expected} bytes: current value is ${size}`,
      );
    }
  }
  return folder;
}

/** Which records of a data set are read. */
interface CifarRecords {
  readonly files: readonly string[];
  readonly perFile: number;
  /** How many, from the first on. */
  readonly count: number;
}

/**
 * Reads records, turning the colour planes of each
 * record into interleaved pixels. Beside the result only one chunk of records
 * is in memory.
 */
export async function readCifarRecords(
  folder: string,
  { files, perFile, count }: CifarRecords,
  { labelBytes, classes }: CifarLayout,
): Promise<ImageSplit> {
  const images = new Uint8Array(count * IMAGE);
  const labels = new Uint8Array(count);
  const recordBytes = labelBytes + IMAGE;
  const buffer = new Uint8Array(CHUNK * recordBytes);
  let done = 0;
  for (const name of files) {
    if (done === count) break;
    using file = await Deno.open(`${folder}/${name}`);
    const inFile = Math.min(count - done, perFile);
    for (let first = 0; first < inFile; first += CHUNK) {
      const records = Math.min(CHUNK, inFile - first);
      const chunk = buffer.subarray(0, records * recordBytes);
      if (!await readFull(file, chunk)) {
        throw new DatasetError(
          `Cannot read ${folder}/${name} as it became shorter while it was read`,
        );
      }
      for (let r = 0; r < records; r++) {
        const start = r * recordBytes + labelBytes;
        const label = chunk[start - 1];
        if (label >= classes) {
          throw new DatasetError(
            `Cannot read ${folder}/${name} as the label of record ${
              first + r
            } must be at most ${classes - 1}: current value is ${label}`,
          );
        }
        labels[done] = label;
        let to = done * IMAGE;
        for (let p = start; p < start + PLANE; p++) {
          images[to++] = chunk[p];
          images[to++] = chunk[p + PLANE];
          images[to++] = chunk[p + 2 * PLANE];
        }
        done++;
      }
    }
  }
  return { images, labels, count };
}

/** Reads both splits of a data set of the CIFAR family. */
export async function readCifar(
  dir: string,
  layout: CifarLayout,
  options: { readonly trainImages?: number; readonly testImages?: number },
): Promise<{ train: ImageSplit; test: ImageSplit }> {
  const folder = await findCifarFolder(dir, layout);
  const { trainFiles, testFiles, recordsPerFile } = layout;
  const trainCount = countToRead(
    options.trainImages,
    trainFiles.length * recordsPerFile.train,
    `training images of ${layout.name}`,
  );
  const testCount = countToRead(
    options.testImages,
    testFiles.length * recordsPerFile.test,
    `test images of ${layout.name}`,
  );
  return {
    train: await readCifarRecords(
      folder,
      { files: trainFiles, perFile: recordsPerFile.train, count: trainCount },
      layout,
    ),
    test: await readCifarRecords(
      folder,
      { files: testFiles, perFile: recordsPerFile.test, count: testCount },
      layout,
    ),
  };
}
