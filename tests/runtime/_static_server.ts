/** Serves a folder on the loopback address, as any server of files would. */

import { extname, join } from "@std/path";

const TYPES: { readonly [extension: string]: string } = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** What lets a page share memory with its workers. */
const ISOLATING = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A server that runs until disposed of. */
export interface StaticServer extends AsyncDisposable {
  /** Its address, with a slash at the end. */
  readonly url: string;
}

/** Serves `folder`; `isolates` says whether its pages may share memory. */
export function serveFolder(
  folder: string,
  { isolates = false }: { readonly isolates?: boolean } = {},
): StaticServer {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const path = pathname === "/" ? "/index.html" : pathname;
      const type = TYPES[extname(path)];
      const bytes = await Deno.readFile(join(folder, path)).catch(() => null);
      if (!type || bytes === null) return new Response(null, { status: 404 });
      return new Response(bytes, {
        headers: { "content-type": type, ...(isolates ? ISOLATING : {}) },
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
