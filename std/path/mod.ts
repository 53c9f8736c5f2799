// Stand-in for jsr:@std/path where JSR is out of reach: the few functions this
// project uses, with the signatures and behaviour of the real package.

import { fileURLToPath, pathToFileURL } from "node:url";

export {
  basename,
  dirname,
  extname,
  normalize,
  relative,
  resolve,
} from "node:path";
import { join as nodeJoin } from "node:path";

/** Joins path segments; URLs are not taken here. */
export function join(path: string, ...paths: string[]): string {
  return nodeJoin(path, ...paths);
}

/** The file path of a `file:` URL. */
export function fromFileUrl(url: URL | string): string {
  return fileURLToPath(url);
}

/** The `file:` URL of a path. */
export function toFileUrl(path: string): URL {
  return pathToFileURL(path);
}
