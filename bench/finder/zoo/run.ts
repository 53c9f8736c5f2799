/**
 * Measures what training reaches with the finder's bounds, and with what other
 * finders suggest, on small problems of every kind:
 *
 * ```sh
 * deno task bench:zoo
 * ```
 *
 * Every part is kept in a file of its own, so that a run that was stopped goes
 * on where it was, and several processes can share the work (`--share 1/2`).
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import { selectBackend } from "@clr/clr/backends";
import { type FlagValues, runCommand } from "@clr/clr/command";
import {
  adviceTable,
  followAdvice,
  type FollowedRun,
  type FollowedWays,
} from "./advice.ts";
import { type Grid, trainGrid } from "./grid.ts";
import { judge, type Judged } from "./judge.ts";
import { findInOrders, type OneOrder, ordersTable } from "./orders.ts";
import { instantiate } from "./problem.ts";
import { judgeSpoiled, SPOILED, type SpoiledResult } from "./spoiled.ts";
import {
  type Measured,
  regretTable,
  spoiledTable,
  steadiness,
} from "./table.ts";
import { Laboratory } from "./train.ts";
import { type Entry, GROUPS, ZOO } from "./zoo.ts";

const FLAGS = {
  seeds: { kind: "integer", min: 1, default: 5, help: "seeds of each problem" },
  only: {
    kind: "text",
    value: "WORDS",
    help: "only problems whose name has these words",
  },
  group: {
    kind: "choice",
    choices: GROUPS,
    help: "only this group of the problems",
  },
  longer: {
    kind: "number",
    min: 1,
    default: 1,
    help: "times as many steps of each training",
  },
  share: {
    kind: "text",
    value: "I/N",
    default: "1/1",
    help: "which share of the work this process does",
  },
  out: {
    kind: "text",
    value: "DIR",
    default: "output/finder_zoo",
    help: "folder of the results",
  },
  orders: {
    kind: "integer",
    min: 0,
    default: 0,
    help:
      "instead, how the bounds of every sixth entry depend on so many orders of its batches",
  },
  advice: {
    kind: "switch",
    help: "instead, what the first remedy leads to where a verdict is not good",
  },
  report: { kind: "switch", help: "only write the table of what there is" },
} as const;

/** Of these entries, one in so many is tried with many orders of batches. */
const EVERY = 6;

async function cached<T>(path: string, make: () => Promise<T>): Promise<T> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const value = await make();
  await Deno.writeTextFile(path, JSON.stringify(value));
  return value;
}

async function readIfThere<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function keyOf({ problem, optimizer }: Entry, seed: number): string {
  return `${problem.name.replace(/\W+/g, "_")}-${optimizer}-${seed}`;
}

