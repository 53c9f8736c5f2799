import { DatasetError } from "./image_dataset.ts";

/**
 * The folder that downloads are kept in: `clr` in `$XDG_CACHE_HOME`, or where
 * that is not set in `~/.cache` (on Windows in `%LOCALAPPDATA%`).
 *
 * @throws {DatasetError} If the environment names none.
 */
export function cacheFolder(): string {
  const xdg = Deno.env.get("XDG_CACHE_HOME");
  // The XDG specification: a path that is not absolute is to be ignored.
  if (xdg?.startsWith("/")) return `${xdg}/clr`;
  // Each variable that is asked for takes a permission.
  const local = Deno.build.os === "windows" && Deno.env.get("LOCALAPPDATA");
  if (local) return `${local}/clr`;
  const home = Deno.env.get("HOME");
  if (!home) {
    throw new DatasetError(
      "Cannot find a cache folder as XDG_CACHE_HOME or HOME must be set: current value is neither",
    );
  }
  return `${home}/.cache/clr`;
}

/** Whether there is a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // A folder on the way is a file.
    if (error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Removes what was filled beside the folder `path` and never took its name. */
async function removeUnfinished(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  const [folder, prefix] = [path.slice(0, slash), `${path.slice(slash + 1)}.`];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || !name.startsWith(prefix)) continue;
    if (!/^[0-9a-f]{8}\.part$/.test(name.slice(prefix.length))) continue;
    await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}

/**
 * Fills the folder `path` exactly once, also when several processes ask for it
 * at the same time: `fill` writes into a folder beside it, which is renamed
 * when `fill` has succeeded and removed when it has not.
 *
 * @param onWait Called when another process is filling the folder.
 */
export async function fillOnce(
  path: string,
  fill: (beside: string) => Promise<void>,
  onWait: () => void = () => {},
): Promise<void> {
  if (await exists(path)) return;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  using lock = await Deno.open(`${path}.lock`, { create: true, write: true });
  if (!await lock.tryLock(true)) {
    onWait();
    await lock.lock(true);
  }
  try {
    if (await exists(path)) return;
    // Nobody else is at it, so these are of processes that were killed.
    await removeUnfinished(path);
    const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
    await Deno.mkdir(beside);
    try {
      await fill(beside);
      await Deno.rename(beside, path);
    } catch (error) {
      await Deno.remove(beside, { recursive: true });
      throw error;
    }
  } finally {
    await lock.unlock();
  }
}
