/** Files of npm packages, wherever the runtime keeps them. */

import { builtin, fileSystem } from "./builtin.ts";

/** Whether there are files to read packages from: not so in a browser. */
export function hasPackageFiles(): boolean {
  return builtin("node:fs/promises") !== undefined;
}

/**
 * Reads `file` beside the entry point of the npm package `entry`, or of the
 * exported path `entry` itself when `file` is left out. Some module must import
 * from the package, so that Deno has it in store.
 *
 * @throws {Error} In a browser, which has no files.
 */
export async function readPackageFile(
  entry: string,
  file?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile } = fileSystem(`read ${entry}`);
  // A published module has an https address, from which nothing is required.
  const main = typeof Deno === "undefined" ? "" : Deno.mainModule;
  const from = [import.meta.url, main].find((url) => url.startsWith("file:")) ??
    "file:///";
  const path = builtin("node:module")!.createRequire(from).resolve(entry);
  const found = builtin("node:url")!.pathToFileURL(path);
  return new Uint8Array(await readFile(file ? new URL(file, found) : found));
}

/** The same as text. */
export async function readPackageText(
  entry: string,
  file?: string,
): Promise<string> {
  return new TextDecoder().decode(await readPackageFile(entry, file));
}
