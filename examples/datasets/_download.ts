import { createHash } from "node:crypto";
import { DatasetError } from "./image_dataset.ts";

/** Called as bytes arrive; `total` is undefined where the server gives none. */
export type OnProgress = (
  progress: { file: string; done: number; total: number | undefined },
) => void;

/** Options of {@linkcode download}. */
export interface DownloadOptions {
  /** The MD5 sum, in hexadecimal, that the whole file must have. */
  md5: string;
  /** The `fetch` to use. @default {globalThis.fetch} */
  fetch?: typeof globalThis.fetch;
  /** Milliseconds to wait for the server's answer. @default {5000} */
  connectTimeout?: number;
  /** Milliseconds without a byte after which a connection counts as lost. @default {30000} */
  stallTimeout?: number;
  /** How often a lost connection is taken up again with nothing gained in between. @default {4} */
  retries?: number;
  /** Milliseconds to wait before the first such attempt; each further one waits longer. @default {500} */
  retryDelay?: number;
  /** Told of every chunk that arrived. */
  onProgress?: OnProgress;
  /** Stops the download; what has arrived stays for the next attempt. */
  signal?: AbortSignal;
}

/** The server gave not a byte of the file: no connection, no answer in time, or a refusal. */
export class UnreachableError extends DatasetError {
  override name = "UnreachableError";
}

/** The innermost cause, which says most; `fetch` repeats the address before it. */
function reasonOf(error: unknown): string {
  while (error instanceof Error && error.cause instanceof Error) {
    error = error.cause;
  }
  return error instanceof Error
    ? error.message.replace(/^.*\): client error \(.*?\): /s, "")
    : String(error);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
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

/** The total size that a 206 or a 416 response names, when it does. */
function totalOf(response: Response): number | undefined {
  const match = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  return match ? Number(match[1]) : undefined;
}

/** The connection ended before the file did. */
class LostConnection extends Error {}

/**
 * Asks for what the file at `partPath` lacks and appends what comes.
 *
 * @throws {LostConnection} When the connection ends before the file does.
 */
async function fetchRest(
  url: string,
  partPath: string,
  options: DownloadOptions,
): Promise<void> {
  const { connectTimeout = 5000, stallTimeout = 30_000 } = options;
  const name = url.slice(url.lastIndexOf("/") + 1);
  let done = await sizeOf(partPath);

  const timeout = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectWithin = (ms: number, what: string) => {
    clearTimeout(timer);
    timer = setTimeout(
      () => timeout.abort(new Error(`${what} within ${ms / 1000} s`)),
      ms,
    );
  };
  const signal = options.signal
    ? AbortSignal.any([options.signal, timeout.signal])
    : timeout.signal;
  try {
    expectWithin(connectTimeout, "no answer");
    let response: Response;
    try {
      response = await (options.fetch ?? fetch)(url, {
        headers: done > 0 ? { range: `bytes=${done}-` } : {},
        signal,
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new UnreachableError(
        `${url} cannot be reached (${reasonOf(error)})`,
        { cause: error },
      );
    }
    if (response.status === 416) {
      await response.body?.cancel();
      if (totalOf(response) === done) return;
      await Deno.truncate(partPath, 0);
      throw new LostConnection(`the server has no byte ${done} of the file`);
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new UnreachableError(
        `${url} cannot be had (the server answered ${response.status} ${response.statusText})`,
      );
    }
    const resumed = response.status === 206 &&
      (response.headers.get("content-range") ?? "").startsWith(
        `bytes ${done}-`,
      );
    if (!resumed) done = 0;
    using part = await Deno.open(partPath, {
      create: true,
      write: true,
      truncate: !resumed,
    });
    await part.seek(done, Deno.SeekMode.Start);
    const length = Number(response.headers.get("content-length") ?? NaN);
    // A compressed transfer's length is not that of the file.
    const total = totalOf(response) ??
      (response.headers.has("content-encoding") || Number.isNaN(length)
        ? undefined
        : done + length);

    const reader = response.body.getReader();
    try {
      while (true) {
        expectWithin(stallTimeout, "no data");
        let chunk: Uint8Array | undefined;
        try {
          chunk = (await reader.read()).value;
        } catch (error) {
          options.signal?.throwIfAborted();
          throw new LostConnection(reasonOf(timeout.signal.reason ?? error));
        }
        if (chunk === undefined) break;
        await writeAll(part, chunk);
        done += chunk.length;
        options.onProgress?.({ file: name, done, total });
      }
    } finally {
      // Nothing is to be learned from how an abandoned body closes.
      await reader.cancel().catch(() => {});
    }
    if (total !== undefined && done < total) {
      throw new LostConnection(
        `the server sent ${done} bytes of ${total}`,
      );
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Downloads `url` to `path`. Bytes go to `path + ".part"`, which a later call
 * continues, and the file appears at `path` only once its MD5 sum is right.
 *
 * @throws {UnreachableError} When not a byte of it can be had.
 * @throws {DatasetError} When the connection is lost for good, or the sum is
 * wrong; a part with a wrong sum is removed.
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { retries = 4, retryDelay = 500 } = options;
  const partPath = `${path}.part`;
  // A part from an earlier call may be of another version of the file: then a
  // wrong sum says nothing about what the server sends now.
  let inherited = await sizeOf(partPath) > 0;
  let failures = 0;
  let reached = false;
  while (true) {
    const before = await sizeOf(partPath);
    try {
      await fetchRest(url, partPath, options);
    } catch (error) {
      const lost = error instanceof LostConnection ||
        reached && error instanceof UnreachableError;
      if (!lost) throw error;
      reached = true;
      const after = await sizeOf(partPath);
      failures = after > before ? 1 : failures + 1;
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
      options.signal?.throwIfAborted();
      continue;
    }
    const md5 = await md5OfFile(partPath);
    if (md5 === options.md5) break;
    const size = await sizeOf(partPath);
    await Deno.remove(partPath);
    if (!inherited) {
      throw new DatasetError(
        `Cannot use ${url} as its MD5 sum must be ${options.md5}: ` +
          `current value is ${md5} (${size} bytes, removed)`,
      );
    }
    inherited = false;
  }
  await Deno.rename(partPath, path);
}
