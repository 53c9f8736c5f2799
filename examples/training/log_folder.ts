import { newLogFolder, UsageError } from "@clr/clr/command";

/**
 * Makes the folder that `--tensorboard` names, so that what is wrong with it is
 * said before any time is spent.
 *
 * @throws {UsageError} If it cannot be made.
 */
export async function makeLogFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  if (/^file:/i.test(path)) {
    throw new UsageError(
      `Cannot read --tensorboard: it must be a path, current value is the URL "${path}"`,
    );
  }
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new UsageError(
      `Cannot read --tensorboard: it must be a folder to write to, current value is "${path}" (${
        (error as Error).message
      })`,
    );
  }
}

/** What a run's checkpoint says of its logs. */
export interface SavedLog {
  /**
   * Where they are, after the name of the folder that was given; null where there
   * are none, absent in checkpoints that do not say.
   */
  readonly log?: string | null;
}

/**
 * The folder that a run logs into: the one it had, or `given`, or where that has
 * another run's logs, one within it.
 *
 * @param saved Of the checkpoint that the run goes on from, if it does.
 */
export async function logFolderOf(
  given: string,
  saved: SavedLog | undefined,
): Promise<string> {
  return saved === undefined || saved.log === null
    ? await newLogFolder(given)
    : given + (saved.log ?? "");
}

/** What a checkpoint is to say of a run that logs into `folder` for `given`. */
export function logOf(
  given: string | undefined,
  folder: string | undefined,
): string | null {
  return given === undefined || folder === undefined
    ? null
    : folder.slice(given.length);
}
