/** Two runs of every program in one folder: the second says whose it is. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { lockFolder } from "@clr/clr/command";
import { namesIn, withFolder } from "../_folder.ts";
import { runProgram } from "../_run.ts";

const LINE = fromFileUrl(new URL("_line_module.ts", import.meta.url));
const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "20", "--test-images", "10", "--epochs", "1"],
];
const BOUNDS = ["--base-lr", "0.001", "--max-lr", "0.01", "--no-plots"];

const PROGRAMS: { readonly [program: string]: readonly string[] } = {
  "src/find_lr.ts": [LINE, "--backend", "cpu", "--no-plots"],
  "examples/mnist.ts": SMALL,
  "examples/fashion_mnist.ts": [...SMALL, ...BOUNDS],
  "examples/cifar10.ts": [...SMALL, ...BOUNDS],
};

for (const [program, args] of Object.entries(PROGRAMS)) {
  Deno.test(`${program} leaves a folder alone that another run has, before any work`, () =>
    withFolder(async (parent) => {
      const folder = `${parent}/out`;
      using _lock = await lockFolder(folder, { by: "the first run" });
      await Deno.writeTextFile(`${folder}/history.json`, "of the first");
      const { code, stdout, stderr } = await runProgram(
        program,
        ...args,
        ...["--out", folder],
      );
      assertEquals(code, 1, stdout + stderr);
      const errors = stderr.split("\n").filter((line) =>
        line.startsWith("error: ")
      );
      assertEquals(errors.length, 1, stderr);
      assertMatch(errors[0], /process \d+ .*\(the first run, since /);
      assert(errors[0].endsWith(`--out ${folder}-2`), errors[0]);
      assert(!stderr.includes("    at "), stderr);
      assertEquals(namesIn(folder), ["history.json"]);
      assertEquals(
        await Deno.readTextFile(`${folder}/history.json`),
        "of the first",
      );
    }));
}

Deno.test("paper.ts refuses a row that another run is at, and runs another row beside it", () =>
  withFolder(async (folder) => {
    const row = "own-mnist-triangular";
    const args = (id: string) => [
      ...["--row", id, "--seed", "1", "--scale", "0.0001", "--out", folder],
      ...["--data", "synthetic", "--train-images", "200", "--test-images"],
      ...["20", "--backend", "wasm", "--threads", "1"],
    ];
    const first = await runProgram("examples/paper.ts", ...args(row));
    assertEquals(first.code, 0, first.stdout + first.stderr);
    const [name] = namesIn(folder).filter((name) => name.endsWith(".json"));
    const before = await Deno.readTextFile(`${folder}/${name}`);
    const prefix = name.replace(/\.json$/, "");
    {
      using _lock = await lockFolder(folder, { by: "the first", name: prefix });
      await Deno.writeTextFile(`${folder}/${name}.0a1b2c3d.part`, "{");
      const same = await runProgram("examples/paper.ts", ...args(row));
      assertEquals(same.code, 1, same.stdout + same.stderr);
      assertMatch(same.stderr, /^error: .*process \d+ .*\(the first, /m);
      const other = await runProgram(
        "examples/paper.ts",
        ...args("tutorial-mnist-triangular"),
      );
      assertEquals(other.code, 0, other.stdout + other.stderr);
    }
    assertEquals(await Deno.readTextFile(`${folder}/${name}`), before);
    // The write under way was the first run's to finish.
    assertEquals(namesIn(folder).length, 3);
  }));

Deno.test("paper.ts --report waits for no run, and refuses a folder whose report another writes", () =>
  withFolder(async (folder) => {
    const report = ["--report", "--out", folder];
    const absent = `${folder}/none`;
    const none = await runProgram(
      "examples/paper.ts",
      ...["--report", "--out", absent],
    );
    assertEquals(none.code, 1, none.stdout + none.stderr);
    assertMatch(none.stderr, /^error: No such file or directory.*none/m);
    assertEquals(namesIn(folder), []);
    {
      using _run = await lockFolder(folder, { by: "a run", name: "own-mnist" });
      const beside = await runProgram("examples/paper.ts", ...report);
      assertEquals(beside.code, 0, beside.stdout + beside.stderr);
      assertEquals(namesIn(folder).includes("report.md"), true);
    }
    using _lock = await lockFolder(folder, { by: "the first", name: "report" });
    await Deno.writeTextFile(`${folder}/report.md`, "of the first");
    const second = await runProgram("examples/paper.ts", ...report);
    assertEquals(second.code, 1, second.stdout + second.stderr);
    assertMatch(second.stderr, /^error: .*process \d+ .*\(the first, /m);
    assertEquals(
      await Deno.readTextFile(`${folder}/report.md`),
      "of the first",
    );
  }));
