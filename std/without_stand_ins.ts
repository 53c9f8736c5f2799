// Runs a deno command on the project with the real packages of JSR in place of
// the stand-ins in this folder:
//
//   deno run -A std/without_stand_ins.ts test -A
//
// The project is copied, as deno.json without its workspace is another project.

import { fromFileUrl, join } from "@std/path";

const project = fromFileUrl(new URL("..", import.meta.url));
const files = await new Deno.Command("git", {
  args: [
    "-C",
    project,
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
  ],
}).output();

const copy = await Deno.makeTempDir({ prefix: "clr-without-stand-ins-" });
try {
  for (
    const file of new TextDecoder().decode(files.stdout).trim().split("\n")
  ) {
    if (file.startsWith("std/") || file === "deno.lock") continue;
    const target = join(copy, file);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await Deno.copyFile(join(project, file), target);
  }
  const config = JSON.parse(await Deno.readTextFile(join(copy, "deno.json")));
  delete config.workspace;
  await Deno.writeTextFile(
    join(copy, "deno.json"),
    JSON.stringify(config, null, 2),
  );
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: Deno.args,
    cwd: copy,
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(copy, { recursive: true });
}
