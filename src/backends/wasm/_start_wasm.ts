import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "./_wasm_kernel.ts";
import { Compute } from "./compute/compute.ts";
import { isRevectorizing } from "./compute/revectorize.ts";
import { startSharedModule } from "./_shared_module.ts";
import { noThreadsHere, startThreads } from "./compute/threads.ts";
import { serveFrom } from "./_wasm_files.ts";
import { errorMessage } from "../../runtime/error_message.ts";

/** How the WASM backend runs. */
export interface WasmStart {
  /** Such as `"WASM SIMD, 2 threads"`. */
  readonly device: string;
  readonly threads: number;
  /** Why it runs on other threads than were asked for. */
  readonly note?: string;
}

// What tfjs registers its own WASM backend with.
const PRIORITY = 2;

const running = new WeakMap<BackendWasm, number>();

let ownFactory: ReturnType<typeof tf.findBackendFactory> | undefined;

/** Lets tfjs start a backend in this way from now on. */
function register(factory: () => BackendWasm | Promise<BackendWasm>): void {
  if (tf.findBackendFactory("wasm")) tf.removeBackend("wasm");
  tf.registerBackend("wasm", factory, PRIORITY);
}

function describe(threads: number, note?: string): WasmStart {
  const device = `WASM SIMD, ${threads} thread${threads === 1 ? "" : "s"}` +
    (isRevectorizing() ? ", 256 bits" : "");
  return { device, threads, note };
}

async function startThreaded(threads: number): Promise<BackendWasm> {
  const { BackendWasm } = await import("@tensorflow/tfjs-backend-wasm");
  const module = await startSharedModule();
  const backend = new BackendWasm(
    module as ConstructorParameters<typeof BackendWasm>[0],
  );
  const endThreads = await startThreads(Compute.of(backend), threads - 1);
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    endThreads();
    dispose();
  };
  return backend;
}

/**
 * Starts tfjs's WASM backend and makes it the current one. One that runs
 * already is kept, as tensors live on it, and so is the number of its threads.
 *
 * @param wasmPath Where a browser finds the files of tfjs's package.
 */
export async function startWasm(
  threads: number,
  wasmPath?: string,
): Promise<WasmStart> {
  await import("@tensorflow/tfjs-backend-wasm");
  ownFactory ??= tf.findBackendFactory("wasm");
  const present = tf.engine().registry["wasm"] as BackendWasm | undefined;
  if (present) {
    await tf.setBackend("wasm");
    const current = running.get(present) ?? 1;
    const kept = current === threads
      ? undefined
      : `kept at the thread count that the backend was started with`;
    return describe(current, kept);
  }
  await serveFrom(wasmPath);
  // Its threads would wait for one another busily; ours take their place.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const alone = noThreadsHere();
  let note = threads > 1 && alone ? `on one thread, as ${alone}` : undefined;
  if (threads > 1 && !alone) {
    try {
      const backend = await startThreaded(threads);
      register(() => backend);
      await tf.setBackend("wasm");
      running.set(backend, threads);
      return describe(threads);
    } catch (error) {
      // Both builds are files of the package, so that the other one would fail
      // too, and less clearly.
      if (error instanceof Error && error.name === "NotCapable") throw error;
      const why = errorMessage(error);
      note = `on one thread, as more cannot be started (${why})`;
    }
  }
  register(ownFactory as () => Promise<BackendWasm>);
  if (!await tf.setBackend("wasm")) {
    throw new Error("tfjs could not start its WASM backend");
  }
  return describe(1, note);
}
