/** Options of {@linkcode UsageError}. */
export interface UsageErrorOptions {
  /** Whether `--help` tells what would be right. @default {true} */
  readonly isInHelp?: boolean;
}

/**
 * The command line cannot be understood; the message names the argument.
 * {@linkcode runCommand} shows the message alone, and ends with status 2.
 *
 * @example A check of one's own between two flags
 * ```ts
 * import { runCommand, UsageError } from "@clr/clr/command";
 *
 * await runCommand({
 *   summary: "Trains between two rates.",
 *   usage: "deno run train.ts [flags]",
 *   flags: {
 *     base: { kind: "number", above: 0, default: 0.001, help: "the lower rate" },
 *     max: { kind: "number", above: 0, default: 0.006, help: "the upper rate" },
 *   },
 *   main({ base, max }) {
 *     if (base > max) throw new UsageError("Cannot read --base: it must be <= --max");
 *     return 0;
 *   },
 * }, ["--base", "0.002"]);
 * ```
 */
export class UsageError extends Error {
  /** `"UsageError"`. */
  override name = "UsageError";
  /** Whether `--help` tells what would be right. */
  readonly isInHelp: boolean;

  /** An error with its message. */
  constructor(
    message: string,
    options: UsageErrorOptions = {},
  ) {
    super(message);
    this.isInHelp = options?.isInHelp ?? true;
  }
}
