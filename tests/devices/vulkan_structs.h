// The structures of vulkan_core.h that the tests need, from the Vulkan 1.3
// specification; the header itself where it is installed.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if __has_include(<vulkan/vulkan_core.h>)
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>
#else
typedef struct {
  uint32_t sType;
  const void *pNext;
  const char *pApplicationName;
  uint32_t applicationVersion;
  const char *pEngineName;
  uint32_t engineVersion;
  uint32_t apiVersion;
} VkApplicationInfo;

typedef struct {
  uint32_t sType;
  const void *pNext;
  uint32_t flags;
  const VkApplicationInfo *pApplicationInfo;
  uint32_t enabledLayerCount;
  const char *const *ppEnabledLayerNames;
  uint32_t enabledExtensionCount;
  const char *const *ppEnabledExtensionNames;
} VkInstanceCreateInfo;

// Its 106 fields, neighbours of one type drawn together.
typedef struct {
  uint32_t a[11];
  uint64_t b[2];
  uint32_t c[51];
  float d[2];
  uint32_t e[3];
  float f[2];
  uint32_t g;
  size_t h;
  uint64_t i[3];
  int32_t j;
  uint32_t k;
  int32_t l;
  uint32_t m;
  float n[2];
  uint32_t o[16];
  float p;
  uint32_t q[4];
  float r[6];
  uint32_t s[2];
  uint64_t t[3];
} VkPhysicalDeviceLimits;

typedef struct {
  uint32_t apiVersion;
  uint32_t driverVersion;
  uint32_t vendorID;
  uint32_t deviceID;
  uint32_t deviceType;
  char deviceName[256];
  uint8_t pipelineCacheUUID[16];
  VkPhysicalDeviceLimits limits;
  uint32_t sparseProperties[5];
} VkPhysicalDeviceProperties;

typedef struct {
  uint32_t sType;
  void *pNext;
  VkPhysicalDeviceProperties properties;
} VkPhysicalDeviceProperties2;

typedef struct {
  uint32_t sType;
  void *pNext;
  uint32_t driverID;
  char driverName[256];
  char driverInfo[256];
  uint8_t conformanceVersion[4];
} VkPhysicalDeviceDriverProperties;

typedef struct {
  uint32_t propertyFlags;
  uint32_t heapIndex;
} VkMemoryType;

typedef struct {
  uint64_t size;
  uint32_t flags;
} VkMemoryHeap;

typedef struct {
  uint32_t memoryTypeCount;
  VkMemoryType memoryTypes[32];
  uint32_t memoryHeapCount;
  VkMemoryHeap memoryHeaps[16];
} VkPhysicalDeviceMemoryProperties;
#endif
