/**
 * Makes a folder from which the GPU is measured on a machine that has Deno and
 * nothing else: no network, no packages. Copy it there, and run what it says.
 *
 *     deno task bench:gpu:bundle FOLDER [CIFAR-10 as .tar.gz of JPEG images]
 */

import { basename, fromFileUrl, join } from "@std/path";

const here = new URL(".", import.meta.url);
const [folder, archive] = Deno.args;
if (!folder) {
  console.error("usage: deno task bench:gpu:bundle FOLDER [ARCHIVE.tar.gz]");
  Deno.exit(2);
}
await Deno.mkdir(join(folder, "gpu"), { recursive: true });
const program = fromFileUrl(new URL("../gpu.ts", here));
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
  Deno.exit(1);
}
await Deno.copyFile(
  new URL("pytorch.py", here),
  join(folder, "gpu/pytorch.py"),
);
if (archive) await Deno.copyFile(archive, join(folder, basename(archive)));
const data = archive ? ` --data ${basename(archive)}` : "";
console.log(
  `${folder} is ready. There: deno run --allow-all gpu.js${data} --output gpu.json`,
);
