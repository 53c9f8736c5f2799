/** Files of npm packages, wherever the runtime keeps them. */

import { readFile } from "node:fs/promises";
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
  const main = typeof Deno === "undefined" ? "" : Deno.mainModule;
  const from = [import.meta.url, main].find((url) => url.startsWith("file:")) ??
    "file:///";
  const found = toFileUrl(createRequire(from).resolve(entry));
  return new Uint8Array(await readFile(file ? new URL(file, found) : found));
}

/** The same as text. */
export async function readTextAsset(
  entry: string,
  file?: string,
): Promise<string> {
  return new TextDecoder().decode(await readAsset(entry, file));
}
