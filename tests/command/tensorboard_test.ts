import { assertEquals } from "@std/assert";
import { newLogFolder } from "@clr/clr/command";
import { TensorBoardLogger } from "@clr/clr/training";
import { withFolder } from "../_folder.ts";

Deno.test("newLogFolder() gives each run that begins a folder without the logs of another", () =>
  withFolder(async (base) => {
    const folder = `${base}/logs`;
    // Not there yet, empty, and with something else in it.
    assertEquals(await newLogFolder(folder), folder);
    await Deno.mkdir(folder);
    assertEquals(await newLogFolder(folder), folder);
    await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
    assertEquals(await newLogFolder(folder), folder);

    const given: string[] = [];
    for (const within of ["", "/range", ""]) {
      given.push(await newLogFolder(folder));
      const logger = new TensorBoardLogger(given.at(-1)! + within);
      await logger.log(1, { loss: 1 });
    }
    given.push(await newLogFolder(folder));
    assertEquals(given, [
      folder,
      ...[2, 3, 4].map((run) => `${folder}/run-${run}`),
    ]);
  }));
