/**
 * Makes a folder from which the GPU is measured on a machine that has Deno and
 * nothing else: no network, no packages. Copy it there, and run what it says.
 *
 *     deno task bench:gpu:bundle FOLDER [CIFAR-10 as .tar.gz of JPEG images]
 */

import { runCommand, UsageError } from "@clr/clr/command";
import { basename, fromFileUrl, join } from "@std/path";

const HERE = new URL(".", import.meta.url);

/** Fills the folder that `args` begin with. */
async function bundle(args: readonly string[]): Promise<number> {
  const [folder, archive] = args;
  if (args.length < 1 || args.length > 2) {
    throw new UsageError(
      `Name a folder, and an archive where there is one: current value is "${
        args.join(" ")
      }"`,
    );
  }
  await Deno.mkdir(join(folder, "gpu"), { recursive: true });
  const program = fromFileUrl(new URL("../gpu.ts", HERE));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=deno",
      `--output=${join(folder, "gpu.js")}`,
      program,
    ],
  }).output();
  if (!success) {
    console.error(new TextDecoder().decode(stderr));
    return 1;
  }
  await Deno.copyFile(
    new URL("pytorch.py", HERE),
    join(folder, "gpu/pytorch.py"),
  );
  if (archive) await Deno.copyFile(archive, join(folder, basename(archive)));
  const data = archive ? ` --data ${basename(archive)}` : "";
  console.log(
    `${folder} is ready. There: deno run --allow-all gpu.js${data} --output gpu.json`,
  );
  return 0;
}

await runCommand({
  summary:
    "Makes a folder from which a machine without network measures a GPU.",
  usage: "deno task bench:gpu:bundle FOLDER [ARCHIVE.tar.gz]",
  flags: {},
  positional: true,
  main: ({ _ }) => bundle(_),
});
