/**
 * tfjs's WASM build over shared memory, which tfjs itself starts in browsers
 * only.
 *
 * That build brings threads of its own, but they need Web Workers in which
 * Emscripten's glue code runs, of which eight are made at the start, and they
 * busy-wait between operations. Here it runs on one thread, and the threads of
 * the compute kernels work on its memory.
 */

import fs from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";
import { dirname, join } from "@std/path";

/** An Emscripten module, ready for tfjs's `BackendWasm`. */
export interface SharedModule {
  readonly wasmMemory: WebAssembly.Memory;
  tfjs: object;
  cwrap(
    name: string,
    returns: "number" | null,
    takes: "number"[],
  ): (...args: number[]) => number;
}

type Factory = (settings: object) => Promise<SharedModule>;

/**
 * Stands in for the workers that the build asks for at its start. They would
 * run its own thread pool, which is kept at one thread, the calling one.
 */
class IdleWorker {
  onmessage?: (event: { data: { cmd: string } }) => void;

  postMessage(message: { cmd: string }): void {
    if (message.cmd === "load") {
      queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
    }
  }

  terminate(): void {}
}

/** Finds the file of a CommonJS module by what it exports. */
function fileOf(exported: unknown): string {
  // The package lies in a cache or in node_modules, while this module may come
  // from an https: URL, from which nothing can be resolved to a file.
  const { cache } = createRequire(process.execPath);
  const found = Object.values(cache).find((module) =>
    module?.exports === exported
  );
  if (!found) {
    throw new Error(
      "Cannot start WASM threads as the file of @tensorflow/tfjs-backend-wasm must be known: it is not among the loaded modules",
    );
  }
  return found.filename;
}

/**
 * Gives the factory another environment than Deno's: in what it takes for Node
 * it replaces the global `Worker` and adds listeners to the process.
 */
function isolate(factory: Factory): Factory {
  const surroundings = {
    process: undefined,
    importScripts: undefined,
    window: undefined,
    document: undefined,
    _scriptDir: undefined,
    Worker: IdleWorker,
    // The build takes half of the cores for its own pool: one.
    navigator: { hardwareConcurrency: 2 },
  };
  return new Function(
    ...Object.keys(surroundings),
    `return ${factory.toString()}`,
  )(...Object.values(surroundings));
}

/** Starts the build and gives it the functions that `BackendWasm` expects. */
export async function startSharedModule(): Promise<SharedModule> {
  const { default: factory } = await import(
    "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js"
  );
  const binary = await fs.readFile(
    join(dirname(fileOf(factory)), "tfjs-backend-wasm-threaded-simd.wasm"),
  );
  const module = await isolate(factory as unknown as Factory)({
    wasmBinary: binary,
  });
  const wrap = (name: string, takes: number, returns: "number" | null = null) =>
    module.cwrap(name, returns, Array(takes).fill("number"));
  module.tfjs = {
    init: wrap("init", 0),
    initWithThreadsCount: wrap("init_with_threads_count", 1),
    getThreadsCount: wrap("get_threads_count", 0, "number"),
    registerTensor: wrap("register_tensor", 3),
    disposeData: wrap("dispose_data", 1),
    dispose: wrap("dispose", 0),
  };
  return module;
}
