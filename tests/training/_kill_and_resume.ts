/** Kills a training run again and again, and compares how it ends. */

import { fromFileUrl } from "@std/path";
import { runCommand } from "../../src/command/run.ts";
import { seededRandom } from "../../src/runtime/random.ts";

const RUN = fromFileUrl(new URL("_resumable_run.ts", import.meta.url));

/** A run of so many batches. */
interface Run {
  readonly backend: string;
  readonly batches: number;
}

/** Runs to the end, or is killed after so many lines and milliseconds more. */
async function run(
  folder: string,
  { backend, batches }: Run,
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

/**
 * Kills a run at `kills` batches, which the seed draws; the moment within a batch
 * is the machine's.
 */
export async function killAndResume(
  training: Run,
  kills: number,
  seed = 1,
): Promise<KillReport> {
  const random = seededRandom(seed);
  const folder = await Deno.makeTempDir({ prefix: "clr-kill-" });
  try {
    const whole = await run(`${folder}/whole`, training);
    for (let i = 0; i < kills; i++) {
      const lines = await run(`${folder}/killed`, training, {
        lines: 1 + Math.floor(random() * 2),
        delay: random() * 15,
      });
      if (lines.some((line) => line.startsWith("done"))) {
        throw new Error(`The run ended before kill ${i + 1} of ${kills}`);
      }
    }
    const rest = await run(`${folder}/killed`, training);
    return { whole: whole.at(-1)!, killed: rest.at(-1)! };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  await runCommand({
    summary: "Kills a checkpointed training run and compares how it ends.",
    usage: "deno task test:kill [flags]",
    flags: {
      kills: { kind: "integer", min: 1, default: 30, help: "of each run" },
      seed: { kind: "integer", default: 1, help: "of the batches to kill at" },
    },
    async main({ kills, seed }) {
      for (const backend of ["wasm", "cpu"]) {
        const training = { backend, batches: 6 * kills };
        const report = await killAndResume(training, kills, seed);
        const same = report.whole === report.killed;
        console.log(
          `${backend}, seed ${seed}: ${kills} kills in ${6 * kills} batches: ${
            same ? "bit for bit the same" : "DIFFERENT"
          } (${report.whole}, ${report.killed})`,
        );
        if (!same) return 1;
      }
      return 0;
    },
  });
}
