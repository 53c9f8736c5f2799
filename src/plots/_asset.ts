/** Files of npm packages, wherever Deno keeps them. */

import { createRequire } from "node:module";
import { toFileUrl } from "@std/path";

/**
 * Reads `file` beside the entry point of the npm package `entry`, or of the
 * exported path `entry` itself when `file` is left out. Some module must import
 * from the package, so that Deno has it in store.
 */
export async function readAsset(
  entry: string,
  file?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  // A published module has an https address, from which nothing is required.
  const from =
    [import.meta.url, Deno.mainModule].find((url) => url.startsWith("file:")) ??
      "file:///";
  const found = toFileUrl(createRequire(from).resolve(entry));
  return await Deno.readFile(file ? new URL(file, found) : found);
}

/** The same as text. */
export async function readTextAsset(
  entry: string,
  file?: string,
): Promise<string> {
  return new TextDecoder().decode(await readAsset(entry, file));
}
