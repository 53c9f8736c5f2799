import { basename, dirname, join, resolve, toFileUrl } from "@std/path";
import { type Flags, UsageError } from "../command/flags.ts";
import type { Trainee, TrainingData } from "../finder/mod.ts";
import { meantName } from "../runtime/nearest_name.ts";
import type { Values } from "./flags.ts";

/** Data, and where they come with some, data to evaluate each rate on. */
export type TestedData = TrainingData<unknown> & {
  readonly validationData?: TrainingData<unknown>;
};

/** What the command needs of a module. */
export interface TestedModule {
  /** Makes what is trained. */
  createModel(flags: Values): Trainee<unknown> | Promise<Trainee<unknown>>;
  /** Makes what it is trained on. */
  createData(flags: Values): TestedData | Promise<TestedData>;
  /** Flags of the module's own. */
  readonly findLrFlags?: Flags;
}

/**
 * Loads the module that is tested, from a path or an address.
 *
 * @throws {UsageError} If it is not there, or lacks a function.
 */
export async function loadModule(path: string): Promise<TestedModule> {
  const url = await addressOf(path);
  let module: Partial<TestedModule>;
  try {
    module = await import(url.href);
  } catch (error) {
    // What the module itself throws keeps its stack.
    if (!isLoadingError(error)) throw error;
    throw new UsageError(`Cannot load ${path}: ${error.message}`);
  }
  for (const name of ["createModel", "createData"] as const) {
    if (typeof module[name] !== "function") {
      throw new UsageError(`${path} must export a function ${name}()`);
    }
  }
  return module as TestedModule;
}

/**
 * Where a module is: a path is taken from the current folder or, under
 * `deno task`, which changes it, from the one that the task was called in.
 */
async function addressOf(path: string): Promise<URL> {
  if (/^(https?|file|jsr|npm|data):/.test(path)) return new URL(path);
  const granted = await Deno.permissions.query({
    name: "env",
    variable: "INIT_CWD",
  });
  const called = granted.state === "granted" ? Deno.env.get("INIT_CWD") : "";
  for (const file of [resolve(path), resolve(called || ".", path)]) {
    try {
      if ((await Deno.stat(file)).isFile) return toFileUrl(file);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const nearest = await nearestFile(path);
  throw new UsageError(
    `There is no module ${path}${
      nearest === undefined ? "" : `; did you mean ${nearest}?`
    }`,
  );
}

/** The file that `path` nearly names, where there is one. */
async function nearestFile(path: string): Promise<string | undefined> {
  const files: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(dirname(path))) {
      if (isFile && /\.[mc]?[jt]sx?$/.test(name)) files.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const nearest = meantName(basename(path), files.sort());
  return nearest && join(dirname(path), nearest);
}

/** Whether Deno could not load a module, or one that it imports. */
function isLoadingError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return error instanceof SyntaxError ||
    typeof code === "string" && code.startsWith("ERR_") ||
    /^(Module not found|Import "|Relative import path)/.test(error.message);
}
