import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { loadFashionMnist } from "../../../examples/datasets/fashion_mnist.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { loadMnist } from "../../../examples/datasets/mnist.ts";
import { fileResponse, gzip, serve, someBytes } from "./_fixtures.ts";
import { tempDir } from "../../_folder.ts";

/** An IDX file: magic number, dimensions, body. */
function idx(
  magic: number,
  dimensions: number[],
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, magic);
  dimensions.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  const bytes = new Uint8Array(header.byteLength + body.length);
  bytes.set(new Uint8Array(header.buffer));
  bytes.set(body, header.byteLength);
  return bytes;
}

const pixels = (count: number) => someBytes(count * 784, count);
const digits = (count: number) =>
  Uint8Array.from({ length: count }, (_, i) => (7 * i) % 10);

/** The four files, for 12 training and 5 test images. */
function files(): Record<string, Uint8Array<ArrayBuffer>> {
  return {
    "train-images-idx3-ubyte": idx(2051, [12, 28, 28], pixels(12)),
    "train-labels-idx1-ubyte": idx(2049, [12], digits(12)),
    "t10k-images-idx3-ubyte": idx(2051, [5, 28, 28], pixels(5)),
    "t10k-labels-idx1-ubyte": idx(2049, [5], digits(5)),
  };
}

async function write(
  dir: string,
  contents: Record<string, Uint8Array<ArrayBuffer>>,
  zipped = true,
): Promise<void> {
  for (const [name, bytes] of Object.entries(contents)) {
    if (zipped) await Deno.writeFile(`${dir}/${name}.gz`, await gzip(bytes));
    else await Deno.writeFile(`${dir}/${name}`, bytes);
  }
}

Deno.test("loadMnist() reads IDX files, gzipped or plain", async () => {
  for (const zipped of [true, false]) {
    await using dir = await tempDir();
    await write(dir.path, files(), zipped);
    const { train, test, shape, originNote } = await loadMnist({
      source: dir.path,
    });
    assertEquals(shape, [28, 28, 1]);
    assertEquals([train.count, test.count], [12, 5]);
    assertEquals(train.images, pixels(12));
    assertEquals(train.labels, digits(12));
    assertEquals(test.images, pixels(5));
    assertEquals(originNote, undefined);
  }
});

Deno.test("loadMnist() reads no more than it is asked for", async () => {
  await using dir = await tempDir();
  await write(dir.path, files());
  const { train, test } = await loadMnist({
    source: dir.path,
    trainImages: 3,
    testImages: 1,
  });
  assertEquals(train.images, pixels(12).slice(0, 3 * 784));
  assertEquals(test.labels, digits(1));
  await assertRejects(
    () => loadMnist({ source: dir.path, trainImages: 13 }),
    RangeError,
    "Cannot read 13 training images of MNIST",
  );
});

Deno.test("loadMnist() splits the test images, and says so, where there are no others", async () => {
  await using dir = await tempDir();
  const { "t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": labels } =
    files();
  await write(dir.path, {
    "t10k-images-idx3-ubyte": images,
    "t10k-labels-idx1-ubyte": labels,
  });
  const lines: string[] = [];
  const dataset = await loadMnist({
    source: dir.path,
    log: (line) => lines.push(line),
  });
  assertEquals(dataset.train.images, pixels(5).slice(0, 4 * 784));
  assertEquals(dataset.test.images, pixels(5).slice(4 * 784));
  assertEquals([...dataset.train.labels, ...dataset.test.labels], [
    ...digits(5),
  ]);
  assertStringIncludes(dataset.originNote!, "only the test images of MNIST");
  assertStringIncludes(lines.join(" "), "4 of");
});

