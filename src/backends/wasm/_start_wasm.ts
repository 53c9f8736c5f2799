/** Makes tfjs's WASM backend ready to be started. */

import "@tensorflow/tfjs";

/** How the WASM backend will run. */
export interface WasmStart {
  /** Such as `"WASM SIMD, 2 threads"`. */
  readonly device: string;
  readonly threads: number;
  /** Why it runs on fewer threads than were asked for. */
  readonly note?: string;
}

/** Loads the backend's package, which finds its .wasm files by itself. */
export async function startWasm(_threads: number): Promise<WasmStart> {
  await import("@tensorflow/tfjs-backend-wasm");
  return { device: "WASM SIMD, 1 thread", threads: 1 };
}
