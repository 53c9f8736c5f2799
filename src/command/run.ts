import {
  DeviceLostError,
  GpuMemoryError,
  WebGPUUnavailableError,
} from "../backends/webgpu/errors.ts";
import { describeFlags } from "./describe_flags.ts";
import {
  aFunction,
  checkData,
  flag,
  listOf,
  optional,
  record,
  text,
  that,
} from "../runtime/check_data.ts";
import { checkFlags, type Flags, type FlagValues } from "./flags.ts";
import { parseFlags } from "./parse_flags.ts";
import { UsageError } from "./usage_error.ts";

import { isStopped, stoppedStatus } from "./interrupt.ts";
import { FolderInUseError } from "./lock_folder.ts";
import { tryToTell } from "./tell.ts";
import { systemCode } from "../runtime/system_error.ts";
import { VERSION } from "../runtime/version.ts";

/** A class of errors. */
// deno-lint-ignore no-explicit-any -- any constructor of errors will do
export type ErrorClass = abstract new (...args: any[]) => Error;

/** What {@linkcode runCommand} runs. */
export interface Command<F extends Flags> {
  /** A sentence for `--help` that says what it does. */
  readonly summary: string;
  /** How it is started, such as `deno run -A train.ts [flags]`. */
  readonly usage: string;
  /** Its flags; `--help` is added. */
  readonly flags: F;
  /** Whether it takes arguments without a flag. @default {false} */
  readonly positional?: boolean;
  /** What `--version` prints. @default {there is no such flag} */
  readonly version?: string;
  /** Does the work and returns the exit status. */
  readonly main: (values: FlagValues<F>) => number | Promise<number>;
  /** Errors of its own that a person can act on. @default {[]} */
  readonly expected?: readonly ErrorClass[];
}

const COMMAND = record({
  command: record({
    summary: text,
    usage: text,
    positional: optional(flag),
    version: optional(text),
    main: aFunction,
    expected: optional(listOf(aFunction)),
  }),
  args: listOf(text),
});

const STATUS = record({
  main: that(
    "return an exit status from 0 to 255",
    (value) =>
      Number.isInteger(value) && value as number >= 0 && value as number <= 255,
  ),
});

/** The flag that every command has. */
export const HELP_FLAGS = {
  help: { kind: "switch", help: "show this" },
} as const satisfies Flags;

/** The flag of a command that has a version. */
export const VERSION_FLAGS = {
  version: { kind: "switch", help: "show the version" },
} as const satisfies Flags;

/**
 * What `--version` of the package's own programs prints: its name and
 * {@linkcode VERSION}.
 *
 * @example
 * ```ts
 * import { OWN_VERSION } from "@clr/clr/command";
 *
 * console.log(OWN_VERSION.split(" ")[0]); // @clr/clr
 * ```
 */
export const OWN_VERSION: string = `@clr/clr ${VERSION}`;

/**
 * Runs a command line to its exit status: reads the flags, shows `--help` and
 * `--version`, and says what went wrong.
 *
 * Errors that a person can act on are shown as one line: bad usage (status 2); a
 * file that cannot be read or written, a value out of range, a GPU that is not
 * there, is lost or has no memory left, or one of `expected` (status 1). What a
 * signal stopped, as an `AbortError` says, ends with 128 and the number of the
 * signal: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP. Any other error is a
 * fault of the program and keeps its stack.
 *
 * @param command What to run.
 * @param args The command line. @default {Deno.args}
 * @throws {TypeError} If the command is none, its flags are none, or `main`
 * returns no exit status; and what `main` throws, where it is a fault of the
 * program.
 *
 * @example
 * ```ts
 * import { runCommand } from "@clr/clr/command";
 *
 * await runCommand({
 *   summary: "Says how long training takes.",
 *   usage: "deno run train.ts [flags]",
 *   flags: {
 *     epochs: { kind: "integer", min: 1, default: 6, help: "of training" },
 *   },
 *   main({ epochs }) {
 *     console.log(`${epochs} epochs`);
 *     return 0;
 *   },
 * }, ["--epochs", "3"]); // 3 epochs
 * ```
 */
