import { pack } from "tar-stream";

/** Deterministic bytes that do not repeat soon. */
export function someBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** CIFAR records: `labels` holds the label bytes of each record. */
export function cifarRecords(
  labels: readonly (readonly number[])[],
  seed = 1,
): Uint8Array<ArrayBuffer> {
  const size = labels[0].length + 3072;
  const bytes = someBytes(labels.length * size, seed);
  labels.forEach((record, i) => bytes.set(record, i * size));
  return bytes;
}

/** A tar archive of `entries`. */
export async function tar(
  entries: readonly {
    name: string;
    body?: Uint8Array;
    type?: "file" | "symlink" | "directory" | "link" | "fifo";
    linkname?: string;
  }[],
): Promise<Uint8Array<ArrayBuffer>> {
  const archive = pack();
  for (const { name, body, type = "file", linkname } of entries) {
    if (body) archive.entry({ name, type }, body as unknown as string);
    else archive.entry({ name, type, linkname });
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** `bytes` gzipped. */
export async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A server on this machine for the time of a test. */
export function serve(
  handler: (request: Request) => Response | Promise<Response>,
): { url: string; [Symbol.asyncDispose](): Promise<void> } {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Answers as file servers do, with ranges. */
export function fileResponse(
  bytes: Uint8Array<ArrayBuffer>,
  request: Request,
): Response {
  const match = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "");
  if (!match) return new Response(bytes);
  const from = Number(match[1]);
  if (from >= bytes.length) {
    return new Response(null, {
      status: 416,
      headers: { "content-range": `bytes */${bytes.length}` },
    });
  }
  return new Response(bytes.slice(from), {
    status: 206,
    headers: {
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    },
  });
}
