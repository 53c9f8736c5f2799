/** The steps of PyTorch on the same card, by `pytorch.py` beside this program. */

import { fromFileUrl } from "@std/path";

/** What `pytorch.py` prints, or why it prints nothing. */
export type PyTorchResult = Readonly<Record<string, unknown>>;

/**
 * Runs `pytorch.py`; `onResult` is given all that there is after each network.
 *
 * @param base The address of the program, beside which `gpu/` lies.
 */
export async function measurePyTorch(
  { python, args, base, onResult }: {
    python: string;
    args: readonly string[];
    base: string;
    onResult: (result: PyTorchResult) => Promise<void>;
  },
): Promise<PyTorchResult> {
  const script = fromFileUrl(new URL("gpu/pytorch.py", base));
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: [script, ...args],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { skipped: `${python} is not installed` };
  }
  const complaints = new Response(child.stderr).text();
  let last: PyTorchResult | undefined;
  let rest = "";
  for await (
    const text of child.stdout.pipeThrough(new TextDecoderStream())
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await onResult(last = JSON.parse(line));
  }
  const { success } = await child.status;
  if (success && last) return last;
  const [problem] = (await complaints).trim().split("\n").slice(-1);
  return { ...last, skipped: problem || "it failed" };
}
