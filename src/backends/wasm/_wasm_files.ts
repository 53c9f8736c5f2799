/** Where a browser gets the files of tfjs's WASM builds. */

import { builtin } from "../../runtime/builtin.ts";

let folder = ".";

/** Whether the files are to be fetched, where there is no package to read. */
function areServed(): boolean {
  return builtin("node:fs/promises") === undefined;
}

/**
 * Has the files fetched from a folder, of which tfjs is told too.
 *
 * @param path Its address, with the slash at its end; undefined leaves it as it
 * was.
 */
export async function serveFrom(path: string | undefined): Promise<void> {
  if (path === undefined || !areServed()) return;
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  folder = path;
  setWasmPaths(path);
}

/**
 * The address of a file of a build; undefined where the package's own files are
 * at hand. It is served beside the page, or the worker's script, unless another
 * folder was given.
 */
export function wasmFile(name: string): URL | undefined {
  return areServed()
    ? new URL(name, new URL(folder, globalThis.location.href))
    : undefined;
}
