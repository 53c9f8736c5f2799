import { assertEquals, assertRejects } from "@std/assert";
import { extractTarGz } from "../../../examples/datasets/_tar.ts";
import { DatasetError } from "../../../examples/datasets/image_dataset.ts";
import { gzip, someBytes, tar } from "./_fixtures.ts";
import { tempDir } from "../../_folder.ts";

const body = someBytes(3000);
const wanted = [{ entry: "data/a.bin", name: "a.bin", size: 3000 }];

async function extractFrom(
  dir: string,
  archive: Uint8Array<ArrayBuffer>,
): Promise<void> {
  await Deno.writeFile(`${dir}/x.tar.gz`, archive);
  await Deno.mkdir(`${dir}/in/out`, { recursive: true });
  await extractTarGz(`${dir}/x.tar.gz`, `${dir}/in/out`, wanted);
}

Deno.test("extractTarGz() writes the files of the list and nothing else", async () => {
  await using dir = await tempDir();
  await extractFrom(
    dir.path,
    await gzip(
      await tar([
        { name: "data/", type: "directory" },
        { name: "data/readme.html", body: someBytes(10) },
        { name: "./data/a.bin", body },
      ]),
    ),
  );
  assertEquals(await Deno.readFile(`${dir.path}/in/out/a.bin`), body);
  assertEquals([...Deno.readDirSync(`${dir.path}/in/out`)].length, 1);
});

Deno.test("extractTarGz() refuses entries that leave the folder", async () => {
  for (
    const name of [
      "../evil",
      "data/../../evil",
      "/tmp/evil",
      "..\\evil",
      "C:/e",
    ]
  ) {
    await using dir = await tempDir();
    await assertRejects(
      async () =>
        extractFrom(
          dir.path,
          await gzip(await tar([{ name, body }, { name: "data/a.bin", body }])),
        ),
      DatasetError,
      "must stay in the folder",
    );
    assertEquals([...Deno.readDirSync(`${dir.path}/in`)].length, 1);
    assertEquals([...Deno.readDirSync(`${dir.path}/in/out`)], []);
  }
});

Deno.test("extractTarGz() refuses a link in place of a file", async () => {
  await using dir = await tempDir();
  await assertRejects(
    async () =>
      extractFrom(
        dir.path,
        await gzip(
          await tar([{
            name: "data/a.bin",
            type: "symlink",
            linkname: "/etc/passwd",
          }]),
        ),
      ),
    DatasetError,
    "data/a.bin must be a file: current value is a symlink",
  );
});

Deno.test("extractTarGz() refuses a missing file and one of another size", async () => {
  await using dir = await tempDir();
  await assertRejects(
    async () =>
      extractFrom(
        dir.path,
        await gzip(await tar([{ name: "data/b.bin", body }])),
      ),
    DatasetError,
    "lacks data/a.bin",
  );
  await assertRejects(
    async () =>
      extractFrom(
        dir.path,
        await gzip(
          await tar([{ name: "data/a.bin", body: body.slice(0, 2999) }]),
        ),
      ),
    DatasetError,
    "must have 3000 bytes: current value is 2999",
  );
});

Deno.test("extractTarGz() refuses a truncated archive and one that is none", async () => {
  const archive = await tar([{ name: "data/a.bin", body }]);
  const zipped = await gzip(archive);
  const broken = [
    zipped.slice(0, zipped.length - 200),
    await gzip(archive.slice(0, 1500)),
    someBytes(2000),
  ];
  for (const bytes of broken) {
    await using dir = await tempDir();
    await assertRejects(() => extractFrom(dir.path, bytes), DatasetError);
  }
});

Deno.test("extractTarGz() refuses a file that is there twice", async () => {
  for (
    const names of [
      ["data/a.bin", "data/a.bin"],
      ["./data/a.bin", "data/a.bin"],
      ["data/./a.bin", "data/a.bin"],
      ["data/a.bin", "././data//a.bin"],
    ]
  ) {
    await using dir = await tempDir();
    const archive = await gzip(
      await tar(names.map((name, i) => ({ name, body: someBytes(3000, i) }))),
    );
    await assertRejects(
      () => extractFrom(dir.path, archive),
      DatasetError,
      "data/a.bin must be in it once: current value is twice",
    );
  }
});

Deno.test("extractTarGz() takes a path for what it leads to, however it is written", async () => {
  for (const name of ["././data/a.bin", "data//a.bin", "data/./a.bin"]) {
    await using dir = await tempDir();
    await extractFrom(dir.path, await gzip(await tar([{ name, body }])));
    assertEquals(await Deno.readFile(`${dir.path}/in/out/a.bin`), body);
  }
});

Deno.test("extractTarGz() passes over very long names, links and folders that it does not look for", async () => {
  await using dir = await tempDir();
  await extractFrom(
    dir.path,
    await gzip(
      await tar([
        { name: `${"deep/".repeat(900)}a.bin`, body: someBytes(5) },
        { name: "data", type: "symlink", linkname: "/tmp" },
        { name: "däta/ä.bin", body: someBytes(5) },
        { name: "data/a.bin", body },
        { name: "data/b.bin", type: "link", linkname: "data/a.bin" },
      ]),
    ),
  );
  assertEquals([...Deno.readDirSync(`${dir.path}/in/out`)].length, 1);
  assertEquals(await Deno.readFile(`${dir.path}/in/out/a.bin`), body);
});

Deno.test("extractTarGz() refuses what follows the end of an archive, and what is no file", async () => {
  const archive = await tar([{ name: "data/a.bin", body }]);
  const bytes = (...parts: Uint8Array<ArrayBuffer>[]) =>
    new Blob(parts).bytes();
  const refused = [
    await bytes(await gzip(archive), someBytes(100)),
    await gzip(await bytes(archive, someBytes(5000))),
    await gzip(await bytes(archive, archive)),
    ...await Promise.all(
      (["link", "fifo", "directory"] as const).map(async (type) =>
        await gzip(
          await tar([{ name: "data/a.bin", type, linkname: "data/b.bin" }]),
        )
      ),
    ),
  ];
  for (const archive of refused) {
    await using dir = await tempDir();
    await assertRejects(
      () => extractFrom(dir.path, archive),
      DatasetError,
      "Cannot extract",
    );
  }
});

Deno.test("extractTarGz() reads no further than an archive that is meant would go", async () => {
  await using dir = await tempDir();
  const zeros = new Uint8Array(2 ** 28 + 5000);
  const archive = await gzip(
    await tar([
      { name: "data/filler", body: zeros },
      { name: "data/a.bin", body },
    ]),
  );
  await assertRejects(
    () => extractFrom(dir.path, archive),
    DatasetError,
    "it has more than",
  );
});
