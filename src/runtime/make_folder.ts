import { fileSystem } from "./builtin.ts";
import { systemCode } from "./system_error.ts";

/**
 * Makes a folder, and those that it is to lie in, unless it is there.
 *
 * @throws {Error} `Cannot ACTION as PATH must be a folder: …` where something
 * else is there, or above it, with the system's `code`.
 * @throws What else the file system throws.
 */
export async function makeFolder(
  action: string,
  path: string,
): Promise<void> {
  try {
    await fileSystem(action).mkdir(path, { recursive: true });
  } catch (cause) {
    const code = systemCode(cause);
    if (code !== "EEXIST" && code !== "ENOTDIR") throw cause;
    const what = code === "EEXIST" ? "something else" : "below a file";
    throw Object.assign(
      new Error(
        `Cannot ${action} as ${path} must be a folder: current value is ${what}`,
        { cause },
      ),
      { code },
    );
  }
}
