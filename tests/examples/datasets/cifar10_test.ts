import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { exists } from "../../../examples/datasets/_cache.ts";
import {
  type CifarLayout,
  readCifar,
} from "../../../examples/datasets/_cifar_binary.ts";
import {
  type DatasetDefinition,
  loadDataset,
} from "../../../examples/datasets/_source.ts";
import { extractTarGz } from "../../../examples/datasets/_tar.ts";
import { loadCifar10 } from "../../../examples/datasets/cifar10.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { cifarRecords, fileResponse, gzip, serve, tar } from "./_fixtures.ts";
import { tempDir } from "../../_folder.ts";

/** CIFAR-10's layout with 3 records a file, so that files stay small. */
const small: CifarLayout = {
  name: "Small CIFAR",
  folder: "small-bin",
  trainFiles: ["data_batch_1.bin", "data_batch_2.bin"],
  testFiles: ["test_batch.bin"],
  recordsPerFile: { train: 3, test: 3 },
  labelBytes: 1,
  classes: 10,
};
const contents: Record<string, Uint8Array<ArrayBuffer>> = {
  "data_batch_1.bin": cifarRecords([[3], [0], [9]], 1),
  "data_batch_2.bin": cifarRecords([[1], [2], [4]], 2),
  "test_batch.bin": cifarRecords([[5], [6], [7]], 3),
};

async function writeContents(
  dir: string,
  changes: Record<string, Uint8Array<ArrayBuffer> | undefined> = {},
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  for (const [name, bytes] of Object.entries({ ...contents, ...changes })) {
    if (bytes) await Deno.writeFile(`${dir}/${name}`, bytes);
  }
}

/** The six official files, all zeros, without the disk space for them. */
async function writeSparse(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  for (
    const name of [
      ...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
      "test_batch.bin",
    ]
  ) {
    await Deno.create(`${dir}/${name}`).then((file) => file.close());
    await Deno.truncate(`${dir}/${name}`, 30_730_000);
  }
}

Deno.test("readCifar() interleaves the colour planes of each record", async () => {
  await using dir = await tempDir();
  await writeContents(dir.path);
  const { train, test } = await readCifar(dir.path, small, {});
  assertEquals([...train.labels], [3, 0, 9, 1, 2, 4]);
  assertEquals([...test.labels], [5, 6, 7]);
  assertEquals([train.count, test.count], [6, 3]);
  for (
    const [image, row, column, channel] of [[0, 0, 0, 0], [4, 31, 7, 1], [
      5,
      16,
      31,
      2,
    ]]
  ) {
    const file = contents[`data_batch_${image < 3 ? 1 : 2}.bin`];
    const expected = file[
      (image % 3) * 3073 + 1 + channel * 1024 + row * 32 + column
    ];
    assertEquals(
      train.images[((image * 32 + row) * 32 + column) * 3 + channel],
      expected,
    );
  }
});

Deno.test("readCifar() reads no more than it is asked for", async () => {
  await using dir = await tempDir();
  // A label that is wrong lies behind the images asked for.
  await writeContents(dir.path, {
    "data_batch_2.bin": cifarRecords([[1], [77], [4]], 2),
  });
  const { train, test } = await readCifar(dir.path, small, {
    trainImages: 4,
    testImages: 1,
  });
  assertEquals([...train.labels], [3, 0, 9, 1]);
  assertEquals([...test.labels], [5]);
  assertEquals(train.images.length, 4 * 3072);
});

Deno.test("readCifar() finds the archive's folder inside the given one", async () => {
  await using dir = await tempDir();
  await writeContents(`${dir.path}/small-bin`);
  const { train } = await readCifar(dir.path, small, {});
  assertEquals(train.count, 6);
});

Deno.test("readCifar() names a file that is missing", async () => {
  await using dir = await tempDir();
  await writeContents(dir.path, { "data_batch_2.bin": undefined });
  await assertRejects(
    () => readCifar(dir.path, small, {}),
    DatasetError,
    "must hold data_batch_2.bin: no such file",
  );
});

Deno.test("readCifar() names a file of the wrong size, expected and found", async () => {
  for (const size of [9218, 9220, 0]) {
    await using dir = await tempDir();
    await writeContents(dir.path, { "test_batch.bin": new Uint8Array(size) });
    await assertRejects(
      () => readCifar(dir.path, small, {}),
      DatasetError,
      `test_batch.bin as it must have 9219 bytes: current value is ${size}`,
    );
  }
});

