/**
 * CIFAR-10 packed as JPEG images, of 20 MB: a `.tar.gz` of the files
 * `train/CLASS/NAME.jpg` and `test/CLASS/NAME.jpg`. It is written out in the
 * official binary layout, in an order drawn from a fixed seed.
 */

import { decode } from "jpeg-js";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { join } from "@std/path";
import { extract } from "tar-stream";
import { CIFAR10_CLASSES } from "../../examples/datasets/cifar10.ts";

const PIXELS = 32 * 32;
/** Records of a file of the official layout. */
const PER_FILE = 10_000;

/** One image with its label, as the official layout has it. */
function recordOf(label: string, jpeg: Uint8Array): Uint8Array {
  const { data } = decode(jpeg, { useTArray: true, formatAsRGBA: false });
  const record = new Uint8Array(1 + 3 * PIXELS);
  record[0] = CIFAR10_CLASSES.indexOf(label);
  for (let p = 0; p < PIXELS; p++) {
    for (let c = 0; c < 3; c++) record[1 + c * PIXELS + p] = data[3 * p + c];
  }
  return record;
}

/** Fisher and Yates' shuffle by the generator mulberry32. */
function shuffle<T>(items: T[], seed: number): void {
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}

async function writeRecords(path: string, records: readonly Uint8Array[]) {
  const bytes = new Uint8Array(records.reduce((n, r) => n + r.length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  await Deno.writeFile(path, bytes);
}

/**
 * Unpacks `archive` into `folder`, unless that was done before.
 *
 * @returns The folder of the official layout.
 */
export async function unpackJpegArchive(
  archive: string,
  folder: string,
): Promise<string> {
  const target = join(folder, "cifar-10-batches-bin");
  const done = await Deno.stat(join(target, "test_batch.bin")).catch(() => {});
  if (done) return folder;
  const splits: Record<string, Uint8Array[]> = { train: [], test: [] };
  const entries = createReadStream(archive).pipe(createGunzip()).pipe(
    extract(),
  );
  for await (const entry of entries) {
    const match = /(?:^|\/)(train|test)\/([a-z]+)\/[^/]*\.jpg$/
      .exec(entry.header.name);
    if (!match) {
      entry.resume();
      continue;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    const jpeg = new Uint8Array(
      await new Blob(chunks as BlobPart[]).arrayBuffer(),
    );
    splits[match[1]].push(recordOf(match[2], jpeg));
  }
  shuffle(splits.train, 1506);
  shuffle(splits.test, 1186);
  await Deno.mkdir(target, { recursive: true });
  for (let i = 0; i < 5; i++) {
    const records = splits.train.slice(i * PER_FILE, (i + 1) * PER_FILE);
    await writeRecords(join(target, `data_batch_${i + 1}.bin`), records);
  }
  await Deno.writeTextFile(
    join(target, "batches.meta.txt"),
    CIFAR10_CLASSES.join("\n") + "\n\n",
  );
  // Last, as it tells that all is there.
  await writeRecords(join(target, "test_batch.bin"), splits.test);
  return folder;
}
