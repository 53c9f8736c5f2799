import { builtin, fileSystem, runningProcess } from "./builtin.ts";
import { isMissing, systemCode } from "./system_error.ts";

/**
 * Runs `body` while no other process does so with the same `path`, which becomes
 * a file. A process that is killed gives it up: in Deno by the system's own
 * locks; Node and Bun have none, and there the file names the process that holds
 * it. The two do not see each other.
 */
export function whileLocked<Result>(
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  return typeof Deno === "undefined"
    ? whileNamed(`${path}.pid`, body)
    : whileSystemLocked(path, body);
}

async function whileSystemLocked<Result>(
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    await file.lock(true);
    try {
      return await body();
    } finally {
      await file.unlock();
    }
  } finally {
    file.close();
  }
}

/** From one look at who holds the lock to the next. */
const WAIT_MILLISECONDS = 20;
/** Whoever has not written its name by then was killed before it could. */
const MOST_UNNAMED_MILLISECONDS = 10_000;

async function whileNamed<Result>(
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  const fs = fileSystem(`lock ${path}`);
  const { pid } = runningProcess()!;
  const name = JSON.stringify({
    pid,
    host: builtin("node:os")!.hostname(),
    id: crypto.randomUUID(),
  });
  for (;;) {
    try {
      await fs.writeFile(path, name, { flag: "wx" });
      break;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    if (!await removeIfDead(path)) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS));
    }
  }
  try {
    return await body();
  } finally {
    await fs.rm(path, { force: true });
  }
}

/** Removes the lock if the process that it names is gone. Whether it did. */
async function removeIfDead(path: string): Promise<boolean> {
  const fs = fileSystem(`lock ${path}`);
  try {
    const holder = await fs.readFile(path, "utf8");
    if (holder === "") {
      const { mtimeMs } = await fs.stat(path);
      if (Date.now() - mtimeMs < MOST_UNNAMED_MILLISECONDS) return false;
    } else if (isRunning(holder)) return false;
    // Out of the way first: another may have seen the same, removed it and taken
    // the lock since, whose name it then is.
    const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
    await fs.rename(path, aside);
    const isSame = await fs.readFile(aside, "utf8") === holder;
    if (!isSame) await fs.link(aside, path).catch(() => {});
    await fs.rm(aside);
    return isSame;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

/** Whether the process still runs, as far as can be seen from this machine. */
function isRunning(holder: string): boolean {
  let pid: unknown, host: unknown;
  try {
    ({ pid, host } = JSON.parse(holder));
  } catch {
    // Half a name: it is being written.
    return true;
  }
  if (host !== builtin("node:os")!.hostname()) return true;
  try {
    return runningProcess()!.kill(Number(pid), 0);
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}
