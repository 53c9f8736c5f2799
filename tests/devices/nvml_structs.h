// The structures of nvml.h that the tests need, from NVIDIA's documentation;
// the header itself where it is installed.
#pragma once
#include <stddef.h>

#if __has_include(<nvml.h>)
#include <nvml.h>
#else
typedef struct {
  unsigned int gpu;
  unsigned int memory;
} nvmlUtilization_t;

typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} nvmlMemory_t;
#endif
