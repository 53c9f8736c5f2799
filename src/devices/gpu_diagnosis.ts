/** From what was found on a machine to why its GPU is, or is not, usable. */

import {
  checkData,
  flag,
  listOf,
  mapOf,
  optional,
  record,
  text,
} from "../runtime/check_data.ts";
import type { LinuxHardware } from "./linux_hardware.ts";
import type { NativeProblem } from "./_native_library.ts";
import type { LockedNvmlDevice, NvmlDevice } from "./nvml.ts";
import type { VulkanDevices } from "./vulkan.ts";

/** An adapter as WebGPU shows it. */
export interface WebGPUAdapter {
  /** Its name, as its driver gives it. */
  readonly name: string;
  /** Whether the processor imitates it. */
  readonly software: boolean;
  /** Whether it is reached through OpenGL, as Vulkan has no driver for it. */
  readonly openGL?: boolean;
}

/** What {@linkcode diagnoseGpu} goes by. */
export interface GpuFacts {
  /** The system, as `Deno.build.os` names it. */
  readonly os: string;
  /** What WebGPU offers. */
  readonly webgpu: readonly WebGPUAdapter[];
  /** What Vulkan lists. */
  readonly vulkan: VulkanDevices;
  /** What NVML lists, or why it does not. */
  readonly nvml: {
    /** The GPUs that NVML lists. */
    readonly devices: readonly NvmlDevice[];
    /** The GPUs that it counts and this process may not open. */
    readonly locked?: readonly LockedNvmlDevice[] | undefined;
    /** Why it does not answer. */
    readonly problem?: NativeProblem | undefined;
  };
  /** What Linux shows; undefined where it is not known. */
  readonly hardware?: LinuxHardware | undefined;
  /** The environment's variables that choose drivers, where they are set. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/**
 * Why a GPU is, or is not, usable: `"usable"`; `"opengl"`, it is, and slower
 * than it could be, as Vulkan has no driver for it; `"hidden"`, an environment
 * variable hides it; `"refused"`, WebGPU does not take what Vulkan lists;
 * `"no-loader"`, Vulkan's loader is missing; `"no-access"`, this user may not
 * open it; `"no-vulkan-driver"`, the kernel has it and Vulkan has no driver;
 * `"not-in-container"`, the container was started without it;
 * `"no-kernel-driver"`, no driver is loaded for it; `"no-permission"`, Deno
 * may not ask; `"no-gpu"`, the machine shows none.
 */
export type GpuCause =
  | "usable"
  | "opengl"
  | "hidden"
  | "refused"
  | "no-loader"
  | "no-access"
  | "no-vulkan-driver"
  | "not-in-container"
  | "no-kernel-driver"
  | "no-permission"
  | "no-gpu";

/** What {@linkcode diagnoseGpu} makes of a machine. */
export interface GpuDiagnosis {
  /** Why the GPU is, or is not, usable. */
  readonly cause: GpuCause;
  /** What was found, in a sentence or two. */
  readonly finding: string;
  /** What to do about it; absent where there is nothing to do. */
  readonly remedy?: string;
}

const PROBLEM = optional(record({ kind: text, message: text }));

const FACTS = record({
  os: text,
  webgpu: listOf(record({
    name: text,
    software: flag,
    openGL: optional(flag),
  })),
  vulkan: record({
    devices: listOf(record({ name: text, kind: text })),
    problem: PROBLEM,
  }),
  nvml: record({
    devices: listOf(record({ name: text })),
    locked: optional(listOf(record({ problem: text }))),
    problem: PROBLEM,
  }),
  hardware: optional(record({
    gpus: listOf(record({ vendor: text })),
    nodes: listOf(record({ path: text, usable: flag })),
    container: flag,
  })),
  variables: optional(mapOf(text)),
});

/**
 * Why WebGPU has, or has not, a GPU to train on, and what to do. The likely
 * cause comes first that explains most: a variable that hides drivers, then
 * what is missing from the top (the loader) to the bottom (the card).
 *
 * @param facts What was found on the machine.
 * @returns The likely cause and its remedy.
 * @throws {TypeError} If the facts are none.
 *
 * @example What this machine's GPU lacks
 * ```ts
 * import {
 *   diagnoseGpu,
 *   linuxHardware,
 *   openNvml,
 *   vulkanDevices,
 * } from "@clr/clr/devices";
 *
 * using nvml = openNvml();
 * const adapter = await navigator.gpu?.requestAdapter();
 * const { cause, finding, remedy } = diagnoseGpu({
 *   os: Deno.build.os,
 *   webgpu: adapter
 *     ? [{
 *       name: adapter.info.description,
 *       software: adapter.info.isFallbackAdapter,
 *     }]
 *     : [],
 *   vulkan: vulkanDevices(),
 *   nvml,
 *   hardware: linuxHardware(),
 * });
 * console.log(`${cause}: ${finding}${remedy ? ` ${remedy}` : ""}`);
 * ```
 */
export function diagnoseGpu(facts: GpuFacts): GpuDiagnosis {
  checkData("diagnose the GPU", { facts }, record({ facts: FACTS }));
  const gpu = facts.webgpu.find(({ software }) => !software);
  if (gpu?.openGL) {
    const { vendor } = facts.hardware?.gpus[0] ?? {};
    return {
      cause: "opengl",
      finding: `WebGPU offers ${gpu.name}, but through OpenGL, which is ` +
        "slower: Vulkan has no driver for it.",
      remedy: `Install Vulkan's driver (${
        driverPackages(
          vendor === "NVIDIA" || facts.nvml.devices.length > 0,
        )
      }).`,
    };
  }
  if (gpu) {
    return { cause: "usable", finding: `WebGPU offers ${gpu.name}.` };
  }
  const [adapter] = facts.webgpu;
  const offer = adapter
    ? `WebGPU offers only ${adapter.name}, which the processor imitates.`
    : "WebGPU offers no adapter.";
  const { cause, finding, remedy } = explain(facts);
  return { cause, finding: `${offer} ${finding}`, ...remedy && { remedy } };
}

function explain(facts: GpuFacts): GpuDiagnosis {
  const { os, vulkan, variables = {} } = facts;
  const listed = vulkan.devices.find(({ kind }) => kind !== "software");
  const [variable] = Object.entries(variables);

  if (variable) {
    const [name, value] = variable;
    return {
      cause: "hidden",
      finding: `${name} is set to "${value}": other drivers are not tried.`,
      remedy: `Unset ${name}, and run this again.`,
    };
  }
  if (listed) {
    return {
      cause: "refused",
      finding: `Vulkan ${listed.apiVersion} lists ${listed.name} (driver ` +
        `${listed.driver}), but WebGPU does not take it.`,
      remedy:
        "Update the GPU's driver: WebGPU needs the features of a recent " +
        "one.",
    };
  }
  if (os === "darwin") {
    return {
      cause: "no-gpu",
      finding: "Metal shows no GPU, as in most virtual machines.",
    };
  }
  if (os === "windows") {
    return {
      cause: "no-vulkan-driver",
      finding: "Neither Direct3D 12 nor Vulkan has a driver for a GPU.",
      remedy: "Install the driver from the GPU's maker.",
    };
  }
  return explainLinux(facts);
}

function explainLinux({ vulkan, nvml, hardware }: GpuFacts): GpuDiagnosis {
  const gpu = hardware?.gpus[0];
  const { locked: others = [] } = nvml;
  const isNvidia = nvml.devices.length > 0 || others.length > 0 ||
    gpu?.vendor === "NVIDIA";
  const card = nvml.devices[0]?.name ?? (gpu && `${article(gpu.vendor)} GPU`);
  const locked = hardware?.nodes.find(({ usable }) => !usable);
  const reachable = nvml.devices.length > 0 ||
    hardware?.nodes.some(({ usable }) => usable);

  if (vulkan.problem?.kind === "no-library") {
    return {
      cause: "no-loader",
      finding: `Vulkan's loader is missing (${vulkan.problem.message}).`,
      remedy: "Install it (Debian and Ubuntu: libvulkan1; Fedora and Arch: " +
        "vulkan-loader or vulkan-icd-loader), and a driver for the GPU" +
        `${card ? ` (${driverPackages(isNvidia)})` : ""}.`,
    };
  }
  if (locked && !reachable) {
    return {
      cause: "no-access",
      finding: `This user may not open ${locked.path}.`,
      remedy: hardware?.container
        ? "Start the container with the host's group of that file " +
          "(--group-add)."
        : "Add the user to the file's group (sudo usermod -aG render,video " +
          "USER), and log in again.",
    };
  }
  if (others.length > 0 && nvml.devices.length === 0 && !reachable) {
    return {
      cause: "no-access",
      finding: `NVML counts ${others.length} of NVIDIA's GPUs, but this ` +
        `process may open none (${others[0].problem}).`,
      remedy: hardware?.container
        ? "Start the container with the GPU it is to use: --gpus all, or " +
          "--gpus device=0."
        : "Ask who runs this machine for access to a GPU.",
    };
  }
  if (card && reachable) {
    return {
      cause: "no-vulkan-driver",
      finding: `The kernel drives ${card}, but Vulkan has no driver for it.`,
      remedy: isNvidia && hardware?.container
        ? "Start the container with NVIDIA_DRIVER_CAPABILITIES=all, which " +
          "brings NVIDIA's Vulkan driver along."
        : `Install Vulkan's driver (${driverPackages(isNvidia)}).`,
    };
  }
  if (card && hardware?.container) {
    return {
      cause: "not-in-container",
      finding: `The machine has ${card}, but the container has no file to ` +
        "reach it by.",
      remedy: isNvidia
        ? "Start the container with --gpus all (and NVIDIA's container " +
          "toolkit on the host)."
        : "Start the container with --device /dev/dri.",
    };
  }
  if (card || nvml.problem?.kind === "no-driver") {
    return {
      cause: "no-kernel-driver",
      finding: `No kernel driver is loaded for ${card ?? "the GPU"}.`,
      remedy: `Install its driver (${driverPackages(isNvidia || !card)}), ` +
        "and restart.",
    };
  }
  if (!hardware || vulkan.problem?.kind === "no-permission") {
    return {
      cause: "no-permission",
      finding: vulkan.problem?.kind === "no-permission"
        ? "Deno runs without --allow-ffi, so Vulkan and NVML were not asked why."
        : "Deno may not look at the hardware, so the cause is not known.",
      remedy: "Run this with --allow-all to learn the cause.",
    };
  }
  return {
    cause: "no-gpu",
    finding: hardware.container
      ? "The machine under this container shows no GPU."
      : "This machine shows no GPU.",
    remedy: "To train on one, use a machine that has it; in the cloud, one " +
      "to which a GPU is attached.",
  };
}

function article(vendor: string): string {
  return `${/^[AIN]/.test(vendor) ? "an" : "a"} ${vendor}`;
}

function driverPackages(nvidia: boolean): string {
  return nvidia
    ? "nvidia-driver on Debian, nvidia-driver-NNN on Ubuntu"
    : "mesa-vulkan-drivers on Debian, Ubuntu and Fedora";
}
