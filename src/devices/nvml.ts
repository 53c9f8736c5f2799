/** How busy NVIDIA's GPUs are, asked of NVML through Deno's FFI. */

import {
  NativeError,
  type NativeProblem,
  openLibrary,
  readText,
} from "./_native_library.ts";
import { MEMORY, NVML, UTILIZATION } from "./_nvml_layout.ts";
import { checkOptions, text as isText } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";
import { Struct } from "./_struct.ts";

/** A GPU as NVML knows it. */
export interface NvmlDevice {
  /** Its number, as `nvidia-smi` counts. */
  readonly index: number;
  /** Its name, such as `"NVIDIA H200"`. */
  readonly name: string;
  /** Its identity, the same in every process and after a restart. */
  readonly uuid: string;
}

/**
 * What a GPU does at one moment. A reading that the GPU does not give (a part
 * of a GPU, for one, has no utilisation of its own) is absent.
 */
export interface GpuSample extends NvmlDevice {
  /** The share of the last moments in which it computed, in percent. */
  readonly utilization?: number;
  /** The memory in use, by all processes, in bytes. */
  readonly memoryUsed?: number;
  /** The memory it has, in bytes. */
  readonly memoryTotal?: number;
  /** The temperature of the chip, in degrees Celsius. */
  readonly temperature?: number;
  /** The power it draws, in watts. */
  readonly power?: number;
  /** What NVML complained about, where a reading failed. */
  readonly problem?: string;
}

/** Options of {@linkcode openNvml}. */
export interface NvmlOptions {
  /**
   * The path of NVML's library.
   *
   * @default the system's: `libnvidia-ml.so.1` or `nvml.dll`
   */
  readonly library?: string;
}

const NAMES = Object.keys(
  { library: 0 } satisfies Record<keyof NvmlOptions, 0>,
);

