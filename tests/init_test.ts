import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { outputOfDeno, runProgram } from "./_run.ts";
import { withFolder } from "./_folder.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

Deno.test("init writes a project that trains as it stands", () =>
  withFolder(async (folder) => {
    const project = join(folder, "new");
    const { code, stdout, stderr } = await runProgram("src/init.ts", project);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `cd ${project} && deno task train`);
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
    const { code, stderr } = await runProgram("src/init.ts", folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${path} must not exist yet`);
    assertEquals(await Deno.readTextFile(path), "mine");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));
