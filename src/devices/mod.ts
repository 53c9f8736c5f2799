/**
 * The machine's GPUs through Deno's FFI: what there is (Vulkan), how busy it is
 * (NVIDIA's NVML). Each binding is optional: without `--allow-ffi`, the library
 * or the driver it finds nothing, says why, and throws nothing.
 *
 * @module
 */

export * from "./describe_devices.ts";
export * from "./gpu_sampler.ts";
export type { NativeProblem, NativeProblemKind } from "./_native_library.ts";
export * from "./nvml.ts";
export * from "./vulkan.ts";
