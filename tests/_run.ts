import { fromFileUrl } from "@std/path";

/** How a program ended and what it said. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this project, such as `examples/cifar10.ts`, to its end. */
export async function runProgram(
  program: string,
  ...args: string[]
): Promise<ProgramResult> {
  const path = fromFileUrl(new URL(`../${program}`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Calls `body` with a folder that is gone afterwards. */
export async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * A folder that all tests of a file share: `make` fills it when the first of them
 * asks, and it is gone when the last is done.
 */
export function sharedFolder(
  make: (folder: string) => Promise<void>,
): () => Promise<string> {
  const folder = Deno.makeTempDirSync();
  Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
  let made: Promise<string> | undefined;
  return () => made ??= make(folder).then(() => folder);
}