Deno.test("readCifar() refuses a label over 9 and says where it is", async () => {
  await using dir = await tempDir();
  await writeContents(dir.path, {
    "data_batch_2.bin": cifarRecords([[1], [10], [4]], 2),
  });
  await assertRejects(
    () => readCifar(dir.path, small, {}),
    DatasetError,
    "data_batch_2.bin as the label of record 1 must be at most 9: current value is 10",
  );
});

Deno.test("readCifar() refuses more images than there are", async () => {
  await using dir = await tempDir();
  await writeContents(dir.path);
  await assertRejects(
    () => readCifar(dir.path, small, { trainImages: 7 }),
    RangeError,
    "Cannot read 7 training images of Small CIFAR",
  );
});

Deno.test("loadCifar10() reads the official layout and says where it came from", async () => {
  await using dir = await tempDir();
  await writeSparse(`${dir.path}/cifar-10-batches-bin`);
  const dataset = await loadCifar10({
    source: dir.path,
    trainImages: 10_001,
    testImages: 2,
  });
  assertEquals(dataset.origin, `folder ${dir.path}`);
  assertEquals(dataset.originNote, undefined);
  assertEquals(dataset.name, "CIFAR-10");
  assertEquals(dataset.shape, [32, 32, 3]);
  assertEquals(dataset.classNames[9], "truck");
  assertEquals(dataset.train.count, 10_001);
  assertEquals(dataset.test.images.length, 2 * 3072);
});

Deno.test("loadCifar10() says what a folder must hold when it holds nothing of it", async () => {
  await using dir = await tempDir();
  for (
    const [source, found] of [
      [dir.path, "a folder without them"],
      [`${dir.path}/nowhere`, "no such folder"],
    ]
  ) {
    const error = await assertRejects(
      () => loadCifar10({ source }),
      DatasetError,
    );
    assertStringIncludes(error.message, "data_batch_1.bin");
    assertStringIncludes(error.message, `current value is ${found}`);
  }
});

Deno.test("loadCifar10() refuses counts that are no whole numbers above 0", async () => {
  for (const trainImages of [0, -1, 1.5, NaN]) {
    await assertRejects(
      () => loadCifar10({ source: "synthetic", trainImages }),
      RangeError,
      "trainImages must be a whole number > 0",
    );
  }
});

/** The small layout as a data set on a server. */
async function remote(
  archive?: Uint8Array<ArrayBuffer>,
): Promise<
  { definition: DatasetDefinition; archive: Uint8Array<ArrayBuffer> }
> {
  archive ??= await gzip(
    await tar(
      Object.entries(contents).map(([name, body]) => ({
        name: `small-bin/${name}`,
        body,
      })),
    ),
  );
  const definition: DatasetDefinition = {
    name: small.name,
    folder: small.folder,
    shape: [32, 32, 3],
    classNames: Array.from({ length: 10 }, (_, i) => `class ${i}`),
    baseUrl: "http://nowhere.invalid/",
    files: [{
      file: "small.tar.gz",
      md5: createHash("md5").update(archive).digest("hex"),
    }],
    read: (dir, options) => readCifar(dir, small, options),
    unpack: (path, to) =>
      extractTarGz(
        path,
        to,
        Object.keys(contents).map((name) => ({
          entry: `small-bin/${name}`,
          name,
          size: 9219,
        })),
      ),
  };
  return { definition, archive };
}

const quiet = { log: () => {}, onProgress: () => {} };

Deno.test("loadDataset() downloads once, keeps the files and removes the archive", async () => {
  await using dir = await tempDir();
  const { definition, archive } = await remote();
  let requests = 0;
  await using server = serve((request) => {
    requests++;
    return fileResponse(archive, request);
  });
  const cache = `${dir.path}/cache`;
  for (const source of ["download", undefined, "download"]) {
    const dataset = await loadDataset(definition, {
      ...quiet,
      source,
      cache,
      baseUrl: server.url,
    });
    assertEquals(dataset.origin, "downloaded");
    assertEquals([...dataset.train.labels], [3, 0, 9, 1, 2, 4]);
  }
  assertEquals(requests, 1);
  assertEquals(
    [...Deno.readDirSync(cache)].map((entry) => entry.name).sort(),
    ["small-bin", "small-bin.lock"],
  );
});

