import type { FileHandle } from "node:fs/promises";
import { fileSystem } from "./builtin.ts";
import { checkData, record, that } from "./check_data.ts";
import { makeFolder } from "./make_folder.ts";
import { systemCode } from "./system_error.ts";

const GIVEN = record({
  path: that(
    "be a path",
    (value) =>
      typeof value === "string" && value !== "" && !value.includes("\0"),
  ),
  data: that(
    "be text or a Uint8Array",
    (value) => typeof value === "string" || value instanceof Uint8Array,
  ),
});

/**
 * Writes `data` to `path` so that whoever reads it sees the old contents or the
 * new, never half of the new: the data go to a file beside it, which then takes
 * its name. Missing folders are made.
 *
 * @param path The file.
 * @param data Text, which is written as UTF-8, or bytes.
 * @throws {TypeError} If `path` is no path, or `data` neither text nor bytes.
 * @throws What the file system throws (no space, no permission); `path` is then
 * as it was, and nothing is left beside it.
 *
 * @example
 * ```ts
 * import { writeFile } from "@clr/clr/command";
 *
 * const folder = await Deno.makeTempDir();
 * await writeFile(`${folder}/runs/1/plan.json`, JSON.stringify({ epochs: 6 }));
 * ```
 */
export async function writeFile(
  path: string,
  data: string | Uint8Array,
): Promise<void> {
  checkData("write a file", { path, data }, GIVEN);
  const fs = fileSystem(`write ${path}`);
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (slash > 0) await makeFolder(`write ${path}`, path.slice(0, slash));
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    const file = await fs.open(beside, "wx");
    try {
      await writeAt(
        file,
        typeof data === "string" ? new TextEncoder().encode(data) : data,
      );
      // Without this a crash can leave the new name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(beside, path);
  } catch (error) {
    await fs.rm(beside, { force: true }).catch(() => {});
    throw naming(path, error);
  }
}

/**
 * Appends all of `data` to the file at `path`, which is made, or nothing of it.
 *
 * @throws What the file system throws; the file is then as it was.
 */
export async function appendWhole(
  path: string,
  data: Uint8Array,
): Promise<void> {
  const fs = fileSystem(`write ${path}`);
  try {
    const file = await fs.open(path, "a");
    try {
      const { size } = await file.stat();
      try {
        await file.appendFile(data);
      } catch (error) {
        // Half of a record makes what follows it unreadable.
        await file.truncate(size).catch(() => {});
        throw error;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw naming(path, error);
  }
}

/** Writes all of `data` at `position`, which a single write may not. */
export async function writeAt(
  file: FileHandle,
  data: Uint8Array,
  position = 0,
): Promise<void> {
  for (let written = 0; written < data.length;) {
    const { bytesWritten } = await file.write(
      data,
      written,
      data.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}

/** The system's error with the file in its message, of which no write tells. */
function naming(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const named = new (error.constructor as ErrorConstructor)(
    `Cannot write ${path}: ${error.message}`,
    { cause: error },
  );
  return Object.assign(named, { code });
}
