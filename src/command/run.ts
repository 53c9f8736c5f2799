import {
  describeFlags,
  type Flags,
  type FlagValues,
  parseFlags,
  UsageError,
} from "./flags.ts";

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
  /** Does the work and returns the exit status. */
  readonly main: (values: FlagValues<F>) => number | Promise<number>;
  /** Errors of its own that a person can act on. @default {[]} */
  readonly expected?: readonly ErrorClass[];
}

/** The flag that every command has. */
export const HELP_FLAGS = {
  help: { kind: "switch", help: "show this" },
} as const satisfies Flags;

/**
 * Runs a command line to its exit status: reads the flags, shows `--help`, and
 * says what went wrong.
 *
 * Errors that a person can act on are shown as one line: bad usage (status 2); a
 * file that cannot be read or written, a value out of range, or one of
 * `expected` (status 1). What Ctrl-C stopped, as an `AbortError` says, ends with
 * status 130. Any other error is a fault of the program and keeps its stack.
 *
 * @param command What to run.
 * @param args The command line. @default {Deno.args}
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
  const { summary, usage, positional, main, expected } = command;
  const flags = { ...command.flags, ...HELP_FLAGS };
  await exitWith(() => {
    const values = parseFlags(flags, args, { positional });
    if (!values.help) return main(values as FlagValues<Flags> as FlagValues<F>);
    console.log(`${summary}\n\n${usage}\n\n${describeFlags(flags)}`);
    return 0;
  }, expected);
}

/** Sets the exit status that `main` returns, or that its error stands for. */
export async function exitWith(
  main: () => number | Promise<number>,
  expected: readonly ErrorClass[] = [],
): Promise<void> {
  try {
    Deno.exitCode = await main();
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nRun with --help for the flags.`);
      Deno.exitCode = 2;
      return;
    }
    if (error instanceof DOMException && error.name === "AbortError") {
      Deno.exitCode = 130;
      return;
    }
    const actionable = [
      RangeError,
      ...Object.values(Deno.errors) as ErrorClass[],
      ...expected,
    ];
    if (!actionable.some((type) => error instanceof type)) throw error;
    console.error(`error: ${(error as Error).message}`);
    Deno.exitCode = 1;
  }
}
