import { fileSystem } from "./builtin.ts";
import { refuseUrl } from "./check_given.ts";
import { systemCode } from "./system_error.ts";

/**
 * Makes a folder, and those that it is to lie in, unless it is there.
 *
 * @throws {Error} `Cannot ACTION as PATH must be a folder: …`, with the system's
 * `code`, where something else is there or above it, or it cannot be made.
 * @throws {RangeError} If `path` is a URL.
 * @throws {Error} If the runtime refuses the permission.
 */
export async function makeFolder(
  action: string,
  path: string,
): Promise<void> {
  refuseUrl(action, path);
  try {
    await fileSystem(action).mkdir(path, { recursive: true });
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    const found = code === "EEXIST"
      ? "current value is something else"
      : code === "ENOTDIR"
      ? "current value is below a file"
      : `it cannot be made (${(cause as Error).message})`;
    throw Object.assign(
      new Error(`Cannot ${action} as ${path} must be a folder: ${found}`, {
        cause,
      }),
      { code },
    );
  }
}
