/** The folder that checkpoints lie in: their names, and who may write there. */

import { CheckpointError } from "./checkpoint_error.ts";
import { makeFolder } from "../../runtime/make_folder.ts";
import { fileSystem } from "../../runtime/builtin.ts";
import { whileLocked } from "../../runtime/file_lock.ts";
import { isMissing, systemCode } from "../../runtime/system_error.ts";

/** Where the checkpoint of that number lies. */
export function pathOf(folder: string, number: number): string {
  return `${folder}/${nameOf(number)}`;
}

function nameOf(number: number): string {
  return PREFIX + String(number).padStart(6, "0");
}

const PREFIX = "checkpoint-";

/** The file that makes a folder a checkpoint. */
export const HEADER_FILE = "checkpoint.json";

const UNFINISHED = /^(checkpoint|snapshot)-.*\.part$/;

/** The names in `folder`; none where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await fileSystem("look for checkpoints").readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    if (systemCode(error) !== "ENOTDIR") throw error;
    throw new CheckpointError(
      `Cannot look for checkpoints as ${folder} must be a folder: current value is a file`,
      { cause: error },
    );
  }
}

/** The numbers of the checkpoints in `folder`, the oldest first. */
export async function numbersIn(folder: string): Promise<number[]> {
  const names = await namesIn(folder);
  if (names.includes(HEADER_FILE)) {
    throw new CheckpointError(
      `Cannot look for checkpoints as it must be told the folder that they lie in: current value is ${folder}, which is one of them`,
    );
  }
  return names
    .map((name) => [name, Number(name.slice(PREFIX.length))] as const)
    // What is written in another way, or too large to count on from, is another's.
    .filter(([name, number]) =>
      Number.isSafeInteger(number + 1) && name === nameOf(number)
    )
    .map(([, number]) => number)
    .sort((a, b) => a - b);
}

/**
 * Whether the file beside the checkpoints is as long as it was noted to be: one
 * that is longer may be of a later checkpoint, which must stay whole, or of a
 * write that was cut.
 */
export async function hasSize(
  folder: string,
  { file, bytes }: { readonly file: string; readonly bytes: number },
): Promise<boolean> {
  try {
    const { size } = await fileSystem("save a checkpoint").stat(
      `${folder}/${file}`,
    );
    return size === bytes;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes what a process left that was killed while it wrote. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (UNFINISHED.test(name)) {
      await fileSystem("save a checkpoint").rm(`${folder}/${name}`, {
        recursive: true,
      });
    }
  }
}

/** The last call for each folder, as it was named. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Runs `write` while nobody else writes in `folder`, which is made: calls of this
 * process wait for each other, and other processes at a lock.
 *
 * @param write Is given the folder's path without links.
 */
export async function inTurn<T>(
  folder: string,
  write: (folder: string) => Promise<T>,
): Promise<T> {
  const previous = turns.get(folder);
  const turn = (async () => {
    await previous?.catch(() => {});
    const fs = fileSystem("save a checkpoint");
    await makeFolder("save a checkpoint", folder);
    const path = await fs.realpath(folder);
    return await whileLocked(`${path}/.lock`, () => write(path));
  })();
  turns.set(folder, turn);
  try {
    return await turn;
  } finally {
    if (turns.get(folder) === turn) turns.delete(folder);
  }
}
