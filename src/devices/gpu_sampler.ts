/** Samples the GPUs now and then while a program trains. */

import type { NativeProblem } from "./_native_library.ts";
import { type GpuSample, openNvml } from "./nvml.ts";
import {
  checkData,
  checkOptions,
  finite,
  optional,
  record,
  show,
  text,
} from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    interval: 0,
    library: 0,
  } satisfies Record<keyof GpuSamplerOptions, 0>,
);

/** The most that a timer can wait; one that is to wait longer does not at all. */
const MOST_INTERVAL = 2 ** 31 - 1;

const SAMPLE = record({
  name: text,
  utilization: optional(finite),
  memoryUsed: optional(finite),
  memoryTotal: optional(finite),
  temperature: optional(finite),
  power: optional(finite),
  problem: optional(text),
});

/** Options of {@linkcode GpuSampler}. */
export interface GpuSamplerOptions {
  /**
   * Milliseconds from one sample to the next, from 1000 to 2³¹ − 1.
   *
   * @default {1000}
   */
  readonly interval?: number;
  /**
   * The path of NVML's library.
   *
   * @default the system's: `libnvidia-ml.so.1` or `nvml.dll`
   */
  readonly library?: string;
}

/**
 * Asks NVML at most once a second how busy the GPUs are, on another thread, and
 * keeps the latest answer. Where there is no NVML it does nothing at all. It
 * does not keep a program running, and stops when it is disposed of: by `using`
 * at once, by `await using` when the sample under way is done.
 *
 * @example Say how busy the GPU is
 * ```ts
 * import { formatGpuSample, GpuSampler } from "@clr/clr/devices";
 *
 * await using sampler = new GpuSampler();
 * // … train; then, in a progress line:
 * for (const sample of sampler.latest) console.log(formatGpuSample(sample));
 * ```
 */
export class GpuSampler implements Disposable, AsyncDisposable {
  /** Why there are no samples; undefined where NVML answers. */
  readonly problem: NativeProblem | undefined;
  #latest: readonly GpuSample[] = [];
  #stop: () => Promise<void>;

  /**
   * Starts to sample.
   *
   * @throws {RangeError} For an interval below 1000, or of more than 24 days.
   * @throws {TypeError} If `library` is no path.
   */
  constructor(options: GpuSamplerOptions = {}) {
    checkNames("sample the GPUs", options, NAMES);
    const { interval = 1000, library } = options;
    if (
      !(Number.isFinite(interval) && interval >= 1000 &&
        interval <= MOST_INTERVAL)
    ) {
      throw new RangeError(
        `Cannot sample the GPUs as interval must be from 1000 to ${MOST_INTERVAL} ms: current value is ${
          show(interval)
        }`,
      );
    }
    checkOptions("sample the GPUs", options, { library: text });
    const nvml = openNvml({ library });
    this.problem = nvml.problem;
    if (nvml.devices.length === 0) {
      nvml.close();
      this.#stop = () => Promise.resolve();
      return;
    }
    let underWay: Promise<void> | undefined;
    let stopped = false;
    const sample = async () => {
      const samples = await nvml.sample();
      if (!stopped) this.#latest = samples;
      underWay = undefined;
    };
    underWay = sample();
    const timer = setInterval(() => underWay ??= sample(), interval);
    Deno.unrefTimer(timer);
    this.#stop = async () => {
      stopped = true;
      clearInterval(timer);
      nvml.close();
      await underWay;
    };
  }

  /**
   * The latest sample of each GPU: empty before the first answer, and where
   * there is no NVML. Reading it costs nothing.
   */
  get latest(): readonly GpuSample[] {
    return this.#latest;
  }

  /** Stops sampling; the latest samples stay. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  /** Stops sampling and waits for the sample under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

/**
 * A sample in one line, such as `"NVIDIA H200: 87 % busy, 12.4 of 140.4 GiB,
 * 54 °C, 310 W"`. A reading that is absent is left out.
 *
 * @param sample One GPU's sample.
 * @returns The line; memory in GiB, which are 2³⁰ bytes.
 * @throws {TypeError} If the sample has no name, or a reading that is no number.
 *
 * @example
 * ```ts
 * import { formatGpuSample, openNvml } from "@clr/clr/devices";
 *
 * using nvml = openNvml();
 * for (const sample of await nvml.sample()) console.log(formatGpuSample(sample));
 * ```
 */
export function formatGpuSample(sample: GpuSample): string {
  checkData(
    "describe a sample of a GPU",
    { sample },
    record({ sample: SAMPLE }),
  );
  const { name, utilization, memoryUsed, memoryTotal, temperature, power } =
    sample;
  const readings = [
    utilization !== undefined && `${utilization} % busy`,
    memoryUsed !== undefined && memoryTotal !== undefined &&
    `${gibibytes(memoryUsed)} of ${gibibytes(memoryTotal)} GiB`,
    temperature !== undefined && `${temperature} °C`,
    power !== undefined && `${Math.round(power)} W`,
    sample.problem,
  ].filter(Boolean);
  return readings.length > 0 ? `${name}: ${readings.join(", ")}` : name;
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
