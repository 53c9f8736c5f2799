import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "../../src/backends/wasm/_wasm_kernel.ts";

/** What a kernel took, without what other kernels took that it called. */
export interface KernelTime {
  calls: number;
  milliseconds: number;
}

/** Where values that were left for later are computed. */
const LATER = "computed when read";

/** Measures every kernel of the current backend from now on, by its name. */
export function profileKernels(): Map<string, KernelTime> {
  const times = new Map<string, KernelTime>();
  // The time that was spent in what the running kernels called.
  const inner: number[] = [];
  const timed = <Result>(name: string, body: () => Result): Result => {
    const start = performance.now();
    inner.push(0);
    try {
      return body();
    } finally {
      const whole = performance.now() - start;
      const time = times.get(name) ?? { calls: 0, milliseconds: 0 };
      times.set(name, time);
      time.calls++;
      time.milliseconds += whole - inner.pop()!;
      if (inner.length > 0) inner[inner.length - 1] += whole;
    }
  };
  for (const kernel of tf.getKernelsForBackend(tf.getBackend())) {
    const { kernelFunc } = kernel;
    kernel.kernelFunc = (call) =>
      timed(kernel.kernelName, () => kernelFunc(call));
  }
  const { dataIdMap } = tf.backend() as unknown as BackendWasm;
  const get = dataIdMap.get.bind(dataIdMap);
  dataIdMap.get = (dataId) => timed(LATER, () => get(dataId));
  return times;
}

/** The times of `steps` steps that took `total` ms each, the longest first. */
export function describeProfile(
  times: ReadonlyMap<string, KernelTime>,
  steps: number,
  total: number,
): string {
  const rows = [...times].map(([name, { calls, milliseconds }]) => ({
    name,
    calls: calls / steps,
    time: milliseconds / steps,
  })).filter(({ time }) => time > total / 1000);
  const sum = rows.reduce((part, { time }) => part + time, 0);
  rows.push({ name: "outside kernels", calls: 0, time: total - sum });
  rows.sort((a, b) => b.time - a.time);
  return rows.map(({ name, calls, time }) =>
    [
      name.padEnd(28),
      time.toFixed(2).padStart(9),
      " ms",
      `${(100 * time / total).toFixed(1)} %`.padStart(8),
      calls > 0 ? `${calls} calls`.padStart(14) : "",
    ].join("")
  ).join("\n");
}
