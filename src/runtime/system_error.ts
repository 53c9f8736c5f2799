/**
 * The system's code of an error that the system gave, such as "ENOSPC": no space,
 * no permission, a file that is gone. Deno has classes for some of them and plain
 * errors with a `code` for others.
 *
 * @param error Whatever was caught.
 * @returns The code, or undefined where the system did not give the error.
 *
 * @example
 * ```ts
 * import { systemCode, writeFile } from "@clr/clr/command";
 *
 * const file = await Deno.makeTempFile();
 * try {
 *   await writeFile(`${file}/history.csv`, "lr,loss");
 * } catch (error) {
 *   console.log(systemCode(error)); // ENOTDIR or EEXIST: there is a file
 * }
 * ```
 */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code)
    ? code
    : undefined;
}

/** Whether the system said that there is no such file. */
export function isMissing(error: unknown): boolean {
  return systemCode(error) === "ENOENT";
}

/** Whether Deno was not given the permission, of which no other runtime knows. */
export function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}
