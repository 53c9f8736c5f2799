import { systemCode, writeAll } from "@clr/clr/command";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { GunzipStream } from "./_gunzip_stream.ts";
import { DatasetError } from "./image_dataset.ts";

/** A file to take out of an archive. */
export interface TarFile {
  /** Its path in the archive. */
  readonly entry: string;
  /** Its file name in the folder it is extracted to. */
  readonly name: string;
  /** Its size in bytes, where it is known. */
  readonly size?: number;
}

/** Passes bytes on until they are more than `most`. */
function atMost(most: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > most) {
        controller.error(new RangeError(`it has more than ${most} bytes`));
      } else {
        controller.enqueue(chunk);
      }
    },
  });
}

/** Of what is passed over, and of a file of unknown size. */
const MAX_OTHER_BYTES = 2 ** 28;

function escapes(name: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes("..");
}

/** A path without what leads nowhere: "./a//b" is "a/b". */
function normalized(name: string): string {
  return name.split("/").filter((part) => part !== "" && part !== ".").join(
    "/",
  );
}

async function writeEntry(
  entry: AsyncIterable<unknown>,
  path: string,
): Promise<void> {
  using file = await Deno.open(path, { createNew: true, write: true });
  for await (const chunk of entry as AsyncIterable<Uint8Array>) {
    await writeAll(file, chunk);
  }
}

function checkEntry(
  archive: string,
  { name, type, size }: Header,
  file: TarFile,
) {
  if (type !== "file") {
    throw new DatasetError(
      `Cannot extract ${archive} as ${name} must be a file: current value is a ${type}`,
    );
  }
  if (file.size !== undefined && size !== file.size) {
    throw new DatasetError(
      `Cannot extract ${archive} as ${name} must have ${file.size} bytes: current value is ${size}`,
    );
  }
}

/**
 * Writes `files`, and nothing else, from a gzipped tar archive into the folder
 * `to`. Where a file goes is this list's decision, never the archive's.
 *
 * @throws {DatasetError} When a file is missing, there twice, no plain file or
 * of another size, when any entry would leave the folder, and when the archive
 * is damaged.
 */
export async function extractTarGz(
  archive: string,
  to: string,
  files: readonly TarFile[],
): Promise<void> {
  const wanted = new Map(files.map((file) => [file.entry, file]));
  const missing = new Set(wanted.keys());
  const most = files.reduce(
    (sum, { size = MAX_OTHER_BYTES }) => sum + size,
    MAX_OTHER_BYTES,
  );
  const bytes = (await Deno.open(archive)).readable
    .pipeThrough(new GunzipStream())
    .pipeThrough(atMost(most));
  const entries = extract();
  // deno-lint-ignore no-explicit-any -- Node's and the web's stream types differ in name only
  const source = Readable.fromWeb(bytes as any);
  source.on("error", (error) => entries.destroy(error));
  source.pipe(entries);
  try {
    for await (const entry of entries) {
      const name = normalized(entry.header.name);
      if (escapes(entry.header.name)) {
        throw new DatasetError(
          `Cannot extract ${archive} as its entries must stay in the folder: current value is ${
            JSON.stringify(entry.header.name)
          }`,
        );
      }
      const file = wanted.get(name);
      if (file === undefined) {
        entry.resume();
        continue;
      }
      if (!missing.delete(name)) {
        throw new DatasetError(
          `Cannot extract ${archive} as ${name} must be in it once: current value is twice`,
        );
      }
      checkEntry(archive, entry.header, file);
      await writeEntry(entry, `${to}/${file.name}`);
    }
  } catch (error) {
    if (
      error instanceof DatasetError ||
      error instanceof Deno.errors.NotCapable || systemCode(error)
    ) throw error;
    throw new DatasetError(
      `Cannot extract ${archive} as it is damaged (${
        (error as Error).message
      })`,
      { cause: error },
    );
  } finally {
    source.destroy();
  }
  if (missing.size > 0) {
    throw new DatasetError(
      `Cannot extract ${archive} as it lacks ${[...missing].join(", ")}`,
    );
  }
}
