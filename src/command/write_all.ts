import { aFunction, checkData, record, that } from "../runtime/check_data.ts";

const GIVEN = record({
  file: record({}),
  write: aFunction,
  data: that("be a Uint8Array", (value) => value instanceof Uint8Array),
});

/**
 * Writes all of `data`, which a single write may not.
 *
 * @param file An open file, from where it stands.
 * @param data The bytes.
 * @throws {TypeError} If `file` cannot be written, or `data` are no bytes.
 * @throws What the file system throws.
 *
 * @example
 * ```ts
 * import { writeAll } from "@clr/clr/command";
 *
 * const path = await Deno.makeTempFile();
 * using file = await Deno.open(path, { write: true });
 * await writeAll(file, new Uint8Array(1_000_000));
 * ```
 */
export async function writeAll(
  file: Deno.FsFile,
  data: Uint8Array,
): Promise<void> {
  checkData("write to a file", { file, write: file?.write, data }, GIVEN);
  for (let written = 0; written < data.length;) {
    written += await file.write(data.subarray(written));
  }
}
