import { builtin } from "../../../runtime/builtin.ts";
import type { Compute } from "./compute.ts";

/** A thread beside the calling one. */
interface Thread {
  /** Resolves once it waits for work. */
  readonly ready: Promise<unknown>;
  end(): void;
}

type Assignment = ReturnType<Compute["forThread"]>;

// The thread's whole program: it never returns from `work`, so that nothing
// but the end of the process (or termination) ends it.
const WORK = `
function start({ bytes, memory, job }, ready) {
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  ready();
  exports.work(job);
}`;

/** A thread of Deno, Node or Bun. It does not keep the process alive. */
function startProcessThread(assignment: Assignment): Thread {
  const { Worker } = builtin("node:worker_threads")!;
  const script = `
import { parentPort } from "node:worker_threads";
${WORK}
parentPort.once("message", (assignment) =>
  start(assignment, () => parentPort.postMessage("ready")));
`;
  const worker = new Worker(
    new URL(`data:application/javascript,${encodeURIComponent(script)}`),
  );
  const ready = Promise.withResolvers<void>();
  worker.once("message", () => {
    worker.unref();
    ready.resolve();
  });
  worker.once("error", ready.reject);
  worker.postMessage(assignment);
  return { ready: ready.promise, end: () => void worker.terminate() };
}

/** A thread of a browser's worker. */
function startWebThread(assignment: Assignment): Thread {
  const script = `
${WORK}
onmessage = ({ data }) => start(data, () => postMessage("ready"));
`;
  // A script of this page's origin, with which alone memory is shared.
  const url = URL.createObjectURL(
    new Blob([script], { type: "text/javascript" }),
  );
  const worker = new Worker(url);
  const ready = Promise.withResolvers<void>();
  worker.onmessage = () => ready.resolve();
  worker.onerror = ({ message }) => ready.reject(new Error(message));
  worker.postMessage(assignment);
  ready.promise.finally(() => URL.revokeObjectURL(url)).catch(() => {});
  return { ready: ready.promise, end: () => worker.terminate() };
}

/**
 * Why no threads can help the calling one, as part of a sentence; undefined where
 * they can.
 */
export function noThreadsHere(): string | undefined {
  if (builtin("node:worker_threads")) return undefined;
  const { document, crossOriginIsolated } = globalThis as {
    document?: unknown;
    crossOriginIsolated?: boolean;
  };
  if (document !== undefined) {
    return "the main thread of a page may not wait for others, as a worker may";
  }
  if (!crossOriginIsolated) {
    return "memory is shared only where the server isolates the page: " +
      "Cross-Origin-Opener-Policy same-origin, " +
      "Cross-Origin-Embedder-Policy require-corp";
  }
}

/**
 * Starts threads that help with the jobs of a compute. They sleep between jobs.
 *
 * @param count How many threads, beside the calling one.
 * @returns What ends them.
 */
export async function startThreads(
  compute: Compute,
  count: number,
): Promise<() => void> {
  const start = builtin("node:worker_threads")
    ? startProcessThread
    : startWebThread;
  const threads = Array.from(
    { length: count },
    (_, index) => start(compute.forThread(index + 1)),
  );
  const end = () => threads.forEach((thread) => thread.end());
  try {
    await Promise.all(threads.map(({ ready }) => ready));
  } catch (error) {
    end();
    throw error;
  }
  compute.useThreads(count + 1);
  return end;
}
