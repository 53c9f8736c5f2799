/**
 * Where the fields of Vulkan's structures lie in memory, in bytes, on any
 * 64-bit machine (Vulkan 1.3 specification, `vulkan_core.h`). The tests compare
 * every number with what a C compiler makes of the structures.
 */

/** `VkApplicationInfo`. */
export const APPLICATION_INFO = {
  size: 48,
  sType: 0,
  pApplicationName: 16,
  apiVersion: 44,
} as const;

/** `VkInstanceCreateInfo`. */
export const INSTANCE_CREATE_INFO = {
  size: 64,
  sType: 0,
  flags: 16,
  pApplicationInfo: 24,
  enabledExtensionCount: 48,
  ppEnabledExtensionNames: 56,
} as const;

/** `VkPhysicalDeviceProperties`. */
export const PHYSICAL_DEVICE_PROPERTIES = {
  size: 824,
  apiVersion: 0,
  driverVersion: 4,
  vendorID: 8,
  deviceID: 12,
  deviceType: 16,
  deviceName: 20,
} as const;

/** `VkPhysicalDeviceProperties2`. */
export const PHYSICAL_DEVICE_PROPERTIES_2 = {
  size: 840,
  sType: 0,
  pNext: 8,
} as const;

/** `VkPhysicalDeviceDriverProperties`. */
export const PHYSICAL_DEVICE_DRIVER_PROPERTIES = {
  size: 536,
  sType: 0,
  driverName: 20,
  driverInfo: 276,
} as const;

/** `VkPhysicalDeviceMemoryProperties`. */
export const PHYSICAL_DEVICE_MEMORY_PROPERTIES = {
  size: 520,
  memoryHeapCount: 260,
  memoryHeaps: 264,
} as const;

/** `VkMemoryHeap`. */
export const MEMORY_HEAP = { size: 16, heapSize: 0, flags: 8 } as const;

/** Constants of `vulkan_core.h`: lengths of arrays, tags and flags. */
export const VK = {
  MAX_PHYSICAL_DEVICE_NAME_SIZE: 256,
  MAX_DRIVER_NAME_SIZE: 256,
  MAX_DRIVER_INFO_SIZE: 256,
  MAX_MEMORY_HEAPS: 16,
  STRUCTURE_TYPE_APPLICATION_INFO: 0,
  STRUCTURE_TYPE_INSTANCE_CREATE_INFO: 1,
  STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2: 1000059001,
  STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES: 1000196000,
  INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR: 1,
  MEMORY_HEAP_DEVICE_LOCAL_BIT: 1,
  SUCCESS: 0,
  INCOMPLETE: 5,
  ERROR_INITIALIZATION_FAILED: -3,
  ERROR_EXTENSION_NOT_PRESENT: -7,
  ERROR_INCOMPATIBLE_DRIVER: -9,
} as const;
