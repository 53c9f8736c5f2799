/** One request for a file: what is asked for, what comes, and how long it may take. */

import { writeAll } from "@clr/clr/command";
import { DatasetError } from "./image_dataset.ts";

/** Called as bytes arrive; `total` is undefined where the server gives none. */
export type OnProgress = (
  progress: { file: string; done: number; total: number | undefined },
) => void;

/** Options of `download`. */
export interface DownloadOptions {
  /** The MD5 sum, in hexadecimal, that the whole file must have. */
  md5: string;
  /**
   * The most bytes that the file may have: a server that sends more is not
   * listened to any further. @default {4 GiB}
   */
  maxBytes?: number;
  /** The `fetch` to use. @default {globalThis.fetch} */
  fetch?: typeof globalThis.fetch;
  /** Milliseconds to wait for the server's answer. @default {5000} */
  connectTimeout?: number;
  /** Milliseconds in which a connection that sends less than 1 KiB counts as lost. @default {30000} */
  stallTimeout?: number;
  /** How often a lost connection is taken up again with less than 64 KiB gained in between. @default {4} */
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
  /** Whether the server said that it may be otherwise soon. */
  isPassing = false;
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

/** Bytes that a connection must send within `stallTimeout`. */
const LEAST_BYTES = 1 << 10;
/** Without a limit of the caller's. */
export const MAX_BYTES = 2 ** 32;

/** The connection ended before the file did. */
export class LostConnection extends Error {}

/** The server cannot go on where the part ends. */
export class NoSuchRange extends Error {}

/** The part of a file that a 206 holds, and what a 206 or a 416 says of the whole. */
function rangeOf(response: Response): { start?: number; total?: number } {
  const header = response.headers.get("content-range") ?? "";
  const [, start, total] =
    /^bytes (?:(\d+)-\d+|\*)\/(?:(\d+)|\*)$/.exec(header) ?? [];
  return {
    ...(start === undefined ? {} : { start: Number(start) }),
    ...(total === undefined ? {} : { total: Number(total) }),
  };
}

/** Ends a request whose answer, or whose next bytes, do not come in time. */
export class Patience {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Aborted when what was expected did not come. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Expects `what` within `ms`, in place of what was expected before. */
  expect(what: string, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new Error(`${what} within ${ms / 1000} s`)),
      ms,
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Asks for a file, from a byte on, and gives an answer that has it. */
export async function ask(
  url: string,
  from: number,
  { options, patience }: { options: DownloadOptions; patience: Patience },
): Promise<Response> {
  const { signal, connectTimeout = 5000, maxBytes = MAX_BYTES } = options;
  patience.expect("no answer", connectTimeout);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(url, {
      headers: {
        // A server may label a .gz file as a compressed transfer, which `fetch`
        // would undo, were it not told to take it as it is.
        "accept-encoding": "identity",
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      },
      signal: signal
        ? AbortSignal.any([signal, patience.signal])
        : patience.signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new UnreachableError(
      `${url} cannot be reached (${reasonOf(error)})`,
      { cause: error },
    );
  }
  const { start, total } = rangeOf(response);
  const isPart = response.status === 206;
  const why = from > 0 && response.status === 416
    ? `it has no byte ${from}`
    : from > 0 && isPart && start !== from
    ? `it sends another part than the one from byte ${from} on`
    : from > 0 && isPart && total !== undefined && total > maxBytes
    ? `it sends a part of a file of ${total} bytes`
    : undefined;
  const isRefused = !response.ok || response.body === null ||
    isPart && from === 0;
  if (why !== undefined || isRefused) await response.body?.cancel();
  if (why !== undefined && response.status === 416 && total === from) {
    return response;
  }
  if (why !== undefined) throw new NoSuchRange(why);
  if (isRefused) {
    const error = new UnreachableError(
      `${url} cannot be had (the server answered ${response.status} ${response.statusText})`,
    );
    error.isPassing = [408, 429, 500, 502, 503, 504].includes(response.status);
    throw error;
  }
  return response;
}

/**
 * Writes the body of `response` into the file at `path`, from byte `from` on.
 *
 * @throws {LostConnection} When the connection ends before the body does.
 * @throws {DatasetError} When there is more of it than there may be.
 */
export async function save(
  response: Response,
  { path, from, name, options, patience }: {
    path: string;
    from: number;
    name: string;
    options: DownloadOptions;
    patience: Patience;
  },
): Promise<void> {
  const { signal, stallTimeout = 30_000, maxBytes = MAX_BYTES } = options;
  const length = Number(response.headers.get("content-length") ?? NaN);
  const total = rangeOf(response).total ??
    (Number.isNaN(length) ? undefined : from + length);
  // A packed transfer may be a little larger than the file.
  const most = response.headers.has("content-encoding")
    ? maxBytes + Math.ceil(maxBytes / 100) + (1 << 10)
    : maxBytes;
  const tooMuch = (bytes: number | string) =>
    new DatasetError(
      `Cannot download ${
        response.url || name
      } as it must have at most ${maxBytes} bytes: current value is ${bytes}`,
    );
  const reader = response.body!.getReader();
  try {
    if (total !== undefined && total > most) throw tooMuch(total);
    using file = await Deno.open(path, {
      create: true,
      write: true,
      truncate: from === 0,
    });
    await file.seek(from, Deno.SeekMode.Start);
    let done = from;
    patience.expect("no data", stallTimeout);
    for (let expected = done + LEAST_BYTES;;) {
      let chunk: Uint8Array | undefined;
      try {
        chunk = (await reader.read()).value;
      } catch (error) {
        signal?.throwIfAborted();
        throw new LostConnection(reasonOf(patience.signal.reason ?? error));
      }
      signal?.throwIfAborted();
      if (chunk === undefined) break;
      await writeAll(file, chunk);
      done += chunk.length;
      if (done > most) throw tooMuch(`${done} or more`);
      if (done >= expected) {
        patience.expect("no data", stallTimeout);
        expected = done + LEAST_BYTES;
      }
      options.onProgress?.({ file: name, done, total });
    }
    if (total !== undefined && done < total) {
      throw new LostConnection(`the server sent ${done} bytes of ${total}`);
    }
  } finally {
    // Nothing is to be learned from how an abandoned body closes.
    await reader.cancel().catch(() => {});
  }
}
