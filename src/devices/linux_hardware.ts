/** What Linux itself shows of a machine's GPUs, whatever the drivers say. */

import { checkOptions, text } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

/** A GPU on the PCI bus. */
export interface PciGpu {
  /** Its maker, such as `"NVIDIA"`. */
  readonly vendor: string;
  /** The kernel's driver for it; absent where none is loaded. */
  readonly kernelDriver?: string;
}

/** A file through which programs reach a GPU. */
export interface DeviceNode {
  /** Its path, such as `"/dev/dri/renderD128"`. */
  readonly path: string;
  /** Whether this user may read and write it. */
  readonly usable: boolean;
}

/** What Linux shows of a machine's GPUs. */
export interface LinuxHardware {
  /** The GPUs on the PCI bus. */
  readonly gpus: readonly PciGpu[];
  /** The files through which programs reach GPUs. */
  readonly nodes: readonly DeviceNode[];
  /** Whether this is a container (Docker, Podman, Kubernetes, LXC). */
  readonly container: boolean;
}

// Makers of GPUs that compute. What else calls itself a display controller on
// the PCI bus draws the console of a server or of a virtual machine.
const VENDORS: Readonly<Record<string, string>> = {
  "0x1002": "AMD",
  "0x10de": "NVIDIA",
  "0x8086": "Intel",
};

/** Options of {@linkcode linuxHardware}. */
export interface LinuxHardwareOptions {
  /**
   * The folder in which `sys`, `dev`, `proc` and `run` are.
   *
   * @default {"/"}
   */
  readonly root?: string;
}

const NAMES = Object.keys(
  { root: 0 } satisfies Record<keyof LinuxHardwareOptions, 0>,
);

/**
 * What Linux shows of this machine's GPUs. Deno lets a program read `/sys` and
 * `/dev` only when it may do everything (`--allow-all`, and nothing denied).
 *
 * @param options Where to look.
 * @returns Undefined on another system, and where Deno may not look.
 * @throws {TypeError} If `root` is no text.
 *
 * @example
 * ```ts
 * import { linuxHardware } from "@clr/clr/devices";
 *
 * const hardware = linuxHardware();
 * for (const { vendor, kernelDriver } of hardware?.gpus ?? []) {
 *   console.log(`${vendor}: ${kernelDriver ?? "no kernel driver"}`);
 * }
 * ```
 */
export function linuxHardware(
  options: LinuxHardwareOptions = {},
): LinuxHardware | undefined {
  checkNames("look at the hardware", options, NAMES);
  checkOptions("look at the hardware", options, { root: text });
  if (Deno.build.os !== "linux") return undefined;
  const root = (options.root ?? "/").replace(/\/*$/, "/");
  try {
    return {
      gpus: pciGpus(`${root}sys/bus/pci/devices`),
      nodes: [
        ...paths(`${root}dev`, /^nvidia\d+$/),
        ...paths(`${root}dev/dri`, /^renderD\d+$/),
      ].map((path) => ({ path, usable: isUsable(path) })),
      container: ["run/.containerenv", ".dockerenv"].some((path) =>
        read(root + path) !== undefined
      ) || /kubepods|docker|lxc/.test(read(`${root}proc/1/cgroup`) ?? ""),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function pciGpus(folder: string): PciGpu[] {
  return paths(folder, /./).flatMap((device) => {
    const vendor = VENDORS[read(`${device}/vendor`) ?? ""];
    // 0x03….: a display controller.
    if (!vendor || !read(`${device}/class`)?.startsWith("0x03")) return [];
    const driver = existing(() => Deno.readLinkSync(`${device}/driver`));
    const kernelDriver = driver?.split("/").at(-1);
    return [{ vendor, ...kernelDriver && { kernelDriver } }];
  });
}

function isUsable(path: string): boolean {
  try {
    Deno.openSync(path, { read: true, write: true }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

function paths(folder: string, name: RegExp): string[] {
  const entries = existing(() => [...Deno.readDirSync(folder)]) ?? [];
  return entries.filter((entry) => name.test(entry.name))
    .map((entry) => `${folder}/${entry.name}`).sort();
}

function read(path: string): string | undefined {
  return existing(() => Deno.readTextFileSync(path).trim());
}

function existing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied
    ) return undefined;
    throw error;
  }
}
