/**
 * Damaged data without end for every parser and constructor:
 *
 *     deno task fuzz --seed 7 --seconds 600
 *     deno task fuzz --seed 7 --target "fromKeras" --case 1234
 *
 * Prints how many cases each target had, and the highest memory. Exit status: 0,
 * or 1 when a case gave an error that is not meant for a person, took longer than
 * two minutes or memory grew beyond 1 GiB; the case is then named.
 */

import { type FlagValues, runCommand } from "@clr/clr/command";
import type { FuzzWork, Told } from "./_fuzz_worker.ts";
import type { FuzzFailure } from "./_run_case.ts";

const FLAGS = {
  seed: { kind: "integer", min: 0, default: 1, help: "of all that is drawn" },
  seconds: { kind: "integer", min: 1, default: 60, help: "how long" },
  target: { kind: "text", help: "one target alone" },
  case: { kind: "integer", min: 0, help: "one case alone" },
  first: {
    kind: "integer",
    min: 0,
    default: 0,
    help: "the case to begin with",
  },
} as const;

/**
 * A case that takes longer does not end: in looks of 200 ms, of which none passes
 * while the process is stopped or waits for a processor.
 */
const MOST_LOOKS = 600;
const MOST_MEMORY = 2 ** 30;

async function main(wanted: FlagValues<typeof FLAGS>): Promise<number> {
  const { _: __, ...work } = wanted;
  const counts = new Map<string, number>();
  const failures: FuzzFailure[] = [];
  let memory = 0;
  let hung = "";
  const worker = new Worker(
    new URL("_fuzz_worker.ts", import.meta.url),
    { type: "module" },
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  let looks = 0;
  worker.onmessage = ({ data }: MessageEvent<Told>) => {
    looks = 0;
    if (data.type === "ready") worker.postMessage(work satisfies FuzzWork);
    if (data.type === "progress") counts.set(data.target, data.cases);
    if (data.type === "failure") failures.push(data.failure);
    if (data.type === "done") resolve();
  };
  const watch = setInterval(() => {
    memory = Math.max(memory, Deno.memoryUsage().rss);
    if (looks++ < MOST_LOOKS) return;
    hung = [...counts.keys()].at(-1) ?? "the first target";
    resolve();
  }, 200);
  await promise;
  clearInterval(watch);
  worker.terminate();

  for (const [name, cases] of counts) {
    console.log(`${String(cases).padStart(10)}  ${name}`);
  }
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  console.log(
    `${total} cases of seed ${wanted.seed} from ${wanted.first} on: ${failures.length} errors that are not meant for a person, ${
      hung ? `hung after ${hung}` : "no hang"
    }, at most ${Math.round(memory / 2 ** 20)} MiB`,
  );
  for (const { target, index, error } of failures.slice(0, 20)) {
    console.error(
      `\n--seed ${wanted.seed} --target "${target}" --case ${index}\n${error}`,
    );
  }
  return failures.length > 0 || hung || memory > MOST_MEMORY ? 1 : 0;
}

await runCommand({
  summary: "Damages data without end for every parser and constructor.",
  usage: "deno task fuzz [flags]",
  flags: FLAGS,
  main,
});
