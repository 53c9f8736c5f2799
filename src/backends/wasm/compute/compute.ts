import { keysOf, recordOf } from "../../../runtime/records.ts";
import type { BackendWasm, TensorInfo } from "../_wasm_kernel.ts";
import { job } from "./_job.ts";
import { type Target, WORKSPACE_BYTES } from "./_kernel.ts";
import {
  type ComputeKernel,
  type KernelArguments,
  kernelArguments,
  kernelNumber,
} from "./_kernel_arguments.ts";
import { isRevectorizing } from "./revectorize.ts";
import { assembleComputeModule } from "./_module.ts";

/** The parts of the Emscripten module that lie under a backend. */
interface EmscriptenModule {
  readonly wasmMemory?: WebAssembly.Memory;
  readonly asm: Readonly<Record<string, unknown>>;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

interface ComputeExports {
  claim(job: number): void;
  /** Over shared memory only. */
  lead?(job: number): void;
}

/** Bytes that a kernel borrows from the backend's heap until disposal. */
export class Scratch implements Disposable {
  readonly address: number;
  readonly #module: EmscriptenModule;

  constructor(module: EmscriptenModule, bytes: number) {
    this.#module = module;
    // A 32-bit address comes back signed, and 0 when memory is exhausted.
    this.address = module._malloc(bytes) >>> 0;
    if (this.address === 0) {
      throw new RangeError(
        `Cannot compute on the WASM backend as its heap must have ${bytes} bytes more: its limit is reached`,
      );
    }
  }

  [Symbol.dispose](): void {
    this.#module._free(this.address);
  }
}

// Waking the other threads costs some microseconds; less work than this many
// multiplications is done before they are there.
const WORTH_WAKING = 200_000;

const PAGE_BYTES = 65_536;
/** A line of the processor's cache. */
const LINE_BYTES = 64;

const computes = new WeakMap<object, Compute>();

/** How large a job is. */
export interface Extent {
  /** The pieces that threads claim one by one. */
  readonly chunks: number;
  /** About how much work all of it is. */
  readonly multiplications: number;
}

/** Runs compute kernels over the memory of one WASM backend. */
export class Compute {
  readonly #module: EmscriptenModule;
  readonly #memory: WebAssembly.Memory;
  readonly #fused: boolean;
  readonly #exports: ComputeExports;
  readonly #job: number;
  #words: Int32Array;
  #threads = 1;

  constructor(wasm: object) {
    const module = wasm as EmscriptenModule;
    this.#module = module;
    const memory = module.wasmMemory ??
      Object.values(module.asm).find((value) =>
        value instanceof WebAssembly.Memory
      );
    if (memory === undefined) {
      throw new Error(
        "Cannot compute on the WASM backend as its module must export its memory: it does not",
      );
    }
    this.#memory = memory;
    const target = this.#target(0);
    const fused = assembleComputeModule({ ...target, fused: true });
    this.#fused = WebAssembly.validate(fused);
    const instance = new WebAssembly.Instance(
      new WebAssembly.Module(
        this.#fused
          ? fused
          : assembleComputeModule({ ...target, fused: false }),
      ),
      { env: { memory: this.#memory } },
    );
    this.#exports = instance.exports as unknown as ComputeExports;
    this.#job = new Scratch(module, job.size).address;
    this.#words = new Int32Array(0);
    this.#refresh().fill(0);
  }

  /** The one compute of a backend, made when it is first asked for. */
  static of(backend: BackendWasm): Compute {
    const { wasm } = backend;
    let compute = computes.get(wasm);
    if (compute === undefined) {
      compute = new Compute(wasm);
      computes.set(wasm, compute);
    }
    return compute;
  }

  /** What a thread's module is assembled for, with a new workspace. */
  #target(thread: number): Omit<Target, "fused"> {
    const bytes = WORKSPACE_BYTES + LINE_BYTES;
    const { address } = new Scratch(this.#module, bytes);
    const { buffer } = this.#memory;
    return {
      wide: isRevectorizing(),
      shared: !(buffer instanceof ArrayBuffer),
      pages: buffer.byteLength / PAGE_BYTES,
      thread,
      workspace: Math.ceil(address / LINE_BYTES) * LINE_BYTES,
    };
  }

  /** What another thread needs to help; the first one is number 1. */
  forThread(thread: number): {
    bytes: Uint8Array<ArrayBuffer>;
    memory: WebAssembly.Memory;
    job: number;
  } {
    const target = { ...this.#target(thread), fused: this.#fused };
    return {
      bytes: assembleComputeModule(target),
      memory: this.#memory,
      job: this.#job,
    };
  }

  /** From now on, so many threads compute, the calling one among them. */
  useThreads(count: number): void {
    this.#threads = count;
  }

  /** How many threads compute, the calling one among them. */
  get threads(): number {
    return this.#threads;
  }

  /** The job's words; memory that has grown needs a new view of them. */
  #refresh(): Int32Array {
    if (this.#words.buffer !== this.#memory.buffer) {
      this.#words = new Int32Array(
        this.#memory.buffer,
        this.#job,
        job.size / 4,
      );
    }
    return this.#words;
  }

  /** Borrows bytes from the backend's heap. */
  scratch(bytes: number): Scratch {
    return new Scratch(this.#module, bytes);
  }

  /** A view of floats in memory, valid until the next allocation. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  /** A view of integers in memory, valid until the next allocation. */
  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }

  /** Runs a job to its end. */
  run<Kernel extends ComputeKernel>(
    kernel: Kernel,
    args: KernelArguments<Kernel>,
    { chunks, multiplications }: Extent,
  ): void {
    const words = this.#refresh();
    words[job.next / 4] = 0;
    words[job.chunks / 4] = chunks;
    words[job.kernel / 4] = kernelNumber(kernel);
    const names: readonly (keyof typeof args)[] = kernelArguments[kernel];
    names.forEach((name, i) => {
      words[job.arguments / 4 + i] = args[name];
    });
    if (
      this.#threads > 1 && chunks > 1 && multiplications > WORTH_WAKING
    ) {
      this.#exports.lead!(this.#job);
    } else {
      this.#exports.claim(this.#job);
    }
  }
}

/** The address of a tensor's values in the backend's memory. */
export function addressOf(backend: BackendWasm, tensor: TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

/** The addresses of tensors, by the names under which a kernel takes them. */
export function addressesOf<Name extends string>(
  backend: BackendWasm,
  tensors: { readonly [N in Name]: TensorInfo },
): Record<Name, number> {
  return recordOf(keysOf(tensors), (name) => addressOf(backend, tensors[name]));
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of a float, as arguments carry them. */
export function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}
