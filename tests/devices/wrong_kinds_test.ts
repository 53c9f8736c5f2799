/** What is given where something else must be, to what asks for GPUs. */

import { assertEquals, assertThrows } from "@std/assert";
import * as devices from "@clr/clr/devices";
import { type Call, each, rawErrors } from "../runtime/_odd_values.ts";

const FACTS: devices.GpuFacts = {
  os: "linux",
  webgpu: [],
  vulkan: { devices: [] },
  nvml: { devices: [] },
  hardware: { gpus: [], nodes: [], container: false },
  variables: {},
};

const CALLS: readonly Call[] = [
  ["describeDevices", (value) => devices.describeDevices(value)],
  ...each("vulkanLibrary nvmlLibrary", devices.describeDevices),
  ["vulkanDevices", (value) => devices.vulkanDevices(value)],
  ...each("library", devices.vulkanDevices),
  ["openNvml", (value) => devices.openNvml(value).close()],
  ...each("library", (options) => devices.openNvml(options).close()),
  ["GpuSampler", (value) => {
    using _ = new devices.GpuSampler(value);
  }],
  ...each("interval library", (options) => {
    using _ = new devices.GpuSampler(options);
  }),
  ["linuxHardware", (value) => devices.linuxHardware(value)],
  ...each("root", devices.linuxHardware),
  ["diagnoseGpu", (value) => devices.diagnoseGpu(value)],
  ...each(
    "os webgpu vulkan nvml hardware variables",
    devices.diagnoseGpu,
    FACTS,
  ),
  ...each("devices problem", (vulkan) => {
    devices.diagnoseGpu({ ...FACTS, vulkan });
  }, FACTS.vulkan),
  ...each("devices locked problem", (nvml) => {
    devices.diagnoseGpu({ ...FACTS, nvml });
  }, FACTS.nvml),
  ...each("gpus nodes container", (hardware) => {
    devices.diagnoseGpu({ ...FACTS, hardware });
  }, FACTS.hardware),
  ["an adapter", (value) => {
    devices.diagnoseGpu({ ...FACTS, webgpu: [value] });
  }],
  ["formatGpuSample", (value) => devices.formatGpuSample(value)],
  ...each(
    "name utilization memoryUsed memoryTotal temperature power problem",
    devices.formatGpuSample,
    { index: 0, name: "NVIDIA H200", uuid: "GPU-1", memoryTotal: 1 },
  ),
];

Deno.test("devices take what they are given or say what it must be", async () => {
  assertEquals(await rawErrors(CALLS), []);
});

Deno.test("GpuSampler refuses an interval that no timer can wait", () => {
  for (const interval of [Infinity, 2 ** 31, 999]) {
    assertThrows(
      () => new devices.GpuSampler({ interval }),
      RangeError,
      `interval must be from 1000 to 2147483647 ms: current value is ${interval}`,
    );
  }
});
