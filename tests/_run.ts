import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

/** How a program ended and what it said. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where, and with what environment besides, a program runs. */
export type RunOptions = Pick<Deno.CommandOptions, "cwd" | "env">;

/** Runs Deno to its end, in plain text. */
export async function runDeno(
  args: readonly string[],
  { cwd, env }: RunOptions = {},
): Promise<ProgramResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** What Deno prints, which is to end well. */
export async function outputOfDeno(
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runDeno(args, options);
  assertEquals(code, 0, stderr);
  return stdout;
}

/** Runs a program of this project, such as `examples/cifar10.ts`, to its end. */
export function runProgram(
  program: string,
  ...args: string[]
): Promise<ProgramResult> {
  const path = fromFileUrl(new URL(`../${program}`, import.meta.url));
  return runDeno(["run", "-A", path, ...args]);
}
