/**
 * tfjs's WASM build over shared memory, which tfjs itself starts in browsers
 * only.
 *
 * That build brings threads of its own, but they need Web Workers in which
 * Emscripten's glue code runs, of which eight are made at the start, and they
 * busy-wait between operations. Here it runs on one thread, and the threads of
 * the compute kernels work on its memory.
 */

import { builtin, fileSystem, runningProcess } from "../../runtime/builtin.ts";
import { wasmFile } from "./_wasm_files.ts";

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
  const { createRequire } = builtin("node:module")!;
  const { cache } = createRequire(runningProcess()!.execPath);
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

const BUILD = "tfjs-backend-wasm-threaded-simd";

/** The build's code: a file beside its script, or in a browser one that is served. */
async function readBinary(factory: unknown): Promise<BufferSource> {
  const served = wasmFile(`${BUILD}.wasm`);
  if (served === undefined) {
    const script = fileOf(factory);
    const { readFile } = fileSystem("start WASM threads");
    // A copy, as of Node's types a buffer may be shared memory.
    return new Uint8Array(await readFile(script.replace(/\.js$/, ".wasm")));
  }
  const answer = await fetch(served);
  if (answer.ok) return await answer.arrayBuffer();
  throw new Error(
    `Cannot start WASM threads as ${served} must be served: the answer is ${answer.status} ${answer.statusText}`,
  );
}

/** Starts the build and gives it the functions that `BackendWasm` expects. */
export async function startSharedModule(): Promise<SharedModule> {
  const { default: factory } = await import(
    "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js"
  );
  const module = await isolate(factory as unknown as Factory)({
    wasmBinary: await readBinary(factory),
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
