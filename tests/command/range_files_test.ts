import { assertEquals } from "@std/assert";
import { writeRangeFiles } from "@clr/clr/command";
import { namesIn, withFolder } from "../_folder.ts";
import { exampleRange } from "../plots/_data.ts";

Deno.test("writeRangeFiles() leaves no picture of an earlier range beside a newer one", () =>
  withFolder(async (folder) => {
    const others = ["lr_range_stopped.svg", "lr_ranges.png"];
    for (
      const name of [...others, "lr_range_grid.svg", "lr_range_grid.png"]
    ) await Deno.writeTextFile(`${folder}/${name}`, "older");
    const range = exampleRange();
    const data = await writeRangeFiles(folder, range, { origin: "a formula" });
    assertEquals(namesIn(folder), [...data, ...others].sort());
    const alone = await writeRangeFiles(folder, range, {
      origin: "a formula",
      plots: false,
    });
    assertEquals(alone, ["lr_range.json", "lr_range.csv"]);
    assertEquals(namesIn(folder), [...alone, ...others].sort());
  }));