Deno.test("loadMnist() names what is wrong with a file", async () => {
  const broken: [string, Uint8Array<ArrayBuffer>, string][] = [
    [
      "train-images-idx3-ubyte",
      idx(2049, [12], pixels(12)),
      "magic number must be 2051: current value is 2049",
    ],
    ["t10k-labels-idx1-ubyte", new Uint8Array(2), "a file of 2 bytes"],
    [
      "train-images-idx3-ubyte",
      idx(2051, [12, 28, 28], pixels(11)),
      "must hold 9408 more bytes: current value is 8624",
    ],
    [
      "train-labels-idx1-ubyte",
      idx(2049, [12], digits(13)),
      "must hold 12 bytes after its header: current value is more",
    ],
    [
      "train-images-idx3-ubyte",
      idx(2051, [12, 32, 32], pixels(12)),
      "must have 28×28 pixels: current value is 32×32",
    ],
    [
      "train-labels-idx1-ubyte",
      idx(2049, [11], digits(11)),
      "a label for each of 12 images: current value is 11",
    ],
    [
      "t10k-labels-idx1-ubyte",
      idx(2049, [5], Uint8Array.of(1, 2, 3, 10, 4)),
      "label 3 must be at most 9: current value is 10",
    ],
  ];
  for (const [name, bytes, message] of broken) {
    await using dir = await tempDir();
    await write(dir.path, { ...files(), [name]: bytes }, false);
    const error = await assertRejects(
      () => loadMnist({ source: dir.path }),
      DatasetError,
    );
    assertStringIncludes(error.message, name);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("loadMnist() names a missing file and a damaged archive", async () => {
  await using dir = await tempDir();
  await write(dir.path, files());
  await Deno.remove(`${dir.path}/train-labels-idx1-ubyte.gz`);
  await assertRejects(
    () => loadMnist({ source: dir.path }),
    DatasetError,
    "must hold train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz",
  );
  await Deno.writeFile(
    `${dir.path}/train-labels-idx1-ubyte.gz`,
    someBytes(100),
  );
  await assertRejects(
    () => loadMnist({ source: dir.path }),
    DatasetError,
    "train-labels-idx1-ubyte.gz as it is damaged",
  );
});

Deno.test("loadMnist() and loadFashionMnist() check what a server sends", async () => {
  await using dir = await tempDir();
  const bytes = await gzip(files()["train-images-idx3-ubyte"]);
  await using server = serve((request) => fileResponse(bytes, request));
  for (const load of [loadMnist, loadFashionMnist]) {
    await assertRejects(
      () =>
        load({
          source: "download",
          cache: dir.path,
          baseUrl: server.url,
          onProgress: () => {},
        }),
      DatasetError,
      "train-images-idx3-ubyte.gz as its MD5 sum must be",
    );
  }
});

Deno.test("loadFashionMnist() draws images of the same shape on request", async () => {
  const { shape, classNames, train, origin } = await loadFashionMnist({
    source: "synthetic",
    trainImages: 4,
    testImages: 2,
  });
  assertEquals(shape, [28, 28, 1]);
  assertEquals(classNames.length, 10);
  assertEquals(train.images.length, 4 * 784);
  assertEquals(origin, "synthetic");
});

Deno.test("loadMnist() finds files named with a dot", async () => {
  await using dir = await tempDir();
  for (const [i, [name, bytes]] of Object.entries(files()).entries()) {
    const dotted = i % 2 ? name.replace(/-(idx\d)/, ".$1") : name;
    await write(dir.path, { [dotted]: bytes }, i < 2);
  }
  const { train, test } = await loadMnist({ source: dir.path });
  assertEquals([train.count, test.count], [12, 5]);
});

Deno.test("loadMnist() finds files in folders of their names, and where torchvision keeps them", async () => {
  for (const folder of ["", "MNIST/raw/"]) {
    await using dir = await tempDir();
    for (const [name, bytes] of Object.entries(files())) {
      // As the archive of a well-known copy unpacks: the dotted file beside a
      // folder under the other name, which has the file once more.
      const own = folder === "" ? `${name}/` : folder;
      await Deno.mkdir(`${dir.path}/${own}`, { recursive: true });
      await write(`${dir.path}/${own}`, { [name]: bytes }, false);
    }
    const { train, test } = await loadMnist({ source: dir.path });
    assertEquals([train.count, test.count], [12, 5]);
    assertEquals(train.images, pixels(12));
  }
});

Deno.test("loadMnist() reads what is gzipped by its content, not by its name", async () => {
  await using dir = await tempDir();
  for (const [i, [name, bytes]] of Object.entries(files()).entries()) {
    // A browser may have unpacked the file, and an archiver zipped it in place.
    const [path, content] = i % 2
      ? [`${name}.gz`, bytes]
      : [name, await gzip(bytes)];
    await Deno.writeFile(`${dir.path}/${path}`, content);
  }
  const { train, test } = await loadMnist({ source: dir.path });
  assertEquals([train.count, test.count], [12, 5]);
  assertEquals(train.labels, digits(12));
});

Deno.test("loadMnist() refuses headers that lie of dimensions, kinds and counts", async () => {
  const images = "train-images-idx3-ubyte";
  const labels = "train-labels-idx1-ubyte";
  const lies: [string, Uint8Array<ArrayBuffer>, string][] = [
    [images, idx(2051, [12, 65535, 65535], pixels(1)), "28×28 pixels"],
    [images, idx(2051, [12, 0, 0], pixels(12)), "28×28 pixels"],
    [
      images,
      idx(0x0d03, [12, 28, 28], pixels(12)),
      "magic number must be 2051",
    ],
    [images, idx(2051 << 8, [12, 28, 28], pixels(12)), "magic number must be"],
    [images, idx(2051, [12], new Uint8Array()), "16 bytes of header"],
    [labels, idx(2049, [2 ** 32 - 1], digits(12)), "must"],
    [labels, idx(2051, [12, 1, 1], digits(12)), "magic number must be 2049"],
    [labels, idx(2049, [13], digits(12)), "a label for each of 12 images"],
    [labels, new Uint8Array(), "a file of 0 bytes"],
  ];
  for (const [name, bytes, message] of lies) {
    for (const zipped of [false, true]) {
      await using dir = await tempDir();
      await write(dir.path, { ...files(), [name]: bytes }, zipped);
      const error = await assertRejects(() => loadMnist({ source: dir.path }));
      assert(
        error instanceof DatasetError || error instanceof RangeError,
        String(error),
      );
      assertStringIncludes(error.message, message);
      assertStringIncludes(error.message, name);
      assertEquals(error.message.split("\n").length, 1);
    }
  }
});

Deno.test("loadMnist() refuses files of no image, and of one that cannot be split", async () => {
  for (
    const [count, kinds] of [[0, ["train", "t10k"]], [1, ["t10k"]]] as const
  ) {
    await using dir = await tempDir();
    for (const kind of kinds) {
      await write(dir.path, {
        [`${kind}-images-idx3-ubyte`]: idx(
          2051,
          [count, 28, 28],
          pixels(count),
        ),
        [`${kind}-labels-idx1-ubyte`]: idx(2049, [count], digits(count)),
      });
    }
    const error = await assertRejects(() => loadMnist({ source: dir.path }));
    assert(error instanceof DatasetError, String(error));
    assertStringIncludes(
      error.message,
      `${kinds[0]}-images-idx3-ubyte.gz as it`,
    );
  }
});

Deno.test("loadMnist() names a folder in the place of a file", async () => {
  await using dir = await tempDir();
  await write(dir.path, files(), false);
  const path = `${dir.path}/train-images-idx3-ubyte`;
  await Deno.remove(path);
  await Deno.mkdir(path);
  await assertRejects(
    () => loadMnist({ source: dir.path }),
    DatasetError,
    `Cannot read ${path} as it must be a file: current value is a folder`,
  );
});

Deno.test("loadMnist() takes no memory for images that a header or an option claims", async () => {
  for (const zipped of [true, false]) {
    for (
      const [count, message] of [
        [2 ** 32 - 1, "at most 2739137, which are 2 GiB"],
        [2_700_000, "it must hold 2116800000 more bytes"],
      ] as const
    ) {
      await using dir = await tempDir();
      await write(dir.path, {
        ...files(),
        "train-images-idx3-ubyte": idx(2051, [count, 28, 28], pixels(1)),
        "train-labels-idx1-ubyte": idx(2049, [count], digits(12)),
      }, zipped);
      const before = Deno.memoryUsage().external;
      const error = await assertRejects(
        () => loadMnist({ source: dir.path }),
        Error,
        message,
      );
      assert(error instanceof RangeError || error instanceof DatasetError);
      assert(Deno.memoryUsage().external - before < 2 ** 27);
    }
  }
  await assertRejects(
    () => loadMnist({ source: "synthetic", trainImages: 99_999_999_999 }),
    RangeError,
    "trainImages must be at most 2739137, which are 2 GiB",
  );
});

Deno.test("loadMnist() reads gzip files of several members", async () => {
  await using dir = await tempDir();
  for (const [name, bytes] of Object.entries(files())) {
    // As `pigz --independent` writes them, and `cat a.gz b.gz`.
    const half = bytes.length >> 1;
    const parts = [bytes.slice(0, half), bytes.slice(half)];
    const members = await Promise.all(parts.map(gzip));
    await Deno.writeFile(
      `${dir.path}/${name}.gz`,
      await new Blob(members).bytes(),
    );
  }
  const { train, test } = await loadMnist({ source: dir.path });
  assertEquals([train.count, test.count], [12, 5]);
  assertEquals(train.labels, digits(12));
});