export async function runCommand<const F extends Flags>(
  command: Command<F>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  checkData("run a command", { command, args }, COMMAND);
  checkFlags("run a command", command.flags);
  const { summary, usage, positional, version, main, expected } = command;
  const flags = {
    ...command.flags,
    ...version !== undefined && VERSION_FLAGS,
    ...HELP_FLAGS,
  };
  const showHelp = () =>
    console.log(`${summary}\n\n${usage}\n\n${describeFlags(flags)}`);
  await exitWith(() => {
    const values = orShowHelp(
      () => parseFlags(flags, args, { positional }),
      { args, showHelp },
    );
    if (values.help) showHelp();
    else if (version !== undefined && values.version) console.log(version);
    else return main(values);
    return 0;
  }, expected);
}

/** Whether a command line asks for help, whatever else is wrong with it. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  return flags.includes("--help") || flags.includes("-h");
}

/**
 * What `parse` reads of a command line. Where that cannot be read and asks for
 * help, as whoever was told "Run with --help" adds it, help is shown beside what
 * is wrong.
 */
export function orShowHelp<Values>(
  parse: () => Values,
  { args, showHelp }: {
    readonly args: readonly string[];
    readonly showHelp: () => void;
  },
): Values {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError) || !asksForHelp(args)) throw error;
    showHelp();
    throw new UsageError(error.message, { isInHelp: false });
  }
}

/**
 * Sets the exit status that `main` returns, or that its error stands for: the one
 * way in which a program ends. Where a signal stopped it, it ends then and there.
 */
export async function exitWith(
  main: () => number | Promise<number>,
  expected: readonly ErrorClass[] = [],
): Promise<void> {
  try {
    const status: unknown = await main();
    checkData("end the program", { main: status }, STATUS);
    Deno.exitCode = status as number;
  } catch (error) {
    Deno.exitCode = statusOf(error, expected);
  }
  // What was stopped may have left a timer or a connection behind, of data that
  // never came, which would keep the process waiting.
  if (isStopped()) Deno.exit(Deno.exitCode);
}

/** Says what went wrong and gives the exit status, or throws a program's fault. */
function statusOf(error: unknown, expected: readonly ErrorClass[]): number {
  if (error instanceof UsageError) {
    const help = error.isInHelp ? "\nRun with --help for the flags." : "";
    tryToTell(error.message + help);
    return 2;
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return stoppedStatus();
  }
  // A terminal that is gone takes no words, which is no fault of the run.
  if (systemCode(error) === "EIO" && isStopped()) return stoppedStatus();
  const isActionable = isOfPlace(error) ||
    [RangeError, FolderInUseError, ...expected].some((type) =>
      error instanceof type
    );
  if (!isActionable) throw error;
  const { message } = error as Error;
  tryToTell(`error: ${message}${whyNeeded(error)}`);
  return 1;
}

/** What the machine lacks, for which no program is at fault. */
const OF_PLACE: readonly ErrorClass[] = [
  ...Object.values(Deno.errors),
  WebGPUUnavailableError,
  DeviceLostError,
  GpuMemoryError,
];

/** Whether an error, or one that it tells of, is of where the program runs. */
function isOfPlace(error: unknown): boolean {
  return causesOf(error).some((cause) =>
    systemCode(cause) !== undefined ||
    OF_PLACE.some((type) => cause instanceof type)
  );
}

/** An error and its causes, the outermost first. */
function causesOf(error: unknown): unknown[] {
  const causes = [error];
  for (
    let { cause } = Object(error);
    cause !== undefined && !causes.includes(cause);
    { cause } = Object(cause)
  ) causes.push(cause);
  return causes;
}

/** What a permission is for, by the word that Deno names it with. */
const PERMISSIONS: readonly (readonly [RegExp, string])[] = [
  [/read access/, "to read data sets, modules and the parts of backends"],
  [/write access/, "to write results and checkpoints, or keep downloads"],
  [/net access/, "to download data sets, or to serve the live page"],
  [
    /env access/,
    "to find the folder for downloads, the desktop and the task of an array",
  ],
  [/sys access/, "to say what the machine computes on"],
  [/ffi access/, "to ask the GPU's driver"],
  [/run access/, "to start the programs that it compares with"],
];

/** Why a permission that Deno refused is needed, where it is that. */
function whyNeeded(error: unknown): string {
  const refused = causesOf(error).find((cause) =>
    cause instanceof Deno.errors.NotCapable
  );
  if (refused === undefined) return "";
  const { message } = refused as Error;
  const why = PERMISSIONS.find(([kind]) => kind.test(message))?.[1];
  return why === undefined ? "" : `. It is needed ${why}.`;
}
