/**
 * Measures whether the bounds of one range test, and a schedule between them,
 * reach what the best fixed rate of a grid search reaches, and at what cost:
 *
 * ```sh
 * deno task bench:grid --cifar10 DIR --mnist DIR
 * ```
 *
 * Every training is a line of `records.jsonl`, and is not run again; a run that was
 * stopped goes on where it was. All of a seed begin with the same weights and
 * see the same batches.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { selectBackend } from "@clr/clr/backends";
import {
  type FlagValues,
  Interrupt,
  runCommand,
  writeFile,
} from "@clr/clr/command";
import { toSvg } from "@clr/clr/plots";
import { compare } from "./compare.ts";
import { differencesChart, headline } from "./picture.ts";
import { type Plan, plansBetween, stepDecay } from "./plans.ts";
import { PROBLEMS } from "./problems.ts";
import {
  dropHalfLine,
  type Found,
  type GridRecord,
  keepSearch,
  keyOf,
  readRecords,
} from "./record.ts";
import { gridMarkdown } from "./report.ts";
import { find, train } from "./train.ts";

/** The file of the results, a line of JSON each. */
const RECORDS = "records.jsonl";

const FLAGS = {
  seeds: { kind: "integer", min: 1, default: 5, help: "seeds of each problem" },
  only: {
    kind: "text",
    value: "NAME,...",
    help: "only these problems (default: all four)",
  },
  "search-only": {
    kind: "switch",
    help: "only the search, which does not depend on the range test",
  },
  cifar10: {
    kind: "text",
    value: "DIR|download",
    default: "download",
    help: "the folder of CIFAR-10",
  },
  mnist: {
    kind: "text",
    value: "DIR|download",
    default: "download",
    help: "the folder of MNIST",
  },
  out: {
    kind: "text",
    value: "DIR",
    default: "output/grid_search",
    help: "folder of the results: records.jsonl, report.md and its picture",
  },
  renew: {
    kind: "switch",
    help: "make the range tests and what follows anew, and keep the search",
  },
  report: { kind: "switch", help: "only write the report of what there is" },
  note: {
    kind: "text",
    value: "TEXT",
    help: "what to say of the data in the report, such as a lossy copy",
  },
} as const;

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { out, seeds, only, note } = flags;
  if (flags.report) return await report(out, note);
  const chosen = PROBLEMS.filter(({ name }) =>
    only === undefined || only.split(",").includes(name)
  );
  await selectBackend({ backend: "wasm", threads: 1 });
  await Deno.mkdir(out, { recursive: true });
  const path = join(out, RECORDS);
  await dropHalfLine(path);
  if (flags.renew) await keepSearch(path);
  const records = new Map(
    (await readRecords(path)).map((record) => [keyOf(record), record]),
  );
  const commit = await checkedOut();
  using interrupt = new Interrupt();

  /** The record of that key, made now if there is none. */
  async function once<R extends GridRecord>(
    key: Parameters<typeof keyOf>[0],
    make: () => Promise<Omit<R, "seconds">>,
  ): Promise<R> {
    const known = records.get(keyOf(key));
    if (known) return known as R;
    interrupt.signal.throwIfAborted();
    const start = performance.now();
    const made = await make();
    const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
    const record = { ...made, seconds } as R;
    records.set(keyOf(record), record);
    await Deno.writeTextFile(path, JSON.stringify(record) + "\n", {
      append: true,
    });
    console.log(JSON.stringify(record));
    return record;
  }

  for (let seed = 1; seed <= seeds; seed++) {
    for (const problem of chosen) {
      const data = await problem.load(flags);
      const id = { problem: problem.name, seed };
      const measure = (plan: Plan, names: { plan: string; lr?: number }) =>
        once({ kind: "trained", ...id, ...names }, async () => ({
          kind: "trained",
          ...id,
          ...names,
          iterations: plan.iterations,
          ...await train(problem, data, { seed, plan }),
        }));
      for (const lr of problem.rates) {
        await measure(stepDecay(lr, problem.iterations), { plan: "grid", lr });
      }
      if (flags["search-only"]) continue;
      const found = await once<Found>({ kind: "found", ...id }, async () => {
        const range = await find(problem, data, seed);
        return {
          kind: "found",
          ...id,
          baseLr: range.baseLr ?? null,
          maxLr: range.maxLr ?? null,
          verdict: range.verdict,
          commit,
          trained: range.cost!.trained,
          evaluated: range.cost!.evaluated,
        };
      });
      const { baseLr, maxLr } = found;
      if (baseLr !== null && maxLr !== null) {
        const plans = plansBetween({ baseLr, maxLr }, problem.iterations);
        for (const [name, plan] of Object.entries(plans)) {
          await measure(plan, { plan: name });
        }
      }
    }
  }
  return await report(out, note);
}

/** The commit that is checked out: the range test's rule goes on changing. */
async function checkedOut(): Promise<string> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["rev-parse", "--short", "HEAD"],
    cwd: import.meta.dirname,
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : "unknown";
}

/** Writes the report and its picture of the records in a folder. */
async function report(out: string, note: string | undefined): Promise<number> {
  const records = await readRecords(join(out, RECORDS));
  const outcomes = PROBLEMS.flatMap((problem) =>
    compare(problem, records) ?? []
  );
  if (outcomes.length === 0) {
    console.log(`No seed of any problem is finished in ${out}`);
    return 1;
  }
  const origin = `tfjs ${tf.version.tfjs} on WASM, 1 thread${
    note === undefined ? "" : `; ${note}`
  }`;
  const picture = await toSvg(differencesChart(outcomes, origin));
  await writeFile(join(out, "differences.svg"), picture);
  const text = gridMarkdown(outcomes, { origin, picture: headline(outcomes) });
  await writeFile(join(out, "report.md"), text);
  console.log(text);
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Measures a range test with a schedule between its bounds against a grid search.",
    usage: "deno task bench:grid [flags]",
    flags: FLAGS,
    main,
  });
}
