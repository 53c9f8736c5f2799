import { checkKind } from "../runtime/check_given.ts";
import * as tf from "@tensorflow/tfjs";
import { mendCpu } from "./cpu/mend_cpu.ts";
import { explainMissingKernels } from "./refused/missing_kernels.ts";
import { fuseOptimizers } from "./fused/optimizers.ts";
import { replaceGradients } from "./gradients/fast_gradients.ts";
import { mendGradients } from "./gradients/mend_gradients.ts";
import { mendLayers } from "./layers/mend_layers.ts";
import { mendKernels } from "./kernels/mend_kernels.ts";
import {
  enableWasmTraining,
  type WasmTrainingOptions,
} from "./enable_wasm_training.ts";
import { mendMomentumDispose } from "../tfjs/momentum_dispose.ts";
import { explainSlowBackend, silenceBanner } from "../tfjs/slow_backend.ts";
import { startWasm } from "./wasm/_start_wasm.ts";
import {
  WebGPUUnavailableError,
  type WebGPUUnavailableReason,
} from "./webgpu/errors.ts";
import { startWebGPU, type WebGPUOptions } from "./webgpu/start_webgpu.ts";
import { isRecord, keysOf } from "../runtime/records.ts";
import { show } from "../runtime/check_data.ts";
import { errorMessage } from "../runtime/error_message.ts";
import { checkSpelling } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    backend: 0,
    device: 0,
    threads: 0,
    winograd: 0,
    wasmPath: 0,
  } satisfies Record<keyof SelectBackendOptions, 0>,
);

/** A tfjs backend that training can run on. */
export type BackendName = "webgpu" | "wasm" | "cpu";

/** Options of {@linkcode selectBackend}. */
export interface SelectBackendOptions {
  /**
   * The backend to start, or `"auto"` for the fastest one that works here.
   *
   * @default {"auto"}
   */
  readonly backend?: "auto" | BackendName | undefined;
  /**
   * Which GPU of several: its number among those that WebGPU offers, from 0, or
   * a part of its name in letters of either case. With it, nothing but that GPU
   * will do. By default, the fastest.
   *
   * @default {undefined}
   */
  readonly device?: number | string | undefined;
  /**
   * How many threads the WASM backend computes on; the other backends have no
   * use for it. By default, one for each processor core; at most 64, each of
   * which takes some 10 MB. A browser has more than one only in a worker, of a
   * page that its server isolates (`crossOriginIsolated`).
   *
   * @default {Math.min(navigator.hardwareConcurrency, 64)}
   */
  readonly threads?: number | undefined;
  /**
   * Whether the WASM backend may compute convolutions in tiles by Winograd's
   * minimal filtering; {@linkcode WasmTrainingOptions} says what that gains and
   * costs. The other backends have no use for it.
   *
   * @default {true}
   */
  readonly winograd?: boolean | undefined;
  /**
   * In a browser, the address of the folder from which the `.wasm` files of
   * `@tensorflow/tfjs-backend-wasm` (in its `dist/`) are served, with the slash
   * at its end: a bundle does not hold them. Relative to the page, or in a worker
   * to its script. Elsewhere the package's own files are read.
   *
   * @default {the folder of the page, or of the worker's script}
   */
  readonly wasmPath?: string | undefined;
}

/** The backend that {@linkcode selectBackend} started. */
export interface SelectedBackend {
  /** The backend's name in tfjs, as `tf.getBackend()` gives it. */
  readonly backend: BackendName;
  /** What it computes on, such as `"WASM SIMD, 2 threads"` or a GPU's name. */
  readonly device: string;
  /** Why this one and, for each that was passed over, why not: one sentence. */
  readonly reason: string;
  /** The processor threads that compute; 1 on WebGPU and CPU. */
  readonly threads: number;
}

/** More threads than this are none that a step gains from. */
const MAX_THREADS = 64;

interface Started {
  readonly device: string;
  readonly threads: number;
  /** What the person should know about how it runs. */
  readonly note?: string;
}

async function startGpu(options: WebGPUOptions): Promise<Started> {
  const { device, isFallbackAdapter, isOpenGL } = await startWebGPU(options);
  const name = isOpenGL ? `${device} through OpenGL` : device;
  const note = isFallbackAdapter
    ? "this adapter computes in software, so WASM would be far faster"
    : isOpenGL
    ? "Vulkan has no driver for it, with which it would be faster: " +
      "`deno run -A jsr:@clr/clr/doctor` says what to do"
    : undefined;
  return { device: name, threads: 1, note };
}

async function startWasmTraining(
  threads: number,
  { wasmPath, ...options }: WasmTrainingOptions & { wasmPath?: string },
): Promise<Started> {
  await enableWasmTraining(options);
  return await startWasm(threads, wasmPath);
}

async function startCpu(): Promise<Started> {
  await tf.setBackend("cpu");
  return { device: "JavaScript, 1 thread", threads: 1 };
}

