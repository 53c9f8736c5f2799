/**
 * Choosing and starting the tfjs backend that training runs on: WebGPU where
 * there is a GPU, else WASM with the training kernels that tfjs lacks.
 *
 * Importing this module starts nothing and loads no backend.
 *
 * @example Start the fastest backend that works here
 * ```ts
 * import { selectBackend } from "@clr/clr/backends";
 *
 * const { backend, device, reason } = await selectBackend({ backend: "wasm" });
 * console.log(`${backend} on ${device}: ${reason}`);
 * ```
 *
 * @module
 */

export * from "./enable_wasm_training.ts";
export * from "./known_limits.ts";
export * from "./preflight.ts";
export * from "./select_backend.ts";
export type { LayersModel, Tensor } from "../tfjs/types.ts";
export * from "./webgpu/errors.ts";
export * from "./webgpu/start_webgpu.ts";
