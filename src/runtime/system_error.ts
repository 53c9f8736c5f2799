/**
 * The system's code of an error that the system gave, such as "ENOSPC": no space,
 * no permission, a file that is gone. Deno has classes for some of them and plain
 * errors with a `code` for others.
 */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code)
    ? code
    : undefined;
}
