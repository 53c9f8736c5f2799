import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  diagnoseGpu,
  type GpuCause,
  type GpuFacts,
} from "../../src/devices/gpu_diagnosis.ts";
import type { LinuxHardware } from "../../src/devices/linux_hardware.ts";
import type { VulkanDevice } from "../../src/devices/vulkan.ts";

const software = { name: "llvmpipe", software: true };
const nvidia = { index: 0, name: "NVIDIA H200", uuid: "GPU-0" };
const nvmlMissing = {
  devices: [],
  problem: {
    kind: "no-library",
    message: "libnvidia-ml.so.1 is not installed",
  },
} as const;
const noDriver = {
  devices: [],
  problem: { kind: "no-driver", message: "no driver" },
} as const;

function device(name: string, kind: VulkanDevice["kind"]): VulkanDevice {
  return {
    name,
    kind,
    vendorId: 0,
    deviceId: 0,
    apiVersion: "1.3.0",
    driver: "d",
    heaps: [],
  };
}

function linux(hardware: Partial<LinuxHardware>): LinuxHardware {
  return { gpus: [], nodes: [], container: false, ...hardware };
}

/** A Linux machine with a working loader, no driver and no GPU. */
const bare: GpuFacts = {
  os: "linux",
  webgpu: [],
  vulkan: noDriver,
  nvml: nvmlMissing,
  hardware: linux({}),
};
const amd = { vendor: "AMD", kernelDriver: "amdgpu" };
const card = { vendor: "NVIDIA" };
const render = { path: "/dev/dri/renderD128", usable: true };

const CASES: [string, Partial<GpuFacts>, GpuCause, string][] = [
  [
    "a GPU",
    { webgpu: [software, { name: "NVIDIA H200", software: false }] },
    "usable",
    "NVIDIA H200",
  ],
  [
    "a GPU without Vulkan's driver",
    { webgpu: [{ name: "NVIDIA H200", software: false, openGL: true }] },
    "opengl",
    "NVIDIA H200, but through OpenGL",
  ],
  [
    "a card of NVIDIA's that others use",
    {
      nvml: { devices: [], locked: [{ index: 0, problem: "no permission" }] },
      hardware: linux({ container: true }),
    },
    "no-access",
    "may open none (no permission)",
  ],
  ["nothing at all", {}, "no-gpu", "This machine shows no GPU"],
  [
    "nothing in a container",
    { hardware: linux({ container: true }) },
    "no-gpu",
    "under this container",
  ],
  [
    "a software adapter alone",
    {
      webgpu: [software],
      vulkan: { devices: [device("llvmpipe", "software")] },
    },
    "no-gpu",
    "only llvmpipe",
  ],
  [
    "a variable that hides drivers",
    {
      variables: { VK_DRIVER_FILES: "/none" },
      hardware: linux({ gpus: [amd], nodes: [render] }),
    },
    "hidden",
    "VK_DRIVER_FILES",
  ],
  [
    "a GPU that WebGPU does not take",
    {
      vulkan: {
        devices: [device("llvmpipe", "software"), device("Old", "discrete")],
      },
    },
    "refused",
    "Old",
  ],
  [
    "no loader",
    {
      vulkan: {
        devices: [],
        problem: {
          kind: "no-library",
          message: "libvulkan.so.1 is not installed",
        },
      },
      hardware: linux({ gpus: [amd], nodes: [render] }),
    },
    "no-loader",
    "libvulkan1",
  ],
  [
    "a node of another's",
    {
      hardware: linux({
        gpus: [amd],
        nodes: [{ path: "/dev/dri/renderD128", usable: false }],
      }),
    },
    "no-access",
    "usermod -aG render",
  ],
  [
    "a container without the group",
    {
      hardware: linux({
        container: true,
        gpus: [amd],
        nodes: [{ path: "/dev/dri/renderD128", usable: false }],
      }),
    },
    "no-access",
    "--group-add",
  ],
  [
    "an AMD card without Vulkan",
    { hardware: linux({ gpus: [amd], nodes: [render] }) },
    "no-vulkan-driver",
    "mesa-vulkan-drivers",
  ],
  [
    "an NVIDIA card without Vulkan",
    { nvml: { devices: [nvidia] } },
    "no-vulkan-driver",
    "nvidia-driver",
  ],
  [
    "a container with CUDA alone",
    { nvml: { devices: [nvidia] }, hardware: linux({ container: true }) },
    "no-vulkan-driver",
    "NVIDIA_DRIVER_CAPABILITIES=all",
  ],
  [
    "a container without --gpus",
    { hardware: linux({ container: true, gpus: [card] }) },
    "not-in-container",
    "--gpus all",
  ],
  [
    "a container without /dev/dri",
    { hardware: linux({ container: true, gpus: [amd] }) },
    "not-in-container",
    "--device /dev/dri",
  ],
  [
    "a card without a kernel driver",
    { hardware: linux({ gpus: [card] }) },
    "no-kernel-driver",
    "an NVIDIA GPU",
  ],
  [
    "NVML without its driver",
    { nvml: noDriver },
    "no-kernel-driver",
    "nvidia-driver",
  ],
  [
    "no permission",
    {
      webgpu: [software],
      vulkan: { devices: [], problem: { kind: "no-permission", message: "" } },
      hardware: undefined,
    },
    "no-permission",
    "--allow-all",
  ],
  [
    "hardware that is not shown",
    { hardware: undefined },
    "no-permission",
    "may not look at the hardware",
  ],
  ["a Mac without Metal", { os: "darwin" }, "no-gpu", "Metal"],
  [
    "Windows without a driver",
    { os: "windows" },
    "no-vulkan-driver",
    "GPU's maker",
  ],
];

for (const [name, facts, cause, words] of CASES) {
  Deno.test(`diagnoseGpu() explains ${name}`, () => {
    const diagnosis = diagnoseGpu({ ...bare, ...facts });
    assertEquals(diagnosis.cause, cause);
    assertStringIncludes(`${diagnosis.finding} ${diagnosis.remedy}`, words);
    assert(diagnosis.finding.endsWith("."));
    if (cause === "usable") assertEquals(diagnosis.remedy, undefined);
  });
}
