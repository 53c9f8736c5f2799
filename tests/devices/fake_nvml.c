// An NVML with three GPUs: a whole one, a part that gives no utilisation and
// whose power cannot be read, and between them one that this process may not
// open. Where it is told to, its readings are impossible. It counts what is opened, and a reading that is
// under way when it is shut down.
#include "nvml_structs.h"
#include <string.h>
#include <unistd.h>

static int opened, misuses, init_status, absurd;

int fake_opened(void) { return opened; }
int fake_misuses(void) { return misuses; }
void fake_set_init_status(int status) { init_status = status; }

void fake_set_absurd(int value) { absurd = value; }

int nvmlInit_v2(void) {
  if (init_status) return init_status;
  opened++;
  return 0;
}
int nvmlShutdown(void) {
  opened--;
  return 0;
}
const char *nvmlErrorString(int status) {
  return status == 15 ? "GPU is lost"
         : status == 4  ? "Insufficient Permissions"
                        : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
  if (length != 80) misuses++;
  strcpy(text, "550.54.15");
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = 3;
  return 0;
}
// High bits set: a handle is not a number that a double can hold.
static const unsigned long long HANDLES[] = {0xF123456789ABCDEFull,
                                             0xF123456789ABCDF0ull};
static int index_of(unsigned long long device) {
  if (!opened) misuses++;
  if (device == HANDLES[0]) return 0;
  if (device == HANDLES[1]) return 1;
  misuses++;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, unsigned long long *device) {
  if (index == 1) return 4;
  *device = HANDLES[index / 2];
  return 0;
}
int nvmlDeviceGetName(unsigned long long device, char *name, unsigned length) {
  // The second name fills its array and has no end.
  if (index_of(device) == 0) strcpy(name, "NVIDIA\x1b[31m Fake\n 9000\x07");
  else memset(name, 'x', length);
  return 0;
}
int nvmlDeviceGetUUID(unsigned long long device, char *uuid, unsigned length) {
  if (length != 96) misuses++;
  strcpy(uuid, index_of(device) == 0 ? "GPU-0" : "MIG-1");
  return 0;
}
int nvmlDeviceGetUtilizationRates(unsigned long long device,
                                  nvmlUtilization_t *rates) {
  usleep(20000);
  if (index_of(device) == 1) return 3;
  rates->gpu = absurd ? 101 : 87;
  rates->memory = 41;
  return 0;
}
int nvmlDeviceGetMemoryInfo(unsigned long long device, nvmlMemory_t *memory) {
  index_of(device);
  memory->total = 150754820096ull;
  memory->used = absurd ? ~0ull : 13314398617ull;
  memory->free = memory->total - memory->used;
  return 0;
}
int nvmlDeviceGetTemperature(unsigned long long device, unsigned sensor,
                             unsigned *celsius) {
  if (index_of(device) < 0 || sensor != 0) misuses++;
  *celsius = absurd ? ~0u : 54;
  return 0;
}
int nvmlDeviceGetPowerUsage(unsigned long long device, unsigned *milliwatts) {
  if (index_of(device) == 1) return 15;
  *milliwatts = absurd ? ~0u : 310400;
  return 0;
}
