import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { encode as encodeJpeg } from "jpeg-js";
import { FolderBatches } from "../../../examples/datasets/folder_batches.ts";
import { ImageFolder } from "../../../examples/datasets/image_folder.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { runRow } from "../../../examples/paper/run_row.ts";
import { ROWS } from "../../../examples/paper/rows.ts";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

const COLORS = {
  blue: [20, 40, 220],
  green: [30, 200, 60],
  red: [210, 30, 20],
} as const;

/** A JPEG of one color, its left half darker. */
function draw(color: readonly number[], width: number, height: number) {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    const share = i % width < width / 2 ? 0.5 : 1;
    color.forEach((value, c) => data[4 * i + c] = value * share);
  }
  return encodeJpeg({ data, width, height }, 95).data;
}

/** ImageNet's layout with a class for each color, images of several sizes. */
async function drawFolder(folder: string, perClass = 3): Promise<void> {
  for (const [name, color] of Object.entries(COLORS)) {
    for (const [part, count] of [["train", perClass], ["val", 1]] as const) {
      const path = join(folder, part, name);
      await Deno.mkdir(path, { recursive: true });
      for (let i = 0; i < count; i++) {
        const [width, height] = [260 + 40 * i, 300 - 20 * i];
        await Deno.writeFile(
          join(path, `${name}_${i}.JPEG`),
          draw(color, width, height),
        );
      }
    }
  }
  await Deno.writeTextFile(join(folder, "train", "blue", "notes.txt"), "none");
}

const OPTIONS = {
  batchSize: 4,
  crop: 224,
  mean: [123, 117, 104],
  varied: true,
  seed: 3,
} as const;

