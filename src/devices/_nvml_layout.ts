/**
 * Where the fields of NVML's structures lie in memory, in bytes, on any 64-bit
 * machine (`nvml.h`). The tests compare every number with what a C compiler
 * makes of the structures.
 */

/** `nvmlUtilization_t`: percentages. */
export const UTILIZATION = { size: 8, gpu: 0, memory: 4 } as const;

/** `nvmlMemory_t`: bytes. */
export const MEMORY = { size: 24, total: 0, free: 8, used: 16 } as const;

/** Constants of `nvml.h`: lengths of arrays, sensors and answers. */
export const NVML = {
  DEVICE_NAME_V2_BUFFER_SIZE: 96,
  DEVICE_UUID_V2_BUFFER_SIZE: 96,
  SYSTEM_DRIVER_VERSION_BUFFER_SIZE: 80,
  TEMPERATURE_GPU: 0,
  SUCCESS: 0,
  ERROR_NOT_SUPPORTED: 3,
  ERROR_DRIVER_NOT_LOADED: 9,
} as const;
