// A Vulkan loader that lists an NVIDIA GPU without driver properties (Vulkan
// 1.1) and an integrated one with them (1.3), and counts its instances.
#include "vulkan_structs.h"
#include <string.h>

#ifndef STATUS
#define STATUS 0
#endif
static int instances, status = STATUS;

int fake_instances(void) { return instances; }
void fake_set_status(int value) { status = value; }

int vkCreateInstance(const VkInstanceCreateInfo *info, const void *allocator,
                     unsigned long long *instance) {
  if (status) return status;
  if (info->sType != 1 || info->pApplicationInfo->sType != 0 ||
      strcmp(info->pApplicationInfo->pApplicationName, "clr") != 0 ||
      info->pApplicationInfo->apiVersion != (1u << 22 | 1u << 12) ||
      info->enabledLayerCount || info->enabledExtensionCount || allocator)
    return -1;
  instances++;
  *instance = 0xFEDCBA9876543210ull;
  return 0;
}
void vkDestroyInstance(unsigned long long instance, const void *allocator) {
  if (instance == 0xFEDCBA9876543210ull && !allocator) instances--;
}
int vkEnumeratePhysicalDevices(unsigned long long instance, unsigned *count,
                               unsigned long long *devices) {
  if (devices)
    for (unsigned i = 0; i < *count; i++) devices[i] = 0xA000000000000001ull + i;
  else *count = 2;
  return 0;
}
static void describe(unsigned long long device, VkPhysicalDeviceProperties *p) {
  int first = device == 0xA000000000000001ull;
  p->apiVersion = first ? 1u << 22 | 1u << 12 | 77 : 1u << 22 | 3u << 12 | 230;
  p->driverVersion = first ? 550u << 22 | 54u << 14 | 15u << 6 : 42;
  p->vendorID = first ? 0x10de : 0x8086;
  p->deviceID = first ? 0x2330 : 0x4680;
  p->deviceType = first ? 2 : 1;
  if (first) strcpy(p->deviceName, "NVIDIA Fake 9000");
  else memset(p->deviceName, 'i', sizeof p->deviceName);
}
void vkGetPhysicalDeviceProperties(unsigned long long device,
                                   VkPhysicalDeviceProperties *properties) {
  describe(device, properties);
}
void vkGetPhysicalDeviceProperties2(unsigned long long device,
                                    VkPhysicalDeviceProperties2 *properties) {
  VkPhysicalDeviceDriverProperties *driver = properties->pNext;
  if (properties->sType != 1000059001 || driver->sType != 1000196000) return;
  describe(device, &properties->properties);
  strcpy(driver->driverName, "Fake driver");
  strcpy(driver->driverInfo, "Mesa 25.1");
}
void vkGetPhysicalDeviceMemoryProperties(
    unsigned long long device, VkPhysicalDeviceMemoryProperties *memory) {
  memory->memoryHeapCount = 2;
  memory->memoryHeaps[0].size = 80ull << 30;
  memory->memoryHeaps[0].flags = 1;
  memory->memoryHeaps[1].size = 16ull << 30;
  memory->memoryHeaps[1].flags = 0;
}
