/** The GPUs as WebGPU shows them, and by which interface it reaches them. */

import { withoutControls } from "./_native_library.ts";
import { quietVulkan } from "./quiet_vulkan.ts";

/** An adapter's name, as its driver gives it; browsers tell less of it. */
export function adapterName(info: GPUAdapterInfo): string {
  const { description, vendor, architecture, device } = info;
  return withoutControls(description) ||
    withoutControls([vendor, architecture].filter(Boolean).join(" ")) ||
    `device ${device || "unknown"} of an unknown vendor`;
}

/**
 * Whether an adapter computes through OpenGL, which Deno takes in silence where
 * Vulkan has no driver. WebGPU does not say; these are the values that its
 * implementation puts where OpenGL has none of its own: no limit of bindings, no
 * number of the device, and the widest range of subgroups.
 */
export function isOpenGL({ info, limits }: {
  readonly info: Pick<
    GPUAdapterInfo,
    "device" | "subgroupMinSize" | "subgroupMaxSize"
  >;
  readonly limits: Pick<GPUSupportedLimits, "maxBindingsPerBindGroup">;
}): boolean {
  return limits.maxBindingsPerBindGroup === 2 ** 32 - 1 &&
    Number(info.device) === 0 &&
    info.subgroupMinSize === 4 && info.subgroupMaxSize === 128;
}

/**
 * Every adapter that WebGPU offers, in the order of preference. It shows one for
 * each wish; most machines have one or two.
 */
export async function listAdapters(): Promise<GPUAdapter[]> {
  quietVulkan();
  const wishes: GPURequestAdapterOptions[] = [
    { powerPreference: "high-performance" },
    { powerPreference: "low-power" },
    { forceFallbackAdapter: true },
  ];
  const adapters = new Map<string, GPUAdapter>();
  for (const wish of wishes) {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter(wish);
    if (!adapter) continue;
    const { vendor, device } = adapter.info;
    const key = [adapterName(adapter.info), vendor, device].join();
    if (!adapters.has(key)) adapters.set(key, adapter);
  }
  return [...adapters.values()];
}
