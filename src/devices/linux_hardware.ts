/** What Linux itself shows of a machine's GPUs, whatever the drivers say. */

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

/**
 * What Linux shows of this machine's GPUs. Deno lets a program read `/sys` and
 * `/dev` only when it may do everything (`--allow-all`, and nothing denied).
 *
 * @param options Where to look.
 * @returns Undefined on another system, and where Deno may not look.
 */
export function linuxHardware(
  options: LinuxHardwareOptions = {},
): LinuxHardware | undefined {
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
