/** The flag of V8's that makes 256-bit instructions of pairs of 128-bit ones. */
export const REVECTORIZE_FLAG = "--experimental-wasm-revectorize";

/** What is granted already; asking would stop a program at a prompt. */
function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** The flags that V8 was started with, as far as they can be seen. */
function visibleFlags(): string {
  const found: string[] = [];
  if (isGranted({ name: "env", variable: "DENO_V8_FLAGS" })) {
    found.push(Deno.env.get("DENO_V8_FLAGS") ?? "");
  }
  // Only Linux shows a program how it was started, and Deno lets only those
  // read it that may do everything.
  if (Deno.build.os === "linux" && isGranted({ name: "read" })) {
    try {
      found.push(Deno.readTextFileSync("/proc/self/cmdline"));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
    }
  }
  return found.join(" ");
}

/**
 * Whether V8 was started with `--experimental-wasm-revectorize`, by the variable
 * `DENO_V8_FLAGS` or, on Linux, by `--v8-flags`. It cannot be set later.
 */
export function isRevectorizing(): boolean {
  if (typeof Deno === "undefined") return false;
  return visibleFlags().includes(REVECTORIZE_FLAG);
}
