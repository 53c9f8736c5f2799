import { stripVTControlCharacters } from "node:util";
import { basename, dirname, join, resolve, toFileUrl } from "@std/path";
import { checkFlags, type Flags } from "../command/flags.ts";
import { tryToTell } from "../command/tell.ts";
import { UsageError } from "../command/usage_error.ts";
import type { Trainee, TrainingData } from "../finder/mod.ts";
import { meantName } from "../runtime/nearest_name.ts";
import { systemCode } from "../runtime/system_error.ts";
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

/** Milliseconds that a module's function takes without a word. */
const PATIENCE = 10_000;

/** A module that cannot be tested; the flags are in order. */
export class ModuleError extends UsageError {
  /** An error with its message. */
  constructor(message: string) {
    super(message, { isInHelp: false });
  }
}

/**
 * Throws where the functions of a module give what the other one is to.
 *
 * @throws {ModuleError} If they do.
 */
export function checkSwapped(path: string, model: unknown, data: unknown) {
  const isModel = (value: unknown) =>
    typeof Object(value).compile === "function" ||
    typeof Object(value).trainOnBatch === "function";
  if (isModel(model) || !isModel(data)) return;
  throw new ModuleError(
    `${path}: createModel() returns data and createData() a model: swap their names`,
  );
}

/**
 * The data of a module whose `createData` is a generator of batches, as the
 * function that makes them anew; other data as they are.
 */
export function repeatable(data: TestedData, again: () => unknown): TestedData {
  const { next, [Symbol.iterator]: batches, [Symbol.asyncIterator]: later } =
    Object(data);
  if (typeof next !== "function" || (batches ?? later) === undefined) {
    return data;
  }
  return async function* () {
    yield* await again() as AsyncIterable<unknown>;
  };
}

/**
 * Loads the module that is tested, from a path or an address.
 *
 * @throws {ModuleError} If it is not there, lacks a function, or describes flags
 * that are none.
 */
export async function loadModule(path: string): Promise<TestedModule> {
  const url = await addressOf(path);
  let module: Partial<TestedModule>;
  try {
    module = await import(url.href);
  } catch (error) {
    if (!isLoadingError(error)) throw new ModuleError(failureOf(path, error));
    // Deno colors what it says, also where it goes into a file.
    const message = stripVTControlCharacters(error.message);
    const advice = await adviceOnMap(url, message);
    throw new ModuleError(`Cannot load ${path}: ${message}${advice}`);
  }
  for (const name of ["createModel", "createData"] as const) {
    if (typeof module[name] === "function") continue;
    throw new ModuleError(
      `${path} must export a function ${name}()${found(name, module)}`,
    );
  }
  checkOwnFlags(path, module.findLrFlags);
  return module as TestedModule;
}

/** Throws where what a module says of its flags are none. */
function checkOwnFlags(path: string, flags: unknown): void {
  if (flags === undefined) return;
  try {
    checkFlags(`read findLrFlags of ${path}`, flags);
  } catch (error) {
    throw new ModuleError((error as Error).message);
  }
}

/** What a module exports in place of the function that is missing. */
function found(name: string, module: object): string {
  if (name in module) return ", and exports something else of that name";
  const names = Object.keys(module);
  const nearest = meantName(name, names);
  if (nearest !== undefined) return `; did you mean its ${nearest}?`;
  if (names.join() === "default") {
    return ", not as a part of its default export: export function " +
      `${name}() { … }`;
  }
  return names.length === 0
    ? "; it exports nothing"
    : `; it exports ${names.join(", ")}`;
}

/**
 * What a module's own code threw, with the places of its stack but those of this
 * package, which would lead nowhere.
 */
function failureOf(what: string, error: unknown): string {
  const { stack } = error instanceof Error ? error : {};
  const own = new URL("..", import.meta.url).href;
  const places = (stack ?? "").split("\n")
    .filter((line) => /^ {4}at /.test(line) && !line.includes(own));
  return [`${what}: ${String(error)}`, ...places].join("\n");
}

/**
 * Calls one of a module's functions, and says so where it takes its time.
 *
 * @throws {ModuleError} If it throws, with the places in the module.
 */
export async function callModule<K extends "createModel" | "createData">(
  path: string,
  name: K,
  call: () => ReturnType<TestedModule[K]>,
): Promise<Awaited<ReturnType<TestedModule[K]>>> {
  const waiting = setTimeout(
    () => tryToTell(`Waiting for ${name}() of ${path}`),
    PATIENCE,
  );
  try {
    return await call();
  } catch (error) {
    // What says in a line what to do is told as it is.
    const isTold = systemCode(error) !== undefined ||
      error instanceof Deno.errors.NotCapable ||
      error instanceof DOMException && error.name === "AbortError";
    if (isTold) throw error;
    throw new ModuleError(failureOf(`${path}: ${name}() failed`, error));
  } finally {
    clearTimeout(waiting);
  }
}

/** Files that people name in place of the module that reads or explains them. */
const OTHER_FILE =
  /\.(jsonc?|ya?ml|toml|wasm|onnx|css|csv|html?|ipynb|md|py|svg|png|txt)$/i;

/** Whether there is no such file: a part of the path may be one, too. */
function isNoSuchFile(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
}

/**
 * Where a module is: a path is taken from the current folder or, under
 * `deno task`, which changes it, from the one that the task was called in.
 */
async function addressOf(path: string): Promise<URL> {
  if (OTHER_FILE.test(path)) {
    throw new ModuleError(
      `Cannot load ${path}: a module is TypeScript or JavaScript that exports createModel() and createData()`,
    );
  }
  if (/^(https?|file|jsr|npm|data):/.test(path)) return new URL(path);
  const granted = await Deno.permissions.query({
    name: "env",
    variable: "INIT_CWD",
  });
  const called = granted.state === "granted" ? Deno.env.get("INIT_CWD") : "";
  for (const file of [resolve(path), resolve(called || ".", path)]) {
    try {
      const { isFile, isDirectory } = await Deno.stat(file);
      if (isFile) return toFileUrl(file);
      if (isDirectory) {
        throw new ModuleError(`${path} is a folder: name a module in it`);
      }
    } catch (error) {
      if (!isNoSuchFile(error)) throw error;
    }
  }
  const nearest = await nearestFile(path);
  throw new ModuleError(
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
    if (!isNoSuchFile(error)) throw error;
  }
  const nearest = meantName(basename(path), files.sort());
  return nearest && join(dirname(path), nearest);
}

/**
 * What to do where a project maps a package and this process, which was installed
 * for all projects, does not see it.
 */
async function adviceOnMap(url: URL, message: string): Promise<string> {
  const [, name] = /^Import "([^"]+)" not a dependency/.exec(message) ?? [];
  if (name === undefined || url.protocol !== "file:") return "";
  for (let folder = new URL(".", url);; folder = new URL("..", folder)) {
    for (const file of ["deno.json", "deno.jsonc", "package.json"]) {
      const text = await Deno.readTextFile(new URL(file, folder))
        .catch(() => "");
      if (!text.includes(`"${name}"`)) continue;
      return `\n  hint: ${file} maps it, but not for a program that was ` +
        "installed for all projects: in its folder,\n" +
        "  deno run -A jsr:@clr/clr/find-lr MODULE";
    }
    if (folder.pathname === "/" || folder.href === new URL("..", folder).href) {
      return "";
    }
  }
}

/** Whether Deno could not load a module, or one that it imports. */
function isLoadingError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return error instanceof SyntaxError ||
    typeof code === "string" && code.startsWith("ERR_") ||
    /^(Module not found|Import "|Relative import path)/.test(error.message);
}
