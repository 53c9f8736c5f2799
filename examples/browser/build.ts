/**
 * Bundles the page into a folder of static files, `output/browser`, that any
 * server of files can serve:
 *
 * ```sh
 * deno task browser
 * ```
 *
 * Another folder is named after it. `--help` says so.
 *
 * @module
 */

import { OWN_VERSION, runCommand, UsageError } from "@clr/clr/command";
import { createRequire } from "node:module";
import { dirname, fromFileUrl, join } from "@std/path";

const HERE = fromFileUrl(new URL(".", import.meta.url));

/** A file of an npm package. */
function packageFile(path: string): string {
  return createRequire(import.meta.url).resolve(path);
}

/** Writes the page into `folder`, which is made. */
export async function buildPage(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "wasm"), { recursive: true });
  await Deno.mkdir(join(folder, "fonts"), { recursive: true });
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      ...["--outdir", folder],
      ...["page.ts", "worker.ts"].map((name) => join(HERE, name)),
    ],
    stdout: "null",
  }).spawn().status;
  if (!success) throw new Error("Cannot bundle the page");
  for (const name of ["index.html", "style.css"]) {
    await Deno.copyFile(join(HERE, name), join(folder, name));
  }
  const builds = dirname(packageFile("@tensorflow/tfjs-backend-wasm"));
  for (const build of ["", "-simd", "-threaded-simd"]) {
    const name = `tfjs-backend-wasm${build}.wasm`;
    await Deno.copyFile(join(builds, name), join(folder, "wasm", name));
  }
  for (const weight of [400, 600]) {
    const name = `inter-latin-${weight}-normal.woff2`;
    await Deno.copyFile(
      packageFile(`@fontsource/inter/files/${name}`),
      join(folder, "fonts", name),
    );
  }
}

if (import.meta.main) {
  await runCommand({
    summary: "Bundles the page that finds a learning rate in the browser.",
    usage: "deno run -A examples/browser/build.ts [DIR]",
    version: OWN_VERSION,
    flags: {},
    positional: true,
    async main({ _ }) {
      const [folder = "output/browser"] = _;
      if (_.length > 1) {
        throw new UsageError(
          `Name one folder at most: current value is ${_.join(", ")}`,
        );
      }
      await buildPage(folder);
      console.log(`Serve ${folder}, with python3 -m http.server, say.`);
      return 0;
    },
  });
}
