/** The command line cannot be understood; the message names the argument. */
export class UsageError extends Error {
  /** `"UsageError"`. */
  override name = "UsageError";
  /** Whether `--help` tells what would be right. */
  readonly isInHelp: boolean;

  /** An error with its message. */
  constructor(
    message: string,
    options: {
      /** Whether `--help` tells what would be right. @default {true} */
      isInHelp?: boolean;
    } = {},
  ) {
    super(message);
    this.isInHelp = options.isInHelp ?? true;
  }
}
