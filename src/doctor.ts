/**
 * Deno's own: it does not run in Node, Bun or browsers.
 *
 * Says what this machine can train on, and what is in the way of its GPU.
 *
 * ```sh
 * deno run --allow-all jsr:@clr/clr/doctor
 * ```
 *
 * `--json` prints the same as data. Every permission may be left out; the
 * answer then says what could not be looked at.
 *
 * @module
 */

import "./runtime/in_deno.ts";
import { scoped } from "./runtime/scoped.ts";
import { adapterName, isOpenGL, listAdapters } from "./devices/adapters.ts";
import { OWN_VERSION, runCommand } from "./command/run.ts";
import { wrap } from "./runtime/wrap.ts";
import {
  knownLimits,
  selectBackend,
  type SelectBackendOptions,
} from "./backends/mod.ts";
import {
  isRevectorizing,
  REVECTORIZE_FLAG,
} from "./backends/wasm/compute/revectorize.ts";
import {
  describeProcessor,
  diagnoseGpu,
  formatGpuSample,
  type GpuDiagnosis,
  type GpuFacts,
  type GpuSample,
  linuxHardware,
  openNvml,
  type Processor,
  vulkanDevices,
  type WebGPUAdapter,
} from "./devices/mod.ts";
import { errorMessage } from "./runtime/error_message.ts";

/** What the doctor found on this machine. */
export interface MachineReport {
  /** Deno's version, such as `"2.9.6"`. */
  readonly deno: string;
  /** What training will run on, and why that; or why on nothing. */
  readonly training: {
    /** The backend's name in tfjs; absent where none starts. */
    readonly backend?: string;
    /** What it computes on. */
    readonly device?: string;
    /** Why this one, and why not the faster ones. */
    readonly reason: string;
    /** What is known to be wrong or missing on it. */
    readonly limits?: readonly string[];
  };
  /** Why the GPU is, or is not, usable. */
  readonly gpu: GpuDiagnosis;
  /** What the diagnosis goes by. */
  readonly facts: GpuFacts;
  /** What each of NVIDIA's GPUs does at this moment. */
  readonly samples: readonly GpuSample[];
  /** The version of NVIDIA's driver, where NVML answers. */
  readonly nvidiaDriver?: string;
  /** The processor. */
  readonly processor: Processor;
  /** Whether V8 makes 256-bit instructions of the WASM backend's products. */
  readonly wideProducts: boolean;
}

/** What is said of 256 bits, which V8 has for x86 alone. */
function wideHint({ wideProducts, processor }: MachineReport): string[] {
  if (processor.architecture !== "x86_64") return [];
  return [
    wideProducts
      ? `256-bit products: on, by V8's ${REVECTORIZE_FLAG}`
      : `256-bit products: off; DENO_V8_FLAGS=${REVECTORIZE_FLAG} turns V8's experiment on`,
  ];
}

/** Options of {@linkcode examineMachine}. */
export interface ExamineOptions {
  /**
   * The backend to try to train on.
   *
   * @default {"auto"}
   */
  readonly backend?: SelectBackendOptions["backend"];
}

/**
 * Looks at this machine: what WebGPU, Vulkan and NVML see, what the processor
 * can do, and what training will run on. It starts the backend that
 * `selectBackend()` chooses.
 *
 * @param options What to try.
 * @returns What was found.
 *
 * @example
 * ```ts
 * import { examineMachine } from "@clr/clr/doctor";
 *
 * const { training, gpu } = await examineMachine();
 * console.log(`${training.device}, as ${training.reason}; ${gpu.finding}`);
 * ```
 */
export async function examineMachine(
  options: ExamineOptions = {},
): Promise<MachineReport> {
  return await scoped(async (own) => {
    const nvml = own(openNvml());
    const hardware = linuxHardware();
    const facts: GpuFacts = {
      os: Deno.build.os,
      webgpu: await webGPUAdapters(),
      vulkan: vulkanDevices(),
      nvml: {
        devices: nvml.devices,
        ...nvml.locked.length > 0 && { locked: nvml.locked },
        ...nvml.problem && { problem: nvml.problem },
      },
      ...hardware && { hardware },
      variables: driverVariables(),
    };
    return {
      deno: Deno.version.deno,
      training: await tryTraining(options),
      gpu: diagnoseGpu(facts),
      facts,
      samples: await nvml.sample(),
      ...nvml.driverVersion && { nvidiaDriver: nvml.driverVersion },
      processor: describeProcessor(),
      wideProducts: isRevectorizing(),
    };
  });
}

