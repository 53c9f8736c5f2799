import { show } from "./check_data.ts";

/**
 * Throws unless `signal` is an `AbortSignal`: anything else would never be seen
 * to abort.
 *
 * @throws {TypeError} `Cannot ACTION as signal must be an AbortSignal: …`.
 */
export function checkSignal(action: string, signal: unknown): void {
  const { aborted, signal: own } = Object(signal);
  if (typeof aborted === "boolean") return;
  throw new TypeError(
    `Cannot ${action} as signal must be an AbortSignal: current value is ${
      typeof own?.aborted === "boolean"
        ? "an AbortController; pass its signal"
        : show(signal)
    }`,
  );
}
