import { Worker } from "node:worker_threads";
import type { Compute } from "./compute.ts";

// The thread's whole program: it never returns from `work`, so that nothing
// but the end of the process (or termination) ends it.
const script = `
import { parentPort } from "node:worker_threads";
parentPort.once("message", ({ bytes, memory, job }) => {
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  parentPort.postMessage("ready");
  exports.work(job);
});
`;

/**
 * Starts threads that help with the jobs of a compute. They sleep between jobs
 * and do not keep the process alive.
 *
 * @param count How many threads, beside the calling one.
 * @returns What ends them.
 */
export async function startThreads(
  compute: Compute,
  count: number,
): Promise<() => void> {
  const url = new URL(
    `data:application/javascript,${encodeURIComponent(script)}`,
  );
  const workers = Array.from({ length: count }, () => new Worker(url));
  await Promise.all(workers.map(async (worker, index) => {
    const ready = Promise.withResolvers<void>();
    worker.once("message", () => ready.resolve());
    worker.once("error", ready.reject);
    worker.postMessage(compute.forThread(index + 1));
    await ready.promise;
    worker.unref();
  }));
  compute.useThreads(count + 1);
  return () => workers.forEach((worker) => void worker.terminate());
}
