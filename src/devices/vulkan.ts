/** The GPUs that Vulkan's loader finds, asked through Deno's FFI. */

import { quietVulkan } from "./quiet_vulkan.ts";
import {
  NativeError,
  type NativeProblem,
  openLibrary,
} from "./_native_library.ts";
import { checkOptions, text } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";
import { Struct } from "./_struct.ts";
import {
  APPLICATION_INFO,
  INSTANCE_CREATE_INFO,
  MEMORY_HEAP,
  PHYSICAL_DEVICE_DRIVER_PROPERTIES as DRIVER,
  PHYSICAL_DEVICE_MEMORY_PROPERTIES as MEMORY,
  PHYSICAL_DEVICE_PROPERTIES as PROPERTIES,
  PHYSICAL_DEVICE_PROPERTIES_2 as PROPERTIES_2,
  VK,
} from "./_vulkan_layout.ts";

/**
 * What a Vulkan device is: a GPU of its own (`"discrete"`), one within the
 * processor (`"integrated"`), a part of one in a virtual machine
 * (`"virtual"`), the processor itself imitating one (`"software"`).
 */
export type VulkanDeviceKind =
  | "discrete"
  | "integrated"
  | "virtual"
  | "software"
  | "other";

/** One of a device's memories. */
export interface VulkanHeap {
  /** Its size in bytes. */
  readonly bytes: number;
  /** Whether it is the device's own, rather than the processor's. */
  readonly deviceLocal: boolean;
}

/** A device that Vulkan can compute on. */
export interface VulkanDevice {
  /** Its name, as the driver gives it. */
  readonly name: string;
  /** What it is. */
  readonly kind: VulkanDeviceKind;
  /** The PCI number of its maker, such as 0x10de for NVIDIA. */
  readonly vendorId: number;
  /** The maker's number for the model. */
  readonly deviceId: number;
  /** The Vulkan version it speaks, such as `"1.3.230"`. */
  readonly apiVersion: string;
  /** The driver's name and version, such as `"NVIDIA 550.54.15"`. */
  readonly driver: string;
  /** Its memories. */
  readonly heaps: readonly VulkanHeap[];
}

/** What {@linkcode vulkanDevices} found. */
export interface VulkanDevices {
  /** The devices, in the loader's order; empty where there is a problem. */
  readonly devices: readonly VulkanDevice[];
  /** Why nothing could be asked; absent where Vulkan answered. */
  readonly problem?: NativeProblem;
}

/** Options of {@linkcode vulkanDevices}. */
export interface VulkanOptions {
  /**
   * The path of the loader's library.
   *
   * @default the system's: `libvulkan.so.1`, `vulkan-1.dll`, or on macOS the
   * loader's or MoltenVK's
   */
  readonly library?: string;
}

const NAMES = Object.keys(
  { library: 0 } satisfies Record<keyof VulkanOptions, 0>,
);

const SYMBOLS = {
  vkCreateInstance: {
    parameters: ["buffer", "pointer", "buffer"],
    result: "i32",
  },
  vkDestroyInstance: { parameters: ["usize", "pointer"], result: "void" },
  vkEnumeratePhysicalDevices: {
    parameters: ["usize", "buffer", "buffer"],
    result: "i32",
  },
  vkGetPhysicalDeviceProperties: {
    parameters: ["usize", "buffer"],
    result: "void",
  },
  vkGetPhysicalDeviceMemoryProperties: {
    parameters: ["usize", "buffer"],
    result: "void",
  },
  // Vulkan 1.1: a loader of 1.0 lacks it.
  vkGetPhysicalDeviceProperties2: {
    parameters: ["usize", "buffer"],
    result: "void",
    optional: true,
  },
} as const;

type Loader = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const KINDS: readonly VulkanDeviceKind[] = [
  "other",
  "integrated",
  "discrete",
  "virtual",
  "software",
];

