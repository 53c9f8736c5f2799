import { systemCode } from "./system_error.ts";

/**
 * Writes `data` to `path` so that whoever reads it sees the old contents or the
 * new, never half of the new: the data go to a file beside it, which then takes
 * its name. Missing folders are made.
 *
 * @throws What the file system throws (no space, no permission); `path` is then
 * as it was, and nothing is left beside it.
 */
export async function writeFile(
  path: string,
  data: string | Uint8Array,
): Promise<void> {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (slash > 0) await Deno.mkdir(path.slice(0, slash), { recursive: true });
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    using file = await Deno.open(beside, { write: true, createNew: true });
    await writeAll(
      file,
      typeof data === "string" ? new TextEncoder().encode(data) : data,
    );
    // Without this a crash can leave the new name on an empty file.
    await file.syncData();
    await Deno.rename(beside, path);
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    throw naming(path, error);
  }
}

/** Writes all of `data`, which a single write may not. */
export async function writeAll(
  file: Deno.FsFile,
  data: Uint8Array,
): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += await file.write(data.subarray(written));
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
