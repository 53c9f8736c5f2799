/** Kills a training run again and again, and compares how it ends. */

import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";

const RUN = fromFileUrl(new URL("_resumable_run.ts", import.meta.url));

/** Runs to the end, or is killed after so many lines and milliseconds more. */
async function run(
  folder: string,
  backend: string,
  batches: number,
  kill?: { lines: number; delay: number },
): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", RUN, folder, backend, String(batches)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: string[] = [];
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split("\n");
    text = parts.pop()!;
    lines.push(...parts.filter((line) => /^(batch|done|damaged)/.test(line)));
    if (kill && lines.length >= kill.lines) {
      const { delay } = kill;
      kill = undefined;
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGKILL");
    }
  }
  await child.status;
  return lines;
}

/** How a run ended that was never stopped, and one that was killed `kills` times. */
export interface KillReport {
  readonly whole: string;
  readonly killed: string;
}

/** Kills a run of `batches` on `backend` at `kills` random batches. */
export async function killAndResume(
  backend: string,
  kills: number,
  batches: number,
): Promise<KillReport> {
  const folder = await Deno.makeTempDir({ prefix: "clr-kill-" });
  try {
    const whole = await run(`${folder}/whole`, backend, batches);
    for (let i = 0; i < kills; i++) {
      const lines = await run(`${folder}/killed`, backend, batches, {
        lines: 1 + Math.floor(Math.random() * 2),
        delay: Math.random() * 15,
      });
      if (lines.some((line) => line.startsWith("done"))) {
        throw new Error(`The run ended before kill ${i + 1} of ${kills}`);
      }
    }
    const rest = await run(`${folder}/killed`, backend, batches);
    return { whole: whole.at(-1)!, killed: rest.at(-1)! };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { kills: given = 30 } = parseArgs(Deno.args, { string: ["kills"] });
  const kills = Number(given);
  for (const backend of ["wasm", "cpu"]) {
    const report = await killAndResume(backend, kills, 6 * kills);
    const same = report.whole === report.killed;
    console.log(
      `${backend}: ${kills} kills in ${6 * kills} batches: ${
        same ? "bit for bit the same" : "DIFFERENT"
      } (${report.whole}, ${report.killed})`,
    );
    if (!same) Deno.exit(1);
  }
}
