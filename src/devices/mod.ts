/**
 * Deno's own: it does not run in Node, Bun or browsers.
 *
 * What this machine computes with: its GPUs through Deno's FFI (Vulkan says what
 * there is, NVIDIA's NVML how busy it is), and its processor. Each binding is
 * optional: without `--allow-ffi`, the library or the driver it finds nothing,
 * says why, and throws nothing.
 *
 * @example What there is to compute on
 * ```ts
 * import { describeProcessor, vulkanDevices } from "@clr/clr/devices";
 *
 * console.log(describeProcessor());
 * const { devices, problem } = vulkanDevices();
 * for (const { name, kind } of devices) console.log(`${name} (${kind})`);
 * if (problem) console.log(`No GPU can be listed: ${problem.message}`);
 * ```
 *
 * @module
 */

import "../runtime/in_deno.ts";
export * from "./describe_devices.ts";
export * from "./gpu_diagnosis.ts";
export * from "./gpu_sampler.ts";
export * from "./linux_hardware.ts";
export type { NativeProblem, NativeProblemKind } from "./_native_library.ts";
export * from "./nvml.ts";
export * from "./processor.ts";
export * from "./vulkan.ts";
