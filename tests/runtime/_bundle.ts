/** Bundles for a browser, as a person's bundler would make them. */

import { fromFileUrl, join } from "@std/path";
import { outputOfDeno } from "../_run.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/**
 * Writes the scripts into `folder`, each bundled, and a page that runs
 * `page.ts`. The bundler knows nothing of this package.
 *
 * @param scripts Their texts by their names.
 */
export async function bundlePage(
  folder: string,
  scripts: { readonly [name: string]: string },
): Promise<void> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(scripts)) {
    paths.push(join(folder, name));
    await Deno.writeTextFile(paths.at(-1)!, text);
  }
  await Deno.writeTextFile(
    join(folder, "index.html"),
    `<!DOCTYPE html><title>bundled</title><link rel="icon" href="data:,">
<script type="module" src="page.js"></script>`,
  );
  await outputOfDeno([
    ...["bundle", "--quiet", "--platform", "browser", "--outdir", folder],
    ...["--config", join(ROOT, "deno.json"), ...paths],
  ]);
}
