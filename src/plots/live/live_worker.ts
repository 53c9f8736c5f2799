/**
 * Runs the live page's server beside the training, which may not return to its
 * own event loop for a long time.
 */

import { type LiveFiles, LiveServer, type LiveStatus } from "./_live_server.ts";
import type { LiveAxis } from "./live_spec.ts";

/** What the training sends. */
export type ToLiveWorker =
  | {
    readonly type: "start";
    readonly files: LiveFiles;
    readonly axis: LiveAxis;
    readonly port: number;
  }
  | {
    readonly type: "rows" | "epochs";
    readonly columns: { readonly [name: string]: Float64Array };
  }
  /** In place of all that was sent: the run goes on from an earlier iteration. */
  | {
    readonly type: "restart";
    readonly rows: { readonly [name: string]: Float64Array };
    readonly epochs: { readonly [name: string]: Float64Array };
  }
  | { readonly type: "status"; readonly status: LiveStatus }
  | { readonly type: "close" };

/** What the server answers. */
export type FromLiveWorker =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "failed"; readonly name: string; readonly message: string }
  | { readonly type: "closed" };

/** As much of the worker's scope as is used. */
interface Scope {
  onmessage: ((event: MessageEvent<ToLiveWorker>) => void) | null;
  postMessage(message: FromLiveWorker): void;
}

const scope = globalThis as unknown as Scope;
/** A viewer that still reads has this long to be told the end, in ms. */
const PATIENCE = 2000;

/** Between two attempts to listen again, in ms. */
const RESTART_AFTER = 500;

let server: LiveServer;
const abort = new AbortController();

function start(files: LiveFiles, axis: LiveAxis, port: number): void {
  server = new LiveServer(files, axis);
  try {
    const own = listen(port);
    scope.postMessage({ type: "listening", port: own });
  } catch (error) {
    // Cloned, an error would come as a plain one.
    const { name, message } = error as Error;
    scope.postMessage({ type: "failed", name, message });
  }
}

/** Serves on `port` of the loopback address, and gives the one that it has. */
function listen(port: number): number {
  const http: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: abort.signal,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => server.handle(request, http.addr.port));
  const own = http.addr.port;
  // More connections than the process may have files end the server.
  http.finished.catch(() => relisten(own));
  return own;
}

function relisten(port: number): void {
  if (abort.signal.aborted) return;
  setTimeout(() => {
    if (abort.signal.aborted) return;
    try {
      listen(port);
    } catch {
      relisten(port);
    }
  }, RESTART_AFTER);
}

async function close(): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!server.idle && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  abort.abort();
  scope.postMessage({ type: "closed" });
}

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "start":
      return start(data.files, data.axis, data.port);
    case "rows":
      return server.addRows(data.columns);
    case "epochs":
      return server.addEpochs(data.columns);
    case "restart":
      return server.restart(data.rows, data.epochs);
    case "status":
      return server.setStatus(data.status);
    case "close":
      return void close();
  }
};
