import { writeAll } from "@clr/clr/command";
import { createHash } from "node:crypto";
import { exists } from "./_cache.ts";
import {
  ask,
  type DownloadOptions,
  LostConnection,
  MAX_BYTES,
  NoSuchRange,
  type OnProgress,
  Patience,
  save,
  UnreachableError,
} from "./_transfer.ts";
import { GunzipStream } from "./_gunzip_stream.ts";
import { DatasetError } from "./image_dataset.ts";

export { type DownloadOptions, type OnProgress, UnreachableError };

/** Bytes that are worth a new connection. */
const WORTHWHILE = 1 << 16;

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** The MD5 sum of the file at `path`, read in chunks. */
export async function md5OfFile(path: string): Promise<string> {
  const hash = createHash("md5");
  using file = await Deno.open(path);
  const chunk = new Uint8Array(1 << 20);
  for (let n; (n = await file.read(chunk)) !== null;) {
    hash.update(chunk.subarray(0, n));
  }
  return hash.digest("hex");
}

/** Where a file goes that a server packed for the transfer. */
function unpackedOf(path: string): string {
  return `${path}.unpacked`;
}

/** A file that is being downloaded: what there is of it, and how it goes on. */
class Download {
  /** What an earlier attempt or call left, which goes on where it ends. */
  readonly part: string;
  /** The whole file from a server that does not go on where the part ends. */
  readonly #whole: string;
  /** Whether a server refused to go on. */
  #startsOver = false;

  constructor(
    readonly url: string,
    path: string,
    readonly options: DownloadOptions,
  ) {
    this.part = `${path}.part`;
    this.#whole = `${path}.whole.part`;
  }

  /**
   * Asks for what is missing.
   *
   * @returns The file that has all that the server sent.
   * @throws {LostConnection} When the connection ends before the file does.
   */
  async attempt(): Promise<string> {
    using patience = new Patience();
    const { options } = this;
    const from = this.#startsOver ? 0 : await sizeOf(this.part);
    let response: Response;
    try {
      response = await ask(this.url, from, { options, patience });
    } catch (error) {
      if (!(error instanceof NoSuchRange)) throw error;
      this.#startsOver = true;
      throw new LostConnection(error.message);
    }
    if (response.status === 416) return this.part;
    const goesOn = response.status === 206;
    // What was downloaded may be right, and what comes now the page of a portal:
    // it is not thrown away for it.
    const path = goesOn || await sizeOf(this.part) === 0
      ? this.part
      : this.#whole;
    try {
      await save(response, {
        ...{ path, options, patience },
        from: goesOn ? from : 0,
        name: this.url.slice(this.url.lastIndexOf("/") + 1),
      });
    } catch (error) {
      if (error instanceof LostConnection) await this.#keepLonger();
      else if (await sizeOf(path) > (options.maxBytes ?? MAX_BYTES)) {
        // A claim alone says nothing against what was downloaded.
        await Deno.remove(path);
      }
      throw error;
    }
    await this.#undoEncoding(response, path);
    return path;
  }

  /** Removes what this call has no use for, or one that was killed left. */
  async removeRest(): Promise<void> {
    const files = [this.part, this.#whole];
    for (const path of [...files, ...files.map(unpackedOf)]) {
      if (await exists(path)) await Deno.remove(path);
    }
  }

  /** Of two beginnings of the file, the longer one is worth more. */
  async #keepLonger(): Promise<void> {
    if (await sizeOf(this.#whole) > await sizeOf(this.part)) {
      await Deno.rename(this.#whole, this.part);
    } else if (await exists(this.#whole)) {
      await Deno.remove(this.#whole);
    }
  }

  /** Unpacks what a server has packed for the transfer, though it was not asked to. */
  async #undoEncoding(response: Response, path: string): Promise<void> {
    const encoding = response.headers.get("content-encoding") ?? "";
    if (!/^(x-)?gzip$/.test(encoding) || response.status !== 200) return;
    if (await md5OfFile(path) === this.options.md5) return;
    const { maxBytes = MAX_BYTES } = this.options;
    const unpacked = unpackedOf(path);
    let bytes = 0;
    try {
      using to = await Deno.open(unpacked, {
        create: true,
        write: true,
        truncate: true,
      });
      const from = await Deno.open(path);
      for await (
        const chunk of from.readable.pipeThrough(
          new GunzipStream(),
        )
      ) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new RangeError("it does not end");
        await writeAll(to, chunk);
      }
    } catch (error) {
      await Deno.remove(unpacked);
      // It is no gzip: then it is what it is.
      if (error instanceof TypeError || error instanceof RangeError) return;
      throw error;
    }
    await Deno.rename(unpacked, path);
  }
}

function describeWrong(md5: string, size: number, start: Uint8Array): string {
  const text = new TextDecoder().decode(start).trimStart().toLowerCase();
  return `current value is ${md5} (${size} bytes${
    text.startsWith("<")
      ? ", a page: of the network, perhaps, which wants a login"
      : ""
  }, removed)`;
}

async function startOf(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const start = new Uint8Array(64);
  return start.subarray(0, await file.read(start) ?? 0);
}

/**
 * Downloads `url` to `path`. Bytes go to `path + ".part"`, which a later call
 * continues, and the file appears at `path` only once its MD5 sum is right.
 *
 * @throws {UnreachableError} When not a byte of it can be had.
 * @throws {DatasetError} When the connection is lost for good, the sum is wrong
 * or there is more than `maxBytes`; what is wrong is removed.
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { retries = 4, retryDelay = 500, signal } = options;
  const file = new Download(url, path, options);
  // A part from an earlier call may be of another version of the file: then a
  // wrong sum says nothing about what the server sends now.
  let inherited = await sizeOf(file.part) > 0;
  if (inherited && await md5OfFile(file.part) === options.md5) {
    await Deno.rename(file.part, path);
    return await file.removeRest();
  }
  let failures = 0;
  let reached = false;
  let got: string;
  while (true) {
    signal?.throwIfAborted();
    const before = await sizeOf(file.part);
    try {
      got = await file.attempt();
    } catch (error) {
      const isRefused = error instanceof UnreachableError;
      const lost = error instanceof LostConnection ||
        isRefused && (reached || error.isPassing);
      if (!lost) throw error;
      reached ||= !isRefused;
      const after = await sizeOf(file.part);
      failures = after >= before + WORTHWHILE ? 1 : failures + 1;
      if (failures > retries && !reached) throw error;
      if (failures > retries) {
        throw new DatasetError(
          `Cannot download ${url} as the connection was lost after ${
            (after / 1e6).toFixed(1)
          } MB (${error.message}): start again to continue from there`,
          { cause: error },
        );
      }
      await new Promise((resolve) =>
        setTimeout(resolve, retryDelay * failures)
      );
      continue;
    }
    const md5 = await md5OfFile(got);
    if (md5 === options.md5) break;
    const why = describeWrong(md5, await sizeOf(got), await startOf(got));
    await Deno.remove(got);
    if (!inherited || got !== file.part) {
      throw new DatasetError(
        `Cannot use ${url} as its MD5 sum must be ${options.md5}: ${why}`,
      );
    }
    inherited = false;
  }
  await Deno.rename(got, path);
  await file.removeRest();
}
