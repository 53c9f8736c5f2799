import { assert, assertEquals, assertRejects } from "@std/assert";
import { FolderInUseError, lockFolder, writeFile } from "@clr/clr/command";
import { withFolder } from "../_folder.ts";

const module =
  new URL("../../src/command/lock_folder.ts", import.meta.url).href;

Deno.test("lockFolder() says where a file is in the place of the folder", () =>
  withFolder(async (folder) => {
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "mine");
    for (
      const [path, what] of [[file, "something else"], [
        `${file}/below`,
        "below a file",
      ]]
    ) {
      await assertRejects(
        () => lockFolder(path, { by: "me" }),
        Error,
        `Cannot write results as ${path} must be a folder: current value is ${what}`,
      );
    }
    assertEquals(await Deno.readTextFile(file), "mine");
  }));

Deno.test("lockFolder() gives a folder to one run, and says who has it", () =>
  withFolder(async (parent) => {
    const folder = `${parent}/new/out`;
    {
      using _lock = await lockFolder(folder, { by: "a.ts" });
      const error = await assertRejects(
        () => lockFolder(folder, { by: "b.ts" }),
        FolderInUseError,
        `process ${Deno.pid} on ${Deno.hostname()} (a.ts, since 2`,
      );
      assert(error.message.endsWith(`another folder: --out ${folder}-2`));
      await Deno.mkdir(`${folder}-2`);
      await assertRejects(
        () => lockFolder(folder, { by: "b.ts", flag: "--to" }),
        FolderInUseError,
        `--to ${folder}-3`,
      );
      using _other = await lockFolder(folder, { by: "c.ts", name: "c" });
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    using _again = await lockFolder(folder, { by: "b.ts" });
  }));

Deno.test("lockFolder() of a part of a folder lets the others there finish their writes", () =>
  withFolder(async (folder) => {
    for (const name of ["a", "b"]) {
      await Deno.writeTextFile(`${folder}/${name}.json.0a1b2c3d.part`, "{");
    }
    using _lock = await lockFolder(folder, { by: "a.ts", name: "a" });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, [".a.lock", "b.json.0a1b2c3d.part"]);
  }));

Deno.test("lockFolder() takes the folder of a run that was killed, and sweeps what it left", () =>
  withFolder(async (folder) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { lockFolder } from ${JSON.stringify(module)};
        const lock = await lockFolder(Deno.args[0], { by: "killed.ts" });
        console.log("locked");
        setTimeout(() => {}, 60_000);`,
        folder,
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await assertRejects(
      () => lockFolder(folder, { by: "b.ts" }),
      FolderInUseError,
      `process ${child.pid} on `,
    );
    await writeFile(`${folder}/history.json`, "{}");
    await writeFile(`${folder}/model/model.json`, "{}");
    await Deno.writeTextFile(`${folder}/history.json.0a1b2c3d.part`, "{");
    await Deno.writeTextFile(`${folder}/model/model.json.0a1b2c3d.part`, "{");
    await Deno.writeTextFile(`${folder}/mine.part`, "not of a write");
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    using _lock = await lockFolder(folder, { by: "b.ts" });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, [".lock", "history.json", "mine.part", "model"]);
    assertEquals([...Deno.readDirSync(`${folder}/model`)].length, 1);
  }));
