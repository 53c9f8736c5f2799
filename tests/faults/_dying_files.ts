/** A file system whose process dies at any of its operations. */

import process from "node:process";

type Files = typeof import("node:fs/promises");
type Call = (...args: unknown[]) => Promise<unknown>;

const OPERATIONS = [
  "mkdir",
  "open",
  "readFile",
  "readdir",
  "realpath",
  "rename",
  "rm",
  "stat",
] as const;

const OF_A_FILE = ["appendFile", "sync", "truncate", "write"] as const;

/** What the process would not live to see. */
export class Death extends Error {}

/**
 * Runs `body` with a file system that does so many operations and then none, as
 * if the process were killed: nothing that `body` does to clear up is done either.
 * A write that it dies in has written half.
 *
 * @returns Whether `body` came to its end.
 */
export async function dyingAfter(
  operations: number,
  body: () => Promise<void>,
): Promise<boolean> {
  const files: Files = process.getBuiltinModule("node:fs/promises");
  const table = files as unknown as Record<string, Call>;
  const own = Object.fromEntries(OPERATIONS.map((name) => [name, table[name]]));
  let left = operations;
  const mortal = (call: Call, half?: Call): Call => async (...args) => {
    if (left-- > 0) return await call(...args);
    if (left === -1) await half?.(...args);
    throw new Death("killed");
  };
  for (const name of OPERATIONS) table[name] = mortal(own[name]);
  const { open } = table;
  table.open = async (...args) => {
    const file = await open(...args);
    const calls = file as unknown as Record<string, Call>;
    const halves: Record<string, Call> = {
      write: async (...[data, from, length, at]) => {
        const few = (length as number) >> 1;
        if (few > 0) await write(data, from, few, at);
      },
    };
    const write = calls.write.bind(file);
    for (const name of OF_A_FILE) {
      calls[name] = mortal(calls[name].bind(file), halves[name]);
    }
    return file;
  };
  try {
    await body();
    return true;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    return false;
  } finally {
    Object.assign(files, own);
  }
}
