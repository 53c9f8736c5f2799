import { builtin, fileSystem, runningProcess } from "./builtin.ts";
import { isMissing, systemCode } from "./system_error.ts";

/** From one look at who holds the lock to the next. */
const WAIT_MILLISECONDS = 20;
/** Whoever has not written its name by then was killed before it could. */
const MOST_UNNAMED_MILLISECONDS = 10_000;

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Of this hold alone. */
  readonly id: string;
  /** When the process was started, where the system tells. */
  readonly started?: string | undefined;
}

/**
 * Runs `body` while no other process does so with the same `path`, which becomes
 * a file that names the process: for runtimes that know no locks of the system.
 * One whose process is gone is taken over.
 */
export async function whileNamed<Result>(
  path: string,
  body: () => Promise<Result>,
): Promise<Result> {
  const fs = fileSystem(`lock ${path}`);
  const { pid } = runningProcess()!;
  const holder: Holder = {
    pid,
    host: builtin("node:os")!.hostname(),
    id: crypto.randomUUID(),
    started: await startOf(pid),
  };
  const name = JSON.stringify(holder);
  while (!await write(path, name)) {
    if (await removeIfDead(path)) continue;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS));
  }
  try {
    return await body();
  } finally {
    await fs.rm(path, { force: true });
  }
}

/** Writes the name unless there is one. Whether it did. */
async function write(path: string, name: string): Promise<boolean> {
  const fs = fileSystem(`lock ${path}`);
  try {
    const file = await fs.open(path, "wx");
    try {
      await file.writeFile(name);
    } catch (error) {
      // On a full disk, say: half a name would keep everybody waiting.
      await fs.rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    return false;
  }
}

/** Removes the lock if the process that it names is gone. Whether it did. */
async function removeIfDead(path: string): Promise<boolean> {
  const fs = fileSystem(`lock ${path}`);
  try {
    const text = await fs.readFile(path, "utf8");
    const holder = holderIn(text);
    if (holder === undefined) {
      const { mtimeMs } = await fs.stat(path);
      // Clocks are set back at times, and then files are of the future.
      const age = Math.abs(Date.now() - mtimeMs);
      if (age < MOST_UNNAMED_MILLISECONDS) return false;
    } else if (await isRunning(holder)) return false;
    // Out of the way first: another may have seen the same, removed it and taken
    // the lock since, whose name it then is.
    const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
    await fs.rename(path, aside);
    const isSame = await fs.readFile(aside, "utf8") === text;
    if (!isSame) await fs.link(aside, path).catch(() => {});
    await fs.rm(aside);
    return isSame;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

/** The holder that a lock names; undefined of none, or half of one. */
function holderIn(text: string): Holder | undefined {
  let holder: Partial<Holder> | null;
  try {
    holder = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, host } = Object(holder);
  const isNamed = Number.isInteger(pid) && typeof host === "string";
  return isNamed ? holder as Holder : undefined;
}

/** Whether the process still runs, as far as can be seen from this machine. */
async function isRunning({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== builtin("node:os")!.hostname()) return true;
  try {
    runningProcess()!.kill(Number(pid), 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return false;
  }
  // After a restart, of a container above all, another process has the number.
  const now = started && await startOf(pid);
  return !now || now === started;
}

/** What tells a process from others of the same number, where the system says. */
async function startOf(pid: number): Promise<string | undefined> {
  const fs = fileSystem("ask for a process");
  try {
    const boot = await fs.readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8");
    // The name in the second field may hold anything; the time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot.trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}
