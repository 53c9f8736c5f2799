/** Ends a training run again and again, and compares how it ends. */

import { fromFileUrl } from "@std/path";
import { type Random, seededRandom } from "../../../src/runtime/random.ts";

const RUN = fromFileUrl(new URL("_resumable_run.ts", import.meta.url));

/** Whatever ends a run: the first without a word, the others with time to save. */
export const ENDINGS = ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"] as const;

/** A run of so many batches. */
interface Run {
  readonly backend: string;
  readonly batches: number;
  /** Batches from one checkpoint to the next. */
  readonly every: number;
}

/** When and how a run is ended. */
interface Kill {
  /** After so many batches, */
  readonly lines: number;
  /** and so many milliseconds more. */
  readonly delay: number;
  readonly by: typeof ENDINGS[number];
}

/** Runs to the end, or is ended before. */
async function run(
  folder: string,
  { backend, batches, every }: Run,
  kill?: Kill,
): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", RUN, folder, backend, String(batches), String(every)],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines: string[] = [];
  let text = "";
  let left = kill?.lines ?? Infinity;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split("\n");
    text = parts.pop()!;
    const told = parts.filter((line) =>
      /^(start|batch|saved|done|damaged)/.test(line)
    );
    lines.push(...told);
    left -= told.filter((line) => line.startsWith("batch")).length;
    if (kill && left <= 0) {
      left = Infinity;
      await new Promise((resolve) => setTimeout(resolve, kill.delay));
      child.kill(kill.by);
    }
  }
  await child.status;
  return lines;
}

function numberOf(lines: readonly string[], word: string): number {
  return Number(
    lines.findLast((line) => line.startsWith(word))?.split(" ")[1] ?? 0,
  );
}

/** How a run ended that was never stopped, and one that was, `kills` times. */
export interface KillReport {
  readonly whole: string;
  readonly killed: string;
  /** How often each signal ended it. */
  readonly by: { readonly [signal: string]: number };
}

function drawKill(random: Random, endings: readonly Kill["by"][]): Kill {
  return {
    lines: 1 + Math.floor(random() * 2),
    delay: random() * 15,
    by: endings[Math.floor(random() * endings.length)],
  };
}

/**
 * Ends a run at `kills` batches, which the seed draws; the moment within a batch
 * is the machine's.
 *
 * @throws {Error} If more is lost than the batches since the last checkpoint, or
 * anything where there was time to save it, or a checkpoint is damaged.
 */
export async function killAndResume(
  training: Run,
  kills: number,
  { seed = 1, endings = ENDINGS }: {
    readonly seed?: number;
    readonly endings?: readonly Kill["by"][];
  } = {},
): Promise<KillReport> {
  const random = seededRandom(seed);
  const folder = await Deno.makeTempDir({ prefix: "clr-kill-" });
  const by: { [signal: string]: number } = {};
  try {
    const whole = await run(`${folder}/whole`, training);
    let trained = 0;
    let saved = 0;
    for (let i = 0; i < kills; i++) {
      const kill = drawKill(random, endings);
      const lines = await run(`${folder}/killed`, training, kill);
      const start = numberOf(lines, "start");
      const where = `kill ${i} of seed ${seed}, before ${kill.by}`;
      if (lines.some((line) => line.startsWith("damaged"))) {
        throw new Error(`A checkpoint was damaged: ${where}`);
      }
      if (start < saved || trained - start >= training.every) {
        throw new Error(
          `Too much was lost: started at ${start} after ${trained}, saved at ${saved}: ${where}`,
        );
      }
      if (lines.some((line) => line.startsWith("done"))) break;
      by[kill.by] = 1 + (by[kill.by] ?? 0);
      trained = Math.max(start, numberOf(lines, "batch"));
      saved = numberOf(lines, "saved");
      if (kill.by !== "SIGKILL" && saved < trained) {
        throw new Error(
          `Nothing was saved at ${trained}: ${where}: ${lines.join(", ")}`,
        );
      }
    }
    const rest = await run(`${folder}/killed`, training);
    return { whole: whole.at(-1)!, killed: rest.at(-1)!, by };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