async function main(flags: FlagValues<typeof FLAGS>): Promise<number> {
  const { out, seeds, longer } = flags;
  const [share, shares] = flags.share.split("/").map(Number);
  for (const part of ["grid", "judged", "spoiled", "orders", "advice"]) {
    await Deno.mkdir(join(out, part), { recursive: true });
  }
  const { backend, device } = await selectBackend({
    backend: "wasm",
    threads: 1,
  });
  const origin = `tfjs ${tf.version.tfjs}, ${backend} on ${device}`;
  const entries = ZOO.filter(({ problem, group }) =>
    problem.name.includes(flags.only ?? "") &&
    (flags.group === undefined || group === flags.group)
  );
  const jobs = Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) =>
    entries.map((entry) => ({ entry, seed }))
  );
  const inOrders: { [problem: string]: readonly OneOrder[] } = {};
  for (const entry of entries.filter((_, i) => i % EVERY === 0)) {
    const { problem, optimizer } = entry;
    const path = join(out, "orders", `${keyOf(entry, 1)}.json`);
    const make = async () => {
      const instance = instantiate(problem, optimizer, 1);
      const found = await findInOrders(instance, flags.orders);
      instance.dispose();
      return found;
    };
    const found = flags.orders > 0 && !flags.report
      ? await cached(path, make)
      : await readIfThere<OneOrder[]>(path);
    if (found) inOrders[`${problem.name}, ${optimizer}`] = found;
  }
  const followed: FollowedRun[] = [];
  for (const [i, { entry, seed }] of jobs.entries()) {
    const { problem, optimizer } = entry;
    const key = keyOf(entry, seed);
    const path = join(out, "advice", `${key}.json`);
    const gridPath = join(out, "grid", `${key}.json`);
    if (flags.advice && !flags.report && i % shares === share - 1) {
      using laboratory = new Laboratory(instantiate(problem, optimizer, seed));
      const steps = Math.round(longer * laboratory.instance.steps);
      const ways = await cached(
        path,
        () => followAdvice(laboratory, { seed, steps }),
      );
      const isAdvised = Object.values(ways).some(({ remedy }) => remedy);
      if (isAdvised) await cached(gridPath, () => trainGrid(laboratory, steps));
      console.error(`${key}: ${i + 1} of ${jobs.length}`);
    }
    const one = await readIfThere<FollowedWays>(path);
    if (!one) continue;
    const grid = await readIfThere<Grid>(gridPath);
    const name = `${problem.name}, ${optimizer}, seed ${seed}`;
    followed.push({ name, followed: one, ...(grid && { grid }) });
  }
  const isOther = flags.report || flags.orders > 0 || flags.advice;
  const measured: Measured[] = [];
  for (const [i, { entry, seed }] of jobs.entries()) {
    const { problem, optimizer, group } = entry;
    const key = keyOf(entry, seed);
    const paths = [
      join(out, "grid", `${key}.json`),
      join(out, "judged", `${key}.json`),
    ];
    if (!isOther && i % shares === share - 1) {
      using laboratory = new Laboratory(instantiate(problem, optimizer, seed));
      const steps = Math.round(longer * laboratory.instance.steps);
      await cached(paths[0], () => trainGrid(laboratory, steps));
      await cached(
        paths[1],
        () => judge(laboratory, { optimizer, seed, steps }),
      );
      console.error(`${key}: ${i + 1} of ${jobs.length}`);
    }
    const grid = await readIfThere<Grid>(paths[0]);
    const judged = await readIfThere<Judged>(paths[1]);
    if (!grid || !judged) continue;
    measured.push({
      problem: problem.name,
      optimizer,
      seed,
      group,
      grid,
      judged,
    });
  }
  const spoiled: { [name: string]: SpoiledResult[] } = {};
  for (const problem of SPOILED) {
    for (let seed = 1; seed <= seeds; seed++) {
      const path = join(
        out,
        "spoiled",
        `${problem.name.replace(/\W+/g, "_")}-${seed}.json`,
      );
      const result = isOther || share > 1
        ? await readIfThere<SpoiledResult>(path)
        : await cached(path, () => judgeSpoiled(problem, seed));
      if (result) (spoiled[problem.name] ??= []).push(result);
    }
  }
  const sections = [`# A zoo of small problems\n\n${origin}`];
  for (const group of GROUPS) {
    const some = measured.filter((one) => one.group === group);
    if (some.length === 0) continue;
    const seeds = new Set(some.map(({ seed }) => seed)).size;
    sections.push(
      `## Problems ${group}: ${some.length} runs, ${seeds} ${
        seeds === 1 ? "seed" : "seeds"
      }`,
      regretTable(some),
      steadiness(some),
    );
  }
  if (Object.keys(inOrders).length > 0) {
    sections.push("## Orders of batches", ordersTable(inOrders));
  }
  if (followed.length > 0) {
    sections.push("## Advice that is followed", adviceTable(followed));
  }
  sections.push("## Spoiled problems", spoiledTable(spoiled));
  const text = sections.join("\n\n") + "\n";
  await Deno.writeTextFile(join(out, "report.md"), text);
  console.log(text);
  return 0;
}

if (import.meta.main) {
  await runCommand({
    summary:
      "Measures what training reaches with the finder's bounds and with others' rates.",
    usage: "deno task bench:zoo [flags]",
    flags: FLAGS,
    main,
  });
}
