import { UsageError } from "./flags.ts";

// deno-lint-ignore no-explicit-any -- any constructor of errors will do
type ErrorClass = abstract new (...args: any[]) => Error;

/**
 * Runs a command line to its exit status. Errors that a person can act on are
 * shown as one line: bad usage (status 2); a file that cannot be read or
 * written, a value out of range, or one of `expected` (status 1). What Ctrl-C
 * stopped, as an `AbortError` says, ends with status 130. Any other error is a
 * fault of the program and keeps its stack.
 */
export async function runCommand(
  main: () => Promise<number>,
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