const gpuMissing: Partial<Record<WebGPUUnavailableReason, string>> = {
  "no-webgpu": "this runtime has no WebGPU",
  "no-adapter": "WebGPU finds no GPU",
  "software-adapter": "WebGPU finds no GPU but only a software adapter",
};

/** Why a backend was passed over, as part of a sentence. */
function whyNot(name: BackendName, error: unknown): string {
  const known = error instanceof WebGPUUnavailableError
    ? gpuMissing[error.reason]
    : undefined;
  return known ?? `${name} cannot start (${errorMessage(error)})`;
}

/**
 * Starts the fastest tfjs backend that this machine can train on and makes it
 * the current one: WebGPU where the adapter is real hardware, else WASM with
 * the training kernels of {@linkcode enableWasmTraining}, else tfjs's plain
 * JavaScript backend (`"cpu"`), which is too slow for anything but small dense
 * networks.
 *
 * @param options Which backend to start and on how many threads.
 * @returns What was started, on what, and why.
 * @throws {TypeError} For a `backend` that is none of the names.
 * @throws {RangeError} For a `device` with a backend that has none.
 * @throws {RangeError} For `threads` that is not a whole number from 1 to 64.
 * @throws {Error} If the backend that was asked for by name cannot start; the
 * message says why. With `"auto"` the next one is tried instead.
 *
 * @example Say what training will run on
 * ```ts
 * import { selectBackend } from "@clr/clr/backends";
 *
 * const { device, reason } = await selectBackend({ backend: "wasm" });
 * console.log(`Training on ${device}: ${reason}`);
 * ```
 */
export async function selectBackend(
  options: SelectBackendOptions = {},
): Promise<SelectedBackend> {
  // The flags of a command, which has others too, are handed on as they are.
  checkKind(
    "select a backend",
    {
      name: "options",
      value: options,
      must: typeof options === "string"
        ? `an object, { backend: "${options}" } say`
        : "an object",
    },
    isRecord(options),
  );
  checkSpelling("select a backend", options, NAMES);
  const {
    device,
    threads = Math.min(navigator.hardwareConcurrency, MAX_THREADS),
    winograd,
    wasmPath,
  } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new RangeError(
      `Cannot select a backend as threads must be a whole number from 1 to ${MAX_THREADS}: current value is ${
        show(threads)
      }`,
    );
  }
  for (
    const [name, value, type] of [["winograd", winograd, "boolean"], [
      "wasmPath",
      wasmPath,
      "string",
    ]] as const
  ) {
    const must = type === "boolean" ? "true or false" : "text";
    checkKind(
      "select a backend",
      { name, value, must },
      value === undefined || typeof value === type,
    );
  }
  const asked = options.backend ?? "auto";
  const backend = asked === "auto" && device !== undefined ? "webgpu" : asked;
  if (device !== undefined && backend !== "webgpu") {
    throw new RangeError(
      `Cannot select a device as backend must be "webgpu" or "auto": current value is ${
        show(backend)
      }`,
    );
  }
  silenceBanner();
  // Whichever starts: results are often compared with those of the CPU.
  explainMissingKernels();
  mendCpu();
  fuseOptimizers();
  replaceGradients();
  mendGradients();
  mendLayers();
  mendMomentumDispose();
  mendKernels();
  const starters: Record<BackendName, () => Promise<Started>> = {
    webgpu: () =>
      startGpu({
        allowSoftware: backend === "webgpu",
        ...device !== undefined && { device },
      }),
    wasm: () => startWasmTraining(threads, { winograd, wasmPath }),
    cpu: startCpu,
  };
  const names = keysOf(starters);
  if (backend !== "auto") {
    if (!names.includes(backend)) {
      throw new TypeError(
        `Cannot select a backend as backend must be "auto" or one of ${
          names.join(", ")
        }: current value is ${show(backend)}`,
      );
    }
    try {
      const { note, ...started } = await starters[backend]();
      const reason = ["asked for by name", note].filter(Boolean).join("; ");
      explainSlowBackend(undefined);
      return Object.freeze({ backend, reason, ...started });
    } catch (cause) {
      throw new Error(
        `Cannot start the ${backend} backend: ${errorMessage(cause)}`,
        { cause },
      );
    }
  }
  const passedOver: string[] = [];
  for (const name of names) {
    try {
      const { note, ...started } = await starters[name]();
      const why = passedOver.length === 0
        ? "the fastest backend works here"
        : `the fastest that works here, as ${passedOver.join(", and ")}`;
      const reason = [why, note].filter(Boolean).join("; ");
      if (name === "cpu") explainSlowBackend(`It is ${reason}.`);
      return Object.freeze({ backend: name, reason, ...started });
    } catch (error) {
      passedOver.push(whyNot(name, error));
    }
  }
  throw new Error(`Cannot start any backend: ${passedOver.join("; ")}`);
}
