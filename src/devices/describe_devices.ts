/** What a program writes down about the machine it ran on. */

import { scoped } from "../runtime/scoped.ts";
import type { NativeProblem } from "./_native_library.ts";
import { type NvmlDevice, openNvml } from "./nvml.ts";
import { type VulkanDevice, vulkanDevices } from "./vulkan.ts";
import { checkOptions, text } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    vulkanLibrary: 0,
    nvmlLibrary: 0,
  } satisfies Record<keyof DescribeDevicesOptions, 0>,
);

/** The GPUs of this machine, as plain data for a report or a plan. */
export interface DeviceReport {
  /** The devices that Vulkan lists; empty where it does not answer. */
  readonly vulkan: readonly VulkanDevice[];
  /** Why Vulkan does not answer; absent where it does. */
  readonly vulkanProblem?: NativeProblem;
  /** The GPUs that NVML lists; empty where it does not answer. */
  readonly nvidia: readonly NvmlDevice[];
  /** The version of NVIDIA's driver, where NVML answers. */
  readonly nvidiaDriver?: string;
  /** Why NVML does not answer; absent where it does. */
  readonly nvidiaProblem?: NativeProblem;
}

/** Options of {@linkcode describeDevices}. */
export interface DescribeDevicesOptions {
  /**
   * The path of Vulkan's loader.
   *
   * @default the system's
   */
  readonly vulkanLibrary?: string;
  /**
   * The path of NVML's library.
   *
   * @default the system's
   */
  readonly nvmlLibrary?: string;
}

/**
 * The GPUs of this machine by Vulkan and NVML, in some 50 ms. It never asks for
 * permission and never throws for what is missing.
 *
 * @param options Where the libraries are.
 * @returns Plain data, fit for JSON.
 * @throws {TypeError} If an option is no path.
 *
 * @example
 * ```ts
 * import { describeDevices } from "@clr/clr/devices";
 *
 * console.log(JSON.stringify(describeDevices(), null, 2));
 * ```
 */
export function describeDevices(
  options: DescribeDevicesOptions = {},
): DeviceReport {
  checkNames("describe the devices", options, NAMES);
  checkOptions("describe the devices", options, {
    vulkanLibrary: text,
    nvmlLibrary: text,
  });
  const vulkan = vulkanDevices({ library: options.vulkanLibrary });
  return scoped((own) => {
    const nvml = own(openNvml({ library: options.nvmlLibrary }));
    return {
      vulkan: vulkan.devices,
      ...vulkan.problem && { vulkanProblem: vulkan.problem },
      nvidia: nvml.devices,
      ...nvml.driverVersion && { nvidiaDriver: nvml.driverVersion },
      ...nvml.problem && { nvidiaProblem: nvml.problem },
    };
  });
}
