import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { fill, onSmallDisk } from "./faults/_small_disk.ts";
import { outputOfDeno, runProgram } from "./_run.ts";
import { withFolder } from "./_folder.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

Deno.test("init writes a project that trains as it stands", () =>
  withFolder(async (folder) => {
    const project = join(folder, "it's new");
    const { code, stdout, stderr } = await runProgram("src/init.ts", project);
    assertEquals([code, stderr], [0, ""]);
    // As a shell takes it.
    assertStringIncludes(
      stdout,
      `cd '${project.replace("'", "'\\''")}' && deno task train`,
    );
    await outputOfDeno(["fmt", "--check"], { cwd: project });
    await outputOfDeno(["lint"], { cwd: project });
    const config = join(project, "deno.json");
    const written = JSON.parse(await Deno.readTextFile(config));
    // What the registry has is not to be reached from here.
    await Deno.writeTextFile(
      config,
      JSON.stringify({ ...written, links: [ROOT], lock: false }),
    );
    const out = await outputOfDeno(["task", "train"], { cwd: project });
    assertStringIncludes(out, "Train between");
    const accuracy = Number(/accuracy +([\d.]+)/.exec(out)?.[1]);
    assert(accuracy > 0.9, out);
    const svg = await Deno.readTextFile(join(project, "history.svg"));
    assertStringIncludes(svg, "<svg");
  }));

Deno.test("init overwrites nothing", () =>
  withFolder(async (folder) => {
    const path = join(folder, "train.ts");
    await Deno.writeTextFile(path, "mine");
    // As of a variable of the shell that is not set.
    assertEquals((await runProgram("src/init.ts", "")).code, 2);
    const { code, stderr } = await runProgram("src/init.ts", folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${path} must not exist yet`);
    assertEquals(await Deno.readTextFile(path), "mine");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));

Deno.test("init leaves nothing on a full disk that would be in the way of another attempt", () =>
  onSmallDisk("size=64k", async (folder) => {
    await Deno.mkdir(join(folder, "new"));
    // deno.json has room, train.ts has not.
    await fill(folder, 4096);
    const { code, stderr } = await runProgram(
      "src/init.ts",
      join(folder, "new"),
    );
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr.toLowerCase(), "no space left");
    assertStringIncludes(stderr, `Cannot write ${join(folder, "new")}/`);
    assertEquals([...Deno.readDirSync(join(folder, "new"))], []);
  }));
