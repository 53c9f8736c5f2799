import { whileNamed } from "./named_lock.ts";

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
