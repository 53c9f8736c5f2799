import { fileSystem } from "../../runtime/builtin.ts";
import { isMissing } from "../../runtime/system_error.ts";

/**
 * Throws unless there is a file at `path`: to open a pipe may take for ever.
 *
 * @throws {RangeError} If it is something else, or nothing.
 */
export async function requirePlainFile(path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    if ((await fileSystem("read a checkpoint").stat(path)).isFile()) return;
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new RangeError(`${name} is missing`, { cause });
  }
  throw new RangeError(`${name} is no file`);
}

/**
 * The bytes of the file at `path`.
 *
 * @throws {RangeError} If there is no file.
 * @throws What the file system throws.
 */
export async function readPlainFile(
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const files = fileSystem("read a checkpoint");
  await requirePlainFile(path);
  // A copy, as what Node reads may be a part of a larger buffer.
  return new Uint8Array(await files.readFile(path));
}