/**
 * The devices that Vulkan's loader finds. On Linux these are what WebGPU has to
 * choose from. It never asks for permission and never throws for what is
 * missing: the list is then empty, and `problem` says why.
 *
 * @param options Where the loader is.
 * @returns The devices, or what is missing.
 * @throws {TypeError} If `library` is no path.
 * @see {@link https://registry.khronos.org/vulkan/specs/latest/html/vkspec.html}
 *
 * @example
 * ```ts
 * import { vulkanDevices } from "@clr/clr/devices";
 *
 * const { devices, problem } = vulkanDevices();
 * for (const { name, kind, driver } of devices) {
 *   console.log(`${name} (${kind}), ${driver}`);
 * }
 * if (problem) console.log(`Vulkan: ${problem.message}`);
 * ```
 */
export function vulkanDevices(options: VulkanOptions = {}): VulkanDevices {
  checkNames("list the devices of Vulkan", options, NAMES);
  checkOptions("list the devices of Vulkan", options, { library: text });
  try {
    const library = openLibrary(
      options.library ? [options.library] : loaderNames(),
      SYMBOLS,
    );
    try {
      return { devices: listDevices(library.symbols) };
    } finally {
      library.close();
    }
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return { devices: [], problem: error.problem };
  }
}

function loaderNames(): readonly string[] {
  switch (Deno.build.os) {
    case "windows":
      return ["vulkan-1.dll"];
    case "darwin":
      return ["libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"];
    default:
      return ["libvulkan.so.1"];
  }
}

function listDevices(vk: Loader): VulkanDevice[] {
  const instance = createInstance(vk);
  try {
    return physicalDevices(vk, instance).map((device) => describe(vk, device));
  } finally {
    vk.vkDestroyInstance(instance, null);
  }
}

function createInstance(vk: Loader): bigint {
  const name = new TextEncoder().encode("clr\0");
  const application = new Struct(APPLICATION_INFO.size);
  application.setU32(
    APPLICATION_INFO.sType,
    VK.STRUCTURE_TYPE_APPLICATION_INFO,
  );
  application.setPointer(APPLICATION_INFO.pApplicationName, name);
  application.setU32(APPLICATION_INFO.apiVersion, (1 << 22) | (1 << 12));

  const info = new Struct(INSTANCE_CREATE_INFO.size);
  info.setU32(
    INSTANCE_CREATE_INFO.sType,
    VK.STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
  );
  info.setPointer(INSTANCE_CREATE_INFO.pApplicationInfo, application.bytes);
  // MoltenVK is listed only to those who ask for devices that are not fully
  // conformant; MoltenVK's own library knows no such extension.
  if (Deno.build.os === "darwin") {
    const extension = new TextEncoder().encode(
      "VK_KHR_portability_enumeration\0",
    );
    const extensions = new Struct(8);
    extensions.setPointer(0, extension);
    info.setU32(INSTANCE_CREATE_INFO.enabledExtensionCount, 1);
    info.setPointer(
      INSTANCE_CREATE_INFO.ppEnabledExtensionNames,
      extensions.bytes,
    );
    info.setU32(
      INSTANCE_CREATE_INFO.flags,
      VK.INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR,
    );
  }

  quietVulkan();
  const handle = new BigUint64Array(1);
  let status = vk.vkCreateInstance(info.bytes, null, handle);
  if (status === VK.ERROR_EXTENSION_NOT_PRESENT) {
    info.setU32(INSTANCE_CREATE_INFO.enabledExtensionCount, 0);
    info.setU32(INSTANCE_CREATE_INFO.flags, 0);
    status = vk.vkCreateInstance(info.bytes, null, handle);
  }
  check(status, "vkCreateInstance");
  return handle[0];
}

function physicalDevices(vk: Loader, instance: bigint): bigint[] {
  const count = new Uint32Array(1);
  check(
    vk.vkEnumeratePhysicalDevices(instance, count, null),
    "vkEnumeratePhysicalDevices",
  );
  const handles = new BigUint64Array(count[0]);
  // Between the calls a device may come (INCOMPLETE) or go (a lower count).
  check(
    vk.vkEnumeratePhysicalDevices(instance, count, handles),
    "vkEnumeratePhysicalDevices",
  );
  return [...handles.subarray(0, count[0])];
}

