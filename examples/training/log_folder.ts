import { UsageError } from "@clr/clr/command";

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
