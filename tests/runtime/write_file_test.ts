import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { writeFile } from "../../src/runtime/write_file.ts";
import { withFolder } from "../_folder.ts";

const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeFile() makes folders, replaces a file and leaves nothing beside it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a", "b.txt");
    await writeFile(path, "first");
    await writeFile(path, new TextEncoder().encode("second ü"));
    assertEquals(await Deno.readTextFile(path), "second ü");
    assertEquals(names(join(folder, "a")), ["b.txt"]);
  }));

Deno.test("writeFile() that fails leaves what was there, and nothing beside it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "taken");
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "kept"), "kept");
    await assertRejects(() => writeFile(path, "data"));
    assertEquals(names(folder), ["taken"]);
    assertEquals(names(path), ["kept"]);
  }));