function describe(vk: Loader, device: bigint): VulkanDevice {
  const properties = new Struct(PROPERTIES.size);
  vk.vkGetPhysicalDeviceProperties(device, properties.bytes);
  const apiVersion = properties.u32(PROPERTIES.apiVersion);
  const vendorId = properties.u32(PROPERTIES.vendorID);
  return {
    name: properties.text(
      PROPERTIES.deviceName,
      VK.MAX_PHYSICAL_DEVICE_NAME_SIZE,
    ),
    kind: KINDS[properties.u32(PROPERTIES.deviceType)] ?? "other",
    vendorId,
    deviceId: properties.u32(PROPERTIES.deviceID),
    apiVersion: versionText(apiVersion),
    driver: driverText(vk, device, apiVersion) ??
      driverVersionText(vendorId, properties.u32(PROPERTIES.driverVersion)),
    heaps: heaps(vk, device),
  };
}

/** The driver in its own words, which only devices of Vulkan 1.2 give. */
function driverText(
  vk: Loader,
  device: bigint,
  apiVersion: number,
): string | undefined {
  if (!vk.vkGetPhysicalDeviceProperties2) return undefined;
  if (apiVersion < ((1 << 22) | (2 << 12))) return undefined;
  const driver = new Struct(DRIVER.size);
  driver.setU32(
    DRIVER.sType,
    VK.STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
  );
  const properties = new Struct(PROPERTIES_2.size);
  properties.setU32(
    PROPERTIES_2.sType,
    VK.STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
  );
  properties.setPointer(PROPERTIES_2.pNext, driver.bytes);
  vk.vkGetPhysicalDeviceProperties2(device, properties.bytes);
  const name = driver.text(DRIVER.driverName, VK.MAX_DRIVER_NAME_SIZE);
  const info = driver.text(DRIVER.driverInfo, VK.MAX_DRIVER_INFO_SIZE);
  return `${name} ${info}`.trim() || undefined;
}

function heaps(vk: Loader, device: bigint): VulkanHeap[] {
  const memory = new Struct(MEMORY.size);
  vk.vkGetPhysicalDeviceMemoryProperties(device, memory.bytes);
  const count = Math.min(
    memory.u32(MEMORY.memoryHeapCount),
    VK.MAX_MEMORY_HEAPS,
  );
  return Array.from({ length: count }, (_, i) => {
    const heap = MEMORY.memoryHeaps + i * MEMORY_HEAP.size;
    const flags = memory.u32(heap + MEMORY_HEAP.flags);
    return {
      bytes: Number(memory.u64(heap + MEMORY_HEAP.heapSize)),
      deviceLocal: (flags & VK.MEMORY_HEAP_DEVICE_LOCAL_BIT) !== 0,
    };
  });
}

/** `VK_MAKE_API_VERSION` taken apart; the variant, always 0, is left out. */
function versionText(version: number): string {
  return [version >>> 22 & 0x7f, version >>> 12 & 0x3ff, version & 0xfff]
    .join(".");
}

/** NVIDIA divides its 32 bits in its own way. */
function driverVersionText(vendorId: number, version: number): string {
  if (vendorId !== 0x10de) return versionText(version);
  return [version >>> 22, version >>> 14 & 0xff, version >>> 6 & 0xff]
    .join(".");
}

function check(status: number, action: string): void {
  if (status === VK.SUCCESS || status === VK.INCOMPLETE) return;
  // A driver that is listed and finds no hardware says the latter.
  const noDriver = status === VK.ERROR_INCOMPATIBLE_DRIVER ||
    status === VK.ERROR_INITIALIZATION_FAILED;
  throw new NativeError(
    noDriver ? "no-driver" : "failed",
    noDriver
      ? "Vulkan's loader finds no driver that works"
      : `${action} answers ${status}`,
  );
}
