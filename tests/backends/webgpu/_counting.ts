/** Counts what a program asks of the GPU, by the methods of its objects. */

/** The counted methods, by the name of their class. */
const METHODS: Record<string, readonly string[]> = {
  GPUDevice: ["createBuffer", "createBindGroup"],
  GPUQueue: ["submit", "writeBuffer"],
  GPUComputePassEncoder: ["dispatchWorkgroups"],
  GPUBuffer: ["mapAsync"],
};

/** How often each was called, and the bytes that were written. */
export interface Counts {
  readonly createBuffer: number;
  readonly createBindGroup: number;
  readonly submit: number;
  readonly writeBuffer: number;
  readonly dispatchWorkgroups: number;
  readonly mapAsync: number;
  readonly bytes: number;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Counts until it is disposed; with `empty`, no command computes anything. */
export class Counting implements Disposable {
  #counts: Record<string, number> = {};
  readonly #restore: (() => void)[] = [];

  constructor({ empty = false }: { empty?: boolean } = {}) {
    this.take();
    for (const [name, methods] of Object.entries(METHODS)) {
      const { prototype } =
        (globalThis as unknown as Record<string, { prototype: object }>)[name];
      for (const method of methods) {
        const holder = prototype as Record<string, Method>;
        const original = holder[method];
        const count = (bytes: number) => {
          this.#counts[method]++;
          this.#counts.bytes += bytes;
        };
        holder[method] = function (...args) {
          const isWrite = method === "writeBuffer";
          count(isWrite ? (args[2] as ArrayBuffer).byteLength : 0);
          const isEmpty = empty && method === "dispatchWorkgroups";
          return original.apply(this, isEmpty ? [0, 0, 0] : args);
        };
        this.#restore.push(() => holder[method] = original);
      }
    }
  }

  /** What was counted since the last time. */
  take(): Counts {
    const counts = this.#counts;
    this.#counts = { bytes: 0 };
    for (const method of Object.values(METHODS).flat()) {
      this.#counts[method] = 0;
    }
    return counts as unknown as Counts;
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }
}