Deno.test("loadDataset() sweeps what a process left that was killed while it unpacked, and takes no archive that is damaged", async () => {
  await using dir = await tempDir();
  const { definition, archive } = await remote();
  await using server = serve((request) => fileResponse(archive, request));
  await Deno.mkdir(`${dir.path}/small-bin.0a1b2c3d.part/x`, {
    recursive: true,
  });
  await Deno.writeFile(
    `${dir.path}/small-bin.small.tar.gz`,
    new Uint8Array(archive.length),
  );
  const { origin } = await loadDataset(definition, {
    ...quiet,
    cache: dir.path,
    baseUrl: server.url,
  });
  assertEquals(origin, "downloaded");
  assertEquals(
    [...Deno.readDirSync(dir.path)].map(({ name }) => name).sort(),
    ["small-bin", "small-bin.lock"],
  );
});

Deno.test("loadDataset() downloads once for two that ask at the same time", async () => {
  await using dir = await tempDir();
  const { definition, archive } = await remote();
  let requests = 0;
  await using server = serve((request) => {
    requests++;
    return fileResponse(archive, request);
  });
  const options = { ...quiet, cache: dir.path, baseUrl: server.url };
  const both = await Promise.all([
    loadDataset(definition, options),
    loadDataset(definition, options),
  ]);
  for (const dataset of both) assertEquals(dataset.origin, "downloaded");
  assertEquals(requests, 1);
});

Deno.test("loadDataset() draws synthetic images, loudly, when the server cannot be reached", async () => {
  await using dir = await tempDir();
  const { definition } = await remote();
  const lines: string[] = [];
  const offline = (() =>
    Promise.reject(
      new TypeError("error sending request", {
        cause: new Error("dns error"),
      }),
    )) as typeof fetch;
  const options = {
    cache: dir.path,
    log: (line: string) => lines.push(line),
    download: { fetch: offline },
    trainImages: 5,
    testImages: 3,
  };
  const dataset = await loadDataset(definition, options);
  assertEquals(dataset.origin, "synthetic");
  assertStringIncludes(dataset.originNote!, "dns error");
  assertEquals([dataset.train.count, dataset.test.count], [5, 3]);
  assertStringIncludes(lines.join(" "), "SYNTHETIC IMAGES, NOT SMALL CIFAR");
  assertStringIncludes(lines.join(" "), "http://nowhere.invalid/small.tar.gz");
  assert(lines.every((line) => line.length <= 80));
  await assertRejects(
    () => loadDataset(definition, { ...options, source: "download" }),
    DatasetError,
    "cannot be reached",
  );
});

Deno.test("loadDataset() takes no synthetic images for a damaged download", async () => {
  await using dir = await tempDir();
  const { definition, archive } = await remote();
  await using server = serve((request) => {
    const damaged = archive.slice();
    damaged[100] ^= 1;
    return fileResponse(damaged, request);
  });
  await assertRejects(
    () =>
      loadDataset(definition, {
        ...quiet,
        cache: dir.path,
        baseUrl: server.url,
      }),
    DatasetError,
    "MD5",
  );
  assertEquals(await exists(`${dir.path}/small-bin`), false);
});

Deno.test("loadDataset() leaves no folder when the archive is not what it should be", async () => {
  await using dir = await tempDir();
  const { definition, archive } = await remote(
    await gzip(await tar([{ name: "small-bin/x", body: new Uint8Array(3) }])),
  );
  await using server = serve((request) => fileResponse(archive, request));
  await assertRejects(
    () =>
      loadDataset(definition, {
        ...quiet,
        cache: dir.path,
        baseUrl: server.url,
      }),
    DatasetError,
    "lacks small-bin/data_batch_1.bin",
  );
  assertEquals(
    [...Deno.readDirSync(dir.path)].filter((entry) => entry.isDirectory),
    [],
  );
});

Deno.test("loadDataset() says when the cache folder cannot be written to", async () => {
  await using dir = await tempDir();
  const { definition } = await remote();
  await Deno.writeTextFile(`${dir.path}/file`, "");
  await assertRejects(
    () =>
      loadDataset(definition, { ...quiet, cache: `${dir.path}/file/cache` }),
    DatasetError,
    `Cannot keep Small CIFAR in ${dir.path}/file/cache`,
  );
});
