/** Python with PyTorch, where there is one: Debian's `python3-torch`, say. */

import { fromFileUrl } from "@std/path";

async function output(
  python: string,
  args: string[],
  input = "",
): Promise<string | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const result = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await result;
  if (success) return new TextDecoder().decode(stdout);
  if (input === "") return undefined;
  throw new Error(new TextDecoder().decode(stderr));
}

async function findPython(): Promise<string | undefined> {
  const chosen = Deno.env.get("PYTHON");
  for (const python of chosen ? [chosen] : ["python3", "/usr/bin/python3"]) {
    const check =
      "from importlib.util import find_spec as f; exit(not (f('torch') and f('numpy')))";
    if (await output(python, ["-c", check]) !== undefined) return python;
  }
  if (chosen) {
    throw new Error(
      `Cannot hold anything to PyTorch as the variable PYTHON must name a Python with torch and numpy: current value is ${chosen}`,
    );
  }
  console.log("No Python with PyTorch found: its checks are skipped.");
  return undefined;
}

/**
 * A Python that can import torch and numpy, or that of the variable `PYTHON`;
 * undefined where there is none.
 */
export const PYTHON: string | undefined = await findPython();

/** What a script makes of `input`, both as JSON. */
export async function runPython<T>(script: URL, input: unknown): Promise<T> {
  const path = fromFileUrl(script);
  const text = await output(PYTHON!, [path], JSON.stringify(input));
  return JSON.parse(text!);
}
