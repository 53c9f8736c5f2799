import { resolve, toFileUrl } from "@std/path";
import { type Flags, UsageError } from "../command/flags.ts";
import type { Trainee, TrainingData } from "../finder/mod.ts";
import type { Values } from "./flags.ts";

/** What the command needs of a module. */
export interface TestedModule {
  /** Makes what is trained. */
  createModel(flags: Values): Trainee<unknown> | Promise<Trainee<unknown>>;
  /** Makes what it is trained on. */
  createData(
    flags: Values,
  ): TrainingData<unknown> | Promise<TrainingData<unknown>>;
  /** Flags of the module's own. */
  readonly findLrFlags?: Flags;
}

/**
 * Loads the module that is tested, from a path or an address.
 *
 * @throws {UsageError} If it is not there, or lacks a function.
 */
export async function loadModule(path: string): Promise<TestedModule> {
  const url = /^(https?|file|jsr|npm|data):/.test(path)
    ? new URL(path)
    : toFileUrl(resolve(path));
  let module: Partial<TestedModule>;
  try {
    module = await import(url.href);
  } catch (error) {
    const missing = (error as { code?: string }).code ===
      "ERR_MODULE_NOT_FOUND";
    if (!missing || !`${error}`.includes(url.href)) throw error;
    throw new UsageError(`There is no module ${path}`);
  }
  for (const name of ["createModel", "createData"] as const) {
    if (typeof module[name] !== "function") {
      throw new UsageError(`${path} must export a function ${name}()`);
    }
  }
  return module as TestedModule;
}