/** What WebGPU offers, and by which interface. */
async function webGPUAdapters(): Promise<WebGPUAdapter[]> {
  return (await listAdapters()).map((adapter) => ({
    name: adapterName(adapter.info),
    software: adapter.info.isFallbackAdapter,
    ...isOpenGL(adapter) && { openGL: true },
  }));
}

/** The variables by which people choose drivers, and by mistake hide them. */
function driverVariables(): Record<string, string> {
  const names = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];
  return Object.fromEntries(names.flatMap((name) => {
    const { state } = Deno.permissions.querySync({
      name: "env",
      variable: name,
    });
    const value = state === "granted" ? Deno.env.get(name) : undefined;
    return value === undefined ? [] : [[name, value]];
  }));
}

async function tryTraining(
  options: ExamineOptions,
): Promise<MachineReport["training"]> {
  try {
    const { backend, device, reason } = await selectBackend(options);
    return { backend, device, reason, limits: knownLimits(backend) };
  } catch (error) {
    return { reason: errorMessage(error) };
  }
}

/**
 * The report as text of at most 80 columns.
 *
 * @param report What {@linkcode examineMachine} found.
 * @returns Lines, the last one ended too.
 */
export function formatReport(report: MachineReport): string {
  const { training, gpu, facts, samples, processor } = report;
  const { vulkan, nvml } = facts;
  const wasm = Object.entries({
    SIMD: processor.wasm.simd,
    threads: processor.wasm.threads,
    "relaxed SIMD": processor.wasm.relaxedSimd,
  }).map(([feature, has]) => has ? feature : `no ${feature}`);
  const sections: [string, string[]][] = [
    [
      "Training will run on",
      [
        training.backend
          ? `${training.device} (${training.backend})`
          : "nothing: no backend starts",
        `Why: ${training.reason}.`,
      ],
    ],
    ...training.limits
      ? [["Known limits there", [...training.limits]] as [string, string[]]]
      : [],
    ["GPU", [gpu.finding, ...gpu.remedy ? [`Remedy: ${gpu.remedy}`] : []]],
    [
      "WebGPU shows",
      facts.webgpu.map(({ name, software, openGL }, i) =>
        `${i}: ${name}${software ? ", software" : ""}` +
        (openGL ? ", through OpenGL" : "")
      ),
    ],
    [
      "Vulkan shows",
      vulkan.devices.map((device) => {
        const own = device.heaps.filter(({ deviceLocal }) => deviceLocal);
        const bytes = Math.max(0, ...own.map(({ bytes }) => bytes));
        return `${device.name}: ${device.kind}, Vulkan ${device.apiVersion}, ` +
          `driver ${device.driver}, ${(bytes / 2 ** 30).toFixed(1)} GiB`;
      }),
    ],
    [
      "NVIDIA's NVML shows",
      [
        ...report.nvidiaDriver ? [`driver ${report.nvidiaDriver}`] : [],
        ...samples.map(formatGpuSample),
        ...(nvml.locked ?? []).map(({ index, problem }) =>
          `GPU ${index}: not to be opened (${problem})`
        ),
      ],
    ],
    [
      "Processor",
      [
        `${processor.architecture}, ${processor.threads} threads at once`,
        `WASM: ${wasm.join(", ")}`,
        ...wideHint(report),
        `Deno ${report.deno}`,
      ],
    ],
  ];
  const nothing: Record<string, string | undefined> = {
    "Vulkan shows": vulkan.problem?.message,
    "NVIDIA's NVML shows": nvml.problem?.message,
  };
  return sections.map(([title, lines]) => {
    const problem = nothing[title];
    const shown = lines.length > 0
      ? lines
      : [problem ? `nothing: ${problem}` : "nothing"];
    return `${title}\n${shown.map(indent).join("")}`;
  }).join("\n");
}

/** As lines of at most 80 columns, those after the first indented further. */
function indent(text: string): string {
  return `  ${wrap(text, 76).join("\n    ")}\n`;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Says what this machine can train on, and what is in the way of its GPU.",
    usage: "deno run -A jsr:@clr/clr/doctor [flags]",
    version: OWN_VERSION,
    flags: { json: { kind: "switch", help: "print the report as JSON" } },
    async main({ json }) {
      const report = await examineMachine();
      console.log(
        json ? JSON.stringify(report, null, 2) : formatReport(report).trimEnd(),
      );
      return 0;
    },
  });
}
