import { join } from "@std/path";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    by: 0,
    flag: 0,
    file: 0,
  } satisfies Record<keyof LockFolderOptions, 0>,
);

/** A folder is taken: another run writes its results there. */
export class FolderInUseError extends Error {
  /** `"FolderInUseError"`. */
  override name = "FolderInUseError";
}

/** Options of {@linkcode lockFolder}. */
export interface LockFolderOptions {
  /** What takes it, for whoever finds it taken, such as `"examples/mnist.ts"`. */
  readonly by: string;
  /** The flag that names another folder. @default {"--out"} */
  readonly flag?: string;
  /** The name of the lock's file. @default {".lock"} */
  readonly file?: string;
}

/** Who has a folder, as the lock's file says. */
interface Holder {
  readonly pid: number;
  readonly by: string;
  readonly since: string;
}

/** What a write leaves beside its file when the process is killed. */
const UNFINISHED = /\.[0-9a-f]{8}\.part$/;

async function isFree(folder: string): Promise<boolean> {
  try {
    await Deno.lstat(folder);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

async function describeHolder(path: string): Promise<string> {
  try {
    const { pid, by, since } = JSON.parse(
      await Deno.readTextFile(path),
    ) as Holder;
    return `process ${pid} (${by}, since ${since}) does`;
  } catch {
    // It has taken the lock and not written yet who it is.
    return "another process does";
  }
}

async function refuse(
  folder: string,
  path: string,
  flag: string,
): Promise<never> {
  let number = 2;
  while (number < 1000 && !await isFree(`${folder}-${number}`)) number++;
  throw new FolderInUseError(
    `Cannot write results into ${folder} as no other run must: ${await describeHolder(
      path,
    )}. Wait for it, or name another folder: ${flag} ${folder}-${number}`,
  );
}

async function removeUnfinished(folder: string): Promise<void> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isFile && UNFINISHED.test(name)) await Deno.remove(path);
    // The checkpoints have their own lock.
    if (isDirectory && name === "model") await removeUnfinished(path);
  }
}

/**
 * Takes a folder for the results of one run, which is made if it is not there,
 * until it is disposed or the process ends, however it does. What a run that was
 * killed had not finished writing is removed.
 *
 * @throws {FolderInUseError} If another run has it; the message says which, and
 * names a folder that is free.
 * @throws What the file system throws if the folder cannot be written.
 *
 * @example
 * ```ts
 * import { lockFolder } from "@clr/clr/command";
 *
 * const folder = await Deno.makeTempDir();
 * using _lock = await lockFolder(folder, { by: "train.ts" });
 * ```
 */
export async function lockFolder(
  folder: string,
  options: LockFolderOptions,
): Promise<Disposable> {
  checkNames("lock a folder", options, NAMES);
  const { by, flag = "--out", file = ".lock" } = options;
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, file);
  const lock = await open(path);
  try {
    if (!await lock.tryLock(true)) await refuse(folder, path, flag);
    // Whoever had it may have removed the file since it was opened.
    if (!await isAt(path, lock)) {
      lock.close();
      return await lockFolder(folder, options);
    }
    const since = `${
      new Date().toISOString().slice(0, 16).replace("T", " ")
    } UTC`;
    const holder: Holder = { pid: Deno.pid, by, since };
    await lock.truncate();
    await lock.write(new TextEncoder().encode(JSON.stringify(holder)));
    await removeUnfinished(folder);
  } catch (error) {
    close(lock);
    throw error;
  }
  return {
    [Symbol.dispose]() {
      try {
        Deno.removeSync(path);
      } catch {
        // It does no harm: closing gives the lock up.
      }
      close(lock);
    },
  };
}

function open(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { create: true, read: true, write: true });
}

function close(file: Deno.FsFile): void {
  try {
    file.close();
  } catch {
    // It was closed before.
  }
}

/** Whether the open file is the one at `path`, as far as the system tells. */
async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [there, opened] = [await Deno.stat(path), await file.stat()];
    return there.ino === opened.ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