Deno.test("ImageFolder.open() lists ImageNet's layout, and reads an image when it is asked for", () =>
  withFolder(async (folder) => {
    await drawFolder(folder);
    const images = await ImageFolder.open("ImageNet", { source: folder });
    assertEquals(images.classNames, ["blue", "green", "red"]);
    assertEquals([images.train.count, images.test.count], [9, 3]);
    assertEquals([...images.train.labels], [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const { width, height, pixels } = await images.read("train", 8);
    assertEquals([width, height], [256, 256]);
    // The right half of the last red one.
    const at = (128 * 256 + 250) * 3;
    COLORS.red.forEach((value, c) =>
      assert(Math.abs(pixels[at + c] - value) < 12, `${pixels[at + c]}`)
    );
    const some = await ImageFolder.open("ImageNet", {
      source: folder,
      trainImages: 4,
      seed: 5,
    });
    assertEquals(some.train.count, 4);
    assert(some.train.paths.every((path) => images.train.paths.includes(path)));
  }));

Deno.test("ImageFolder.open() says what is wrong with a folder", () =>
  withFolder(async (folder) => {
    const open = (options = {}) =>
      ImageFolder.open("ImageNet", { source: folder, ...options });
    await assertRejects(
      () => open({ source: undefined }),
      DatasetError,
      "must be in a folder, train/CLASS/IMAGE and val/CLASS/IMAGE",
    );
    await assertRejects(open, DatasetError, "must have a folder train");
    await Deno.mkdir(join(folder, "train", "blue"), { recursive: true });
    await assertRejects(
      open,
      DatasetError,
      "must hold a folder of JPEG or PNG files for each class",
    );
    await drawFolder(folder, 1);
    await assertRejects(
      () => open({ trainImages: 4 }),
      RangeError,
      "trainImages must be <= 3: current value is 4",
    );
    await Deno.remove(join(folder, "val", "red"), { recursive: true });
    await assertRejects(open, DatasetError, "current value has red in one");
  }));

Deno.test("FolderBatches gives each image once an epoch, the same wherever it begins", () =>
  withFolder(async (folder) => {
    await drawFolder(folder);
    const images = await ImageFolder.open("ImageNet", { source: folder });
    const batches = new FolderBatches(images, "train", OPTIONS);
    assertEquals(batches.perEpoch, 3);
    for (const epoch of [0, 1]) {
      const seen = [0, 1, 2].flatMap((
        t,
      ) => [...batches.indices(3 * epoch + t)]);
      assertEquals(seen.sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
    const { xs, ys } = await batches.tensorsAt(4);
    assertEquals([xs.shape, ys.shape], [[4, 224, 224, 3], [4, 3]]);
    const labels = (await ys.argMax(1).array()) as number[];
    const indices = batches.indices(4);
    assertEquals(labels, [...indices].map((i) => images.train.labels[i]));
    // The pixels are those of the label's color, less the mean.
    const highest = (await xs.max([1, 2]).array()) as number[][];
    labels.forEach((label, i) => {
      const color = Object.values(COLORS)[label];
      highest[i].forEach((value, c) =>
        assert(Math.abs(value + OPTIONS.mean[c] - color[c]) < 16)
      );
    });
    const other = new FolderBatches(images, "train", OPTIONS);
    const iterator = await other.dataset(4).iterator();
    const { value } = await iterator.next();
    assertEquals([...value.xs.dataSync()], [...xs.dataSync()]);
    tf.dispose([xs, ys, value]);
  }));

Deno.test("FolderBatches crops the middle of what is tested, and varies what is trained on", () =>
  withFolder(async (folder) => {
    await drawFolder(folder);
    const images = await ImageFolder.open("ImageNet", { source: folder });
    /** Columns of the darker half in each image of a batch. */
    const darkColumns = async (batches: FolderBatches, t: number) => {
      const { xs, ys } = await batches.tensorsAt(t);
      const rows = await xs.slice([0, 100, 0, 0], [-1, 1, -1, -1]).max([1, 3])
        .array() as number[][];
      tf.dispose([xs, ys]);
      return rows.map((row) => {
        const middle = (Math.max(...row) + Math.min(...row)) / 2;
        return {
          left: row[0] < middle,
          dark: row.filter((x) => x < middle).length,
        };
      });
    };
    const test = new FolderBatches(images, "test", {
      ...OPTIONS,
      varied: false,
    });
    for (const { left, dark } of await darkColumns(test, 0)) {
      assert(left && Math.abs(dark - 112) <= 2, `${dark} dark columns`);
    }
    const train = new FolderBatches(images, "train", OPTIONS);
    const seen = [];
    for (let t = 0; t < 6; t++) seen.push(...await darkColumns(train, t));
    assertEquals(new Set(seen.map(({ left }) => left)).size, 2);
    assert(new Set(seen.map(({ dark }) => dark)).size > 4);
    assertThrows(
      () => new FolderBatches(images, "train", { ...OPTIONS, crop: 300 }),
      RangeError,
      "crop must be a whole number from 1 to 256: current value is 300",
    );
  }));

Deno.test("runRow() runs a row of ImageNet on a folder of its layout", () =>
  withFolder(async (folder) => {
    const { enableWasmTraining } = await import("@clr/clr/backends");
    await enableWasmTraining();
    await tf.setBackend("wasm");
    try {
      await drawFolder(folder, 1);
      const dataset = await ImageFolder.open("ImageNet", { source: folder });
      const row = ROWS.find(({ id }) => id === "table1-googlenet-triangular2")!;
      const result = await runRow(
        { ...row, batchSize: 2, iterations: 2 },
        {
          dataset,
          scale: 1,
          seed: 1,
          backend: { backend: "wasm", device: "test" },
          out: join(folder, "out"),
          log: () => {},
        },
      );
      assertEquals(result!.model, "googlenet");
      const { name, trainImages, testImages } = result!.data;
      assertEquals([name, trainImages, testImages], ["ImageNet", 3, 3]);
      assertEquals(result!.epochHistory.iterations, [1, 2]);
      assert(result!.epochHistory.loss.every(Number.isFinite));
      await assertRejects(
        () =>
          runRow({ ...row, model: "cifar10_quick" }, {
            dataset,
            scale: 1,
            seed: 1,
            backend: { backend: "wasm", device: "test" },
            out: folder,
            log: () => {},
          }),
        RangeError,
        "Cannot train on ImageNet as the network must be one for its images",
      );
    } finally {
      await tf.setBackend("cpu");
    }
  }));
