import { assertEquals, assertRejects } from "@std/assert";
import { loadCifar100 } from "../../../examples/datasets/cifar100.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { cifarRecords } from "./_fixtures.ts";
import { tempDir } from "../../_folder.ts";

/** Both official files: the given records, then zeros without the disk space for them. */
async function write(dir: string, records: Uint8Array): Promise<void> {
  await Deno.mkdir(dir);
  for (
    const [name, size] of [["train.bin", 153_700_000], [
      "test.bin",
      30_740_000,
    ]] as const
  ) {
    await Deno.writeFile(`${dir}/${name}`, records);
    await Deno.truncate(`${dir}/${name}`, size);
  }
}

Deno.test("loadCifar100() takes the second label, of a hundred classes", async () => {
  await using dir = await tempDir();
  const records = cifarRecords([[3, 99], [0, 0], [19, 42]]);
  await write(`${dir.path}/cifar-100-binary`, records);
  const { train, classNames } = await loadCifar100({
    source: dir.path,
    trainImages: 4,
    testImages: 1,
  });
  assertEquals([...train.labels], [99, 0, 42, 0]);
  assertEquals(train.images[3072 * 2 + 1], records[2 * 3074 + 2 + 1024]);
  assertEquals(new Set(classNames).size, 100);
  assertEquals([classNames[0], classNames[42], classNames[99]], [
    "apple",
    "leopard",
    "worm",
  ]);
});

Deno.test("loadCifar100() refuses a label over 99", async () => {
  await using dir = await tempDir();
  await write(`${dir.path}/c`, cifarRecords([[3, 100]]));
  await assertRejects(
    () => loadCifar100({ source: `${dir.path}/c`, trainImages: 4 }),
    DatasetError,
    "must be at most 99: current value is 100",
  );
});
