/** The modules of the runtime itself that are asked for. */
interface Builtins {
  readonly "node:fs/promises": typeof import("node:fs/promises");
  readonly "node:module": typeof import("node:module");
  readonly "node:os": typeof import("node:os");
  readonly "node:url": typeof import("node:url");
  readonly "node:worker_threads": typeof import("node:worker_threads");
}

interface Process {
  readonly pid: number;
  readonly execPath: string;
  kill(pid: number, signal: 0): true;
  getBuiltinModule<Name extends keyof Builtins>(
    name: Name,
  ): Builtins[Name] | undefined;
}

/** The process, in Deno, Node and Bun; undefined in a browser. */
export function runningProcess(): Process | undefined {
  const { process } = globalThis as { process?: Partial<Process> };
  return process?.getBuiltinModule ? process as Process : undefined;
}

/**
 * A module that Deno, Node and Bun bring along; undefined in a browser.
 *
 * It is not imported, as a bundler for browsers would look for it, and fail.
 */
export function builtin<Name extends keyof Builtins>(
  name: Name,
): Builtins[Name] | undefined {
  return runningProcess()?.getBuiltinModule(name);
}

/**
 * The file system.
 *
 * @throws {Error} `Cannot ACTION as …` in a browser, which has none.
 */
export function fileSystem(action: string): Builtins["node:fs/promises"] {
  const found = builtin("node:fs/promises");
  if (found) return found;
  throw new Error(
    `Cannot ${action} as it must have a file system: current value is a runtime without one, such as a browser`,
  );
}
