import { makeFolder } from "../runtime/make_folder.ts";
import { join } from "@std/path";
import { quote } from "./quote.ts";
import { checkData, optional, record, text } from "../runtime/check_data.ts";
import { checkFolder } from "../runtime/check_given.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    by: 0,
    flag: 0,
    name: 0,
  } satisfies Record<keyof LockFolderOptions, 0>,
);

const OPTIONS = record({
  by: text,
  flag: optional(text),
  name: optional(text),
});

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
  /**
   * What the names of the run's files begin with, where it shares the folder with
   * others: the rest of the folder is theirs.
   *
   * @default {""}
   */
  readonly name?: string;
}

/** Who has a folder, as the lock's file says. */
interface Holder {
  readonly pid: number;
  readonly host?: string;
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
    const { pid, host, by, since } = JSON.parse(
      await Deno.readTextFile(path),
    ) as Holder;
    const where = host === undefined ? "" : ` on ${host}`;
    return `process ${pid}${where} (${by}, since ${since}) does`;
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
    )}. Wait for it, or name another folder: ${flag} ${
      quote(`${folder}-${number}`)
    }`,
  );
}

/** Removes what writes of files left that begin with `prefix`. */
async function removeUnfinished(folder: string, prefix: string): Promise<void> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const isOwn = isFile && name.startsWith(prefix);
    if (isOwn && UNFINISHED.test(name)) await Deno.remove(path);
    // The checkpoints have their own lock.
    if (isDirectory && name === "model") await removeUnfinished(path, prefix);
  }
}

/** The name of this machine, as a folder may be shared by several. */
async function ownHost(): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({
    name: "sys",
    kind: "hostname",
  });
  return state === "granted" ? Deno.hostname() : undefined;
}

/**
 * Takes a folder, or with `name` a part of it, for the results of one run until it
 * is disposed or the process ends, however it does. The folder is made if it is
 * not there, and what a run that was killed had not finished writing is removed.
 *
 * The lock is the system's own on a file in the folder, so that it holds between
 * machines too where their shared file system has such locks, as NFS does.
 *
 * @param folder The folder.
 * @param options Who takes it.
 * @returns The lock, to be disposed of.
 * @throws {FolderInUseError} If another run has it; the message says which, and
 * names a folder that is free.
 * @throws {TypeError} If `folder` is no path, or an option no text.
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
  checkFolder("lock a folder", folder);
  checkData("lock a folder", options, OPTIONS);
  const { by, flag = "--out", name: prefix = "" } = options;
  await makeFolder("write results", folder);
  const path = join(folder, prefix === "" ? ".lock" : `.${prefix}.lock`);
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
    const holder: Holder = {
      pid: Deno.pid,
      host: await ownHost(),
      by,
      since,
    };
    await lock.truncate();
    await lock.write(new TextEncoder().encode(JSON.stringify(holder)));
    await removeUnfinished(folder, prefix);
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
