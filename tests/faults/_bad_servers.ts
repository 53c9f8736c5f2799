/** A server on the loopback address that misbehaves, byte by byte. */

import { someBytes } from "../examples/datasets/_fixtures.ts";

/** What a request asked for. */
export interface Asked {
  /** The first byte of the range, if there was one. */
  readonly from: number | undefined;
  /** How many requests came before. */
  readonly before: number;
  /** The server's own address. */
  readonly url: string;
}

/** How a server answers a request: it may write what it likes, and stop. */
export type Behaviour = (
  send: (part: string | Uint8Array) => Promise<void>,
  asked: Asked,
) => Promise<void>;

/** The file that is to be had. */
export const FILE = someBytes(40_000, 3);

const OTHER = someBytes(40_000, 4);
const PAGE = "<!DOCTYPE html><title>Please log in</title>".padEnd(5000);
const LONG_PAGE = new TextEncoder().encode(PAGE.padEnd(FILE.length));

function head(
  status: string,
  headers: { readonly [name: string]: string | number } = {},
): string {
  const lines = Object.entries({ connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The file from where it was asked for on, as it should be. */
const honest: Behaviour = async (send, { from }) => {
  await range(from, FILE)(send);
};

/** `body` as a server with ranges gives it, or what `changes` make of that. */
function range(
  from: number | undefined,
  body: Uint8Array,
  changes: {
    readonly start?: number;
    readonly contentRange?: string | null;
    readonly length?: number;
    readonly end?: number;
    readonly etag?: string;
  } = {},
) {
  const etag: Record<string, string> = changes.etag === undefined
    ? {}
    : { etag: changes.etag };
  return async (send: (part: string | Uint8Array) => Promise<void>) => {
    if (from !== undefined && from >= body.length) {
      return await send(
        head("416 Range Not Satisfiable", {
          "content-range": `bytes */${body.length}`,
          "content-length": 0,
        }),
      );
    }
    const start = changes.start ?? from ?? 0;
    const part = body.subarray(start, changes.end);
    const length = changes.length ?? body.length - start;
    if (from === undefined) {
      await send(head("200 OK", { "content-length": length, ...etag }));
    } else {
      const contentRange = changes.contentRange === undefined
        ? `bytes ${start}-${body.length - 1}/${body.length}`
        : changes.contentRange;
      await send(head("206 Partial Content", {
        ...(contentRange === null ? {} : { "content-range": contentRange }),
        "content-length": length,
        ...etag,
      }));
    }
    await send(part);
  };
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function whole(
  body: Uint8Array | string,
  headers: { readonly [name: string]: string | number } = {},
): Behaviour {
  return async (send) => {
    await send(head("200 OK", { "content-length": body.length, ...headers }));
    await send(body);
  };
}

function status(text: string, headers = {}): Behaviour {
  return (send) => send(head(text, { "content-length": 0, ...headers }));
}

const CHUNKED = { "transfer-encoding": "chunked" };

async function chunked(
  send: (part: string | Uint8Array) => Promise<void>,
  parts: Iterable<Uint8Array>,
  { start = head("200 OK", CHUNKED), cut = false } = {},
): Promise<void> {
  await send(start);
  for (const part of parts) {
    await send(`${part.length.toString(16)}\r\n`);
    await send(part);
    await send("\r\n");
  }
  if (!cut) await send("0\r\n\r\n");
}

function* endless(): Iterable<Uint8Array> {
  while (true) yield OTHER;
}

/** Every behaviour, and whether the file can be had in spite of it. */
export const BEHAVIOURS: {
  readonly [what: string]: {
    readonly had: boolean;
    /** Whether it is to be given up for its slowness. */
    readonly stalls?: boolean;
    readonly how: Behaviour;
  };
} = {
  "answers as it should": { had: true, how: honest },
  "knows no ranges": { had: true, how: whole(FILE) },
  "sends in chunks": {
    had: true,
    how: (send) => chunked(send, [FILE.subarray(0, 9), FILE.subarray(9)]),
  },
  "breaks off after 15,000 bytes": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, { end: (from ?? 0) + 15_000 })(send),
  },
  "knows no ranges and breaks off": {
    had: false,
    how: (send) => range(undefined, FILE, { end: 30_000 })(send),
  },
  "sends a range that starts before": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, { start: Math.max(0, (from ?? 0) - 100) })(send),
  },
  "sends a range that starts behind": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, { start: from && from + 100 })(send),
  },
  "does not say which range it sends": {
    had: true,
    how: (send, { from }) => range(from, FILE, { contentRange: null })(send),
  },
  "says nonsense of its range": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, { contentRange: "bytes x-y/99999999999999999999" })(
        send,
      ),
  },
  "sends several ranges at once": {
    had: true,
    how: async (send, { from }) => {
      if (from === undefined) return await whole(FILE)(send, null!);
      await send(head("206 Partial Content", {
        "content-type": "multipart/byteranges; boundary=b",
        "content-length": 30,
      }));
      await send("--b\r\n\r\nsomething\r\n--b--\r\n".padEnd(30));
    },
  },
  "sends a part where none was asked for": {
    had: false,
    how: (send) => range(5, FILE, { start: 5 })(send),
  },
  "answers 416 to everything": {
    had: false,
    how: status("416 Range Not Satisfiable"),
  },
  "answers 416 to ranges": {
    had: true,
    how: (send, asked) =>
      asked.from === undefined
        ? honest(send, asked)
        : status("416 Range Not Satisfiable", {
          "content-range": "bytes */7",
        })(send, asked),
  },
  "sends without end": { had: false, how: (send) => chunked(send, endless()) },
  "sends without end from where it was asked": {
    had: false,
    how: async (send, { from }) => {
      await send(
        from === undefined ? head("200 OK") : head("206 Partial Content", {
          "content-range": `bytes ${from}-999999999/*`,
        }),
      );
      for (const part of endless()) await send(part);
    },
  },
  "announces a terabyte": {
    had: false,
    how: whole(FILE, { "content-length": 10 ** 12 }),
  },
  "announces less than it sends": {
    had: false,
    how: whole(FILE, { "content-length": 39_000 }),
  },
  "announces more than it sends": {
    had: false,
    how: (send, { from }) => range(from, FILE, { length: 50_000 })(send),
  },
  "announces two lengths": {
    had: false,
    how: async (send) => {
      await send(
        "HTTP/1.1 200 OK\r\ncontent-length: 40000\r\ncontent-length: 7\r\n\r\n",
      );
      await send(FILE);
    },
  },
  "is a network's login page": {
    had: false,
    how: whole(PAGE, { "content-type": "text/html" }),
  },
  "is a login page on the way": {
    had: true,
    how: (send, asked) =>
      asked.before === 0
        ? send(head("503 Service Unavailable", { "content-length": 0 }))
        : honest(send, asked),
  },
  "sends elsewhere": {
    had: true,
    how: (send, asked) =>
      asked.before === 0
        ? status("302 Found", { location: `${asked.url}there` })(send, asked)
        : honest(send, asked),
  },
  "sends in circles": {
    had: false,
    how: (send, asked) =>
      status("302 Found", { location: `${asked.url}file` })(send, asked),
  },
  "answers 404": { had: false, how: status("404 Not Found") },
  "answers 500": { had: false, how: status("500 Internal Server Error") },
  "answers 204": {
    had: false,
    how: (send) => send(head("204 No Content")),
  },
  "answers nothing": { had: false, stalls: true, how: () => wait(1000) },
  "hangs up": { had: false, how: () => Promise.resolve() },
  "speaks another protocol": {
    had: false,
    how: (send) => send("SSH-2.0-OpenSSH_9.6\r\n"),
  },
  "sends a megabyte of headers": {
    had: false,
    how: (send) => send(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(170_000)}`),
  },
  "stops after the headers": {
    had: false,
    stalls: true,
    how: async (send) => {
      await send(head("200 OK", { "content-length": FILE.length }));
      await wait(1000);
    },
  },
  "sends a byte now and then": {
    had: false,
    stalls: true,
    how: async (send) => {
      await send(head("200 OK", { "content-length": FILE.length }));
      for (let i = 0; i < 40; i++) {
        await send(FILE.subarray(i, i + 1));
        await wait(25);
      }
    },
  },
  "labels the file as a compressed transfer": {
    had: true,
    how: whole(FILE, { "content-encoding": "gzip" }),
  },
  "labels the file as a brotli transfer": {
    had: true,
    how: whole(FILE, { "content-encoding": "br" }),
  },
  "compresses unasked": {
    had: true,
    how: async (send, asked) => {
      const packed = await gzip(FILE);
      await whole(packed, { "content-encoding": "gzip" })(send, asked);
    },
  },
  "compresses unasked, without end": {
    had: false,
    how: async (send, asked) => {
      const packed = await gzip(new Uint8Array(5_000_000));
      await whole(packed, { "content-encoding": "gzip" })(send, asked);
    },
  },
  "labels half a gzip as a compressed transfer": {
    had: false,
    how: async (send, asked) => {
      const packed = (await gzip(FILE)).subarray(0, 20_000);
      await whole(packed, { "content-encoding": "gzip" })(send, asked);
    },
  },
  "changes a bit": {
    had: false,
    how: (send, asked) => {
      const changed = FILE.slice();
      changed[31_000] ^= 1;
      return range(asked.from, changed)(send);
    },
  },
  "sends another file": {
    had: false,
    how: (send, { from }) => range(from, OTHER)(send),
  },
  "sends an empty file": { had: false, how: whole("") },
  "sends broken chunks": {
    had: false,
    how: async (send) => {
      await send(head("200 OK", { "transfer-encoding": "chunked" }));
      await send("not a length\r\n");
      await send(FILE);
    },
  },
  "has a new version of the file from the second request on": {
    had: false,
    how: (send, { from, before }) =>
      before === 0
        ? range(from, FILE, { end: 20_000 })(send)
        : range(from, OTHER)(send),
  },
  "has another version of the file, by its ETag, from the second request on": {
    had: false,
    how: (send, { from, before }) =>
      before === 0
        ? range(from, FILE, { end: 20_000, etag: '"a"' })(send)
        : range(from, OTHER, { etag: '"b"' })(send),
  },
  "has the right version of the file, by its ETag, from the second request on":
    {
      had: false,
      how: (send, { from, before }) =>
        before === 0
          ? range(from, OTHER, { end: 20_000, etag: '"a"' })(send)
          : range(from, FILE, { etag: '"b"' })(send),
    },
  "gives another ETag for the same file each time": {
    had: true,
    how: (send, { from, before }) =>
      range(from, FILE, { end: (from ?? 0) + 15_000, etag: `"${before}"` })(
        send,
      ),
  },
  "says that its range is of a larger file": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, {
        contentRange: `bytes ${from}-${FILE.length - 1}/50000`,
      })(send),
  },
  "says that its range is of a smaller file": {
    had: true,
    how: (send, { from }) =>
      range(from, FILE, {
        contentRange: `bytes ${from}-${FILE.length - 1}/20000`,
      })(send),
  },
  "cuts a body in chunks": {
    had: false,
    how: (send) => chunked(send, [FILE.subarray(0, 30_000)], { cut: true }),
  },
  "cuts every body in chunks, and knows ranges": {
    had: true,
    how: (send, { from }) => {
      if (from === undefined) {
        return chunked(send, [FILE.subarray(0, 15_000)], { cut: true });
      }
      if (from >= FILE.length) return range(from, FILE)(send);
      const contentRange = `bytes ${from}-${FILE.length - 1}/${FILE.length}`;
      return chunked(send, [FILE.subarray(from, from + 15_000)], {
        start: head("206 Partial Content", {
          ...CHUNKED,
          "content-range": contentRange,
        }),
        cut: true,
      });
    },
  },
  "cuts a body in chunks in the midst of one": {
    had: false,
    how: async (send) => {
      await send(head("200 OK", CHUNKED));
      await send(`${FILE.length.toString(16)}\r\n`);
      await send(FILE.subarray(0, 30_000));
    },
  },
  "is a login page as long as the file": {
    had: false,
    how: whole(LONG_PAGE, { "content-type": "text/html" }),
  },
  "is a login page as long as the file, in ranges": {
    had: false,
    how: (send, { from }) => range(from, LONG_PAGE)(send),
  },
  "sends to a file of this machine": {
    had: false,
    how: status("302 Found", { location: "file:///etc/hostname" }),
  },
  "sends elsewhere and does not say where": {
    had: false,
    how: status("302 Found"),
  },
  "sends back and forth between two addresses": {
    had: false,
    how: (send, { url, before }) =>
      status("307 Temporary Redirect", { location: `${url}${before % 2}` })(
        send,
        null!,
      ),
  },
};

/** A server that answers by `behaviour`, and counts what it was asked and sent. */
export class BadServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #behaviour: Behaviour;
  readonly #connections = new Set<Promise<void>>();
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  /** How many requests came. */
  requests = 0;
  /** How many bytes were sent. */
  sent = 0;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#accepting = this.#accept();
  }

  /** Where it is, with a final slash. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        const done = this.#serve(connection);
        this.#connections.add(done);
        done.finally(() => this.#connections.delete(done));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    this.#open.add(connection);
    try {
      let text = "";
      const buffer = new Uint8Array(4096);
      while (!text.includes("\r\n\r\n")) {
        const read = await connection.read(buffer);
        if (read === null) return;
        text += new TextDecoder().decode(buffer.subarray(0, read));
      }
      const [, from] = /^range: bytes=(\d+)-\r$/mi.exec(text) ?? [];
      const send = async (part: string | Uint8Array) => {
        const bytes = typeof part === "string"
          ? new TextEncoder().encode(part)
          : part;
        for (let at = 0; at < bytes.length;) {
          at += await connection.write(bytes.subarray(at));
        }
        this.sent += bytes.length;
      };
      await this.#behaviour(send, {
        from: from === undefined ? undefined : Number(from),
        before: this.requests++,
        url: this.url,
      });
      await connection.closeWrite();
      // What is still on its way is lost when the connection is reset.
      while (await connection.read(buffer) !== null);
    } catch {
      // The other side hung up, which is its right.
    } finally {
      this.#open.delete(connection);
      try {
        connection.close();
      } catch {
        // It was closed with the server.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    await this.#accepting;
    await Promise.all(this.#connections);
  }
}