const SYMBOLS = {
  nvmlInit_v2: { parameters: [], result: "i32" },
  nvmlShutdown: { parameters: [], result: "i32" },
  nvmlErrorString: { parameters: ["i32"], result: "pointer" },
  nvmlSystemGetDriverVersion: { parameters: ["buffer", "u32"], result: "i32" },
  nvmlDeviceGetCount_v2: { parameters: ["buffer"], result: "i32" },
  nvmlDeviceGetHandleByIndex_v2: {
    parameters: ["u32", "buffer"],
    result: "i32",
  },
  nvmlDeviceGetName: { parameters: ["usize", "buffer", "u32"], result: "i32" },
  nvmlDeviceGetUUID: { parameters: ["usize", "buffer", "u32"], result: "i32" },
  // The readings can take milliseconds: they wait on a thread of their own.
  nvmlDeviceGetUtilizationRates: {
    parameters: ["usize", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  nvmlDeviceGetMemoryInfo: {
    parameters: ["usize", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  nvmlDeviceGetTemperature: {
    parameters: ["usize", "u32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  nvmlDeviceGetPowerUsage: {
    parameters: ["usize", "buffer"],
    result: "i32",
    nonblocking: true,
  },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

interface Handle extends NvmlDevice {
  readonly handle: bigint;
}

/** A GPU that NVML counts and this process may not open. */
export interface LockedNvmlDevice {
  /** Its number, as `nvidia-smi` counts. */
  readonly index: number;
  /** What NVML answers. */
  readonly problem: string;
}

/**
 * NVML, opened by {@linkcode openNvml}. Close it, or declare it with `using`.
 */
export class Nvml implements Disposable {
  /** The GPUs; empty where there is a problem. */
  readonly devices: readonly NvmlDevice[] = [];
  /**
   * The GPUs that it counts and this process may not open: those of others on
   * the machine, as a container sees it, or one that fell off the bus.
   */
  readonly locked: readonly LockedNvmlDevice[] = [];
  /** The version of NVIDIA's driver, such as `"550.54.15"`. */
  readonly driverVersion: string | undefined;
  /** Why nothing can be asked; undefined where NVML answers. */
  readonly problem: NativeProblem | undefined;
  #library: Library | undefined;
  #handles: readonly Handle[] = [];
  #pending = 0;
  #closed = false;

  /** Use {@linkcode openNvml}. */
  constructor(options: NvmlOptions = {}) {
    checkNames("open NVML", options, NAMES);
    checkOptions("open NVML", options, { library: isText });
    try {
      this.#library = openLibrary(
        options.library ? [options.library] : libraryNames(),
        SYMBOLS,
      );
      const nvml = this.#library.symbols;
      start(nvml);
      try {
        this.driverVersion = text(
          nvml,
          {
            action: "nvmlSystemGetDriverVersion",
            size: NVML.SYSTEM_DRIVER_VERSION_BUFFER_SIZE,
          },
          (buffer, size) => nvml.nvmlSystemGetDriverVersion(buffer, size),
        );
        const { handles, locked } = listHandles(nvml);
        this.#handles = handles;
        this.locked = locked;
      } catch (error) {
        nvml.nvmlShutdown();
        throw error;
      }
      this.devices = this.#handles.map(({ index, name, uuid }) => ({
        index,
        name,
        uuid,
      }));
    } catch (error) {
      this.#library?.close();
      this.#library = undefined;
      this.#closed = true;
      if (!(error instanceof NativeError)) throw error;
      this.problem = error.problem;
    }
  }

  /**
   * What each GPU does now, in the order of {@linkcode devices}; empty where
   * there is a problem. The event loop goes on while NVML is asked.
   *
   * @returns One sample for each GPU.
   * @throws {TypeError} After it was closed.
   */
  async sample(): Promise<readonly GpuSample[]> {
    if (this.problem) return [];
    if (this.#closed || !this.#library) {
      throw new TypeError(
        "Cannot sample the GPUs as NVML must be open: it is closed",
      );
    }
    const { symbols } = this.#library;
    this.#pending++;
    try {
      return await Promise.all(
        this.#handles.map((device) => sample(symbols, device)),
      );
    } finally {
      this.#pending--;
      if (this.#closed) this.#release();
    }
  }

  /** Closes NVML, once the samples under way are done. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  /** The same as {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    if (this.#pending > 0) return;
    this.#library?.symbols.nvmlShutdown();
    this.#library?.close();
    this.#library = undefined;
  }
}

/**
 * Opens NVML, which comes with NVIDIA's driver. It never asks for permission
 * and never throws for what is missing: `devices` is then empty, and `problem`
 * says why.
 *
 * @param options Where the library is.
 * @returns NVML, to be closed.
 * @throws {TypeError} If `library` is no path.
 * @see {@link https://docs.nvidia.com/deploy/nvml-api/}
 *
 * @example
 * ```ts
 * import { openNvml } from "@clr/clr/devices";
 *
 * using nvml = openNvml();
 * for (const { name, utilization, temperature } of await nvml.sample()) {
 *   console.log(`${name}: ${utilization} % busy, ${temperature} °C`);
 * }
 * if (nvml.problem) console.log(`NVML: ${nvml.problem.message}`);
 * ```
 */
export function openNvml(options: NvmlOptions = {}): Nvml {
  return new Nvml(options);
}

function libraryNames(): readonly string[] {
  if (Deno.build.os === "windows") return ["nvml.dll"];
  return [
    "libnvidia-ml.so.1",
    // Where WSL and Kubernetes put it, often outside the loader's path.
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
  ];
}

function start(nvml: Library["symbols"]): void {
  const status = nvml.nvmlInit_v2();
  if (status === NVML.ERROR_DRIVER_NOT_LOADED) {
    throw new NativeError(
      "no-driver",
      "NVML is installed, but NVIDIA's kernel driver is not loaded",
    );
  }
  check(nvml, status, "nvmlInit_v2");
}

function listHandles(
  nvml: Library["symbols"],
): { handles: Handle[]; locked: LockedNvmlDevice[] } {
  const count = new Uint32Array(1);
  check(nvml, nvml.nvmlDeviceGetCount_v2(count), "nvmlDeviceGetCount_v2");
  const handles: Handle[] = [];
  const locked: LockedNvmlDevice[] = [];
  for (let index = 0; index < count[0]; index++) {
    try {
      handles.push(openHandle(nvml, index));
    } catch (error) {
      // One that cannot be opened says nothing of the others.
      if (!(error instanceof NativeError)) throw error;
      locked.push({ index, problem: error.problem.message });
    }
  }
  return { handles, locked };
}

function openHandle(nvml: Library["symbols"], index: number): Handle {
  const handle = new BigUint64Array(1);
  check(
    nvml,
    nvml.nvmlDeviceGetHandleByIndex_v2(index, handle),
    "nvmlDeviceGetHandleByIndex_v2",
  );
  return {
    index,
    handle: handle[0],
    name: text(
      nvml,
      { action: "nvmlDeviceGetName", size: NVML.DEVICE_NAME_V2_BUFFER_SIZE },
      (buffer, size) => nvml.nvmlDeviceGetName(handle[0], buffer, size),
    ),
    uuid: text(
      nvml,
      { action: "nvmlDeviceGetUUID", size: NVML.DEVICE_UUID_V2_BUFFER_SIZE },
      (buffer, size) => nvml.nvmlDeviceGetUUID(handle[0], buffer, size),
    ),
  };
}

/** Above these a reading is no reading: NVML fills fields that it lacks. */
const MOST = { utilization: 100, temperature: 250, milliwatts: 100_000_000 };

async function sample(
  nvml: Library["symbols"],
  { handle, ...device }: Handle,
): Promise<GpuSample> {
  const rates = new Struct(UTILIZATION.size);
  const memory = new Struct(MEMORY.size);
  const temperature = new Uint32Array(1);
  const milliwatts = new Uint32Array(1);
  const statuses = await Promise.all([
    nvml.nvmlDeviceGetUtilizationRates(handle, rates.bytes),
    nvml.nvmlDeviceGetMemoryInfo(handle, memory.bytes),
    nvml.nvmlDeviceGetTemperature(handle, NVML.TEMPERATURE_GPU, temperature),
    nvml.nvmlDeviceGetPowerUsage(handle, milliwatts),
  ]);
  const used = Number(memory.u64(MEMORY.used));
  const total = Number(memory.u64(MEMORY.total));
  const isPossible = [
    rates.u32(UTILIZATION.gpu) <= MOST.utilization,
    used <= total,
    temperature[0] <= MOST.temperature,
    milliwatts[0] <= MOST.milliwatts,
  ];
  const given = statuses.map((status, i) =>
    status === NVML.SUCCESS && isPossible[i]
  );
  const failure = statuses.find((status) =>
    status !== NVML.SUCCESS && status !== NVML.ERROR_NOT_SUPPORTED
  );
  return {
    ...device,
    ...given[0] && { utilization: rates.u32(UTILIZATION.gpu) },
    ...given[1] && {
      memoryUsed: used,
      memoryTotal: total,
    },
    ...given[2] && { temperature: temperature[0] },
    ...given[3] && { power: milliwatts[0] / 1000 },
    ...failure !== undefined && { problem: errorText(nvml, failure) },
  };
}

function text(
  nvml: Library["symbols"],
  { action, size }: { readonly action: string; readonly size: number },
  call: (buffer: Uint8Array<ArrayBuffer>, size: number) => number,
): string {
  const buffer = new Uint8Array(size);
  check(nvml, call(buffer, size), action);
  return readText(buffer);
}

function check(nvml: Library["symbols"], status: number, action: string): void {
  if (status === NVML.SUCCESS) return;
  throw new NativeError(
    "failed",
    `${action} answers "${errorText(nvml, status)}"`,
  );
}

function errorText(nvml: Library["symbols"], status: number): string {
  const message = nvml.nvmlErrorString(status);
  return message
    ? Deno.UnsafePointerView.getCString(message)
    : `error ${status}`;
}
