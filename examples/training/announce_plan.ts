import * as tf from "@tensorflow/tfjs";
import { VERSION, wrap } from "@clr/clr/command";
import { describeDevices } from "@clr/clr/devices";
import type { ClassifierRun } from "./classifier_run.ts";
import { describeCycles, formatDuration, type Plan } from "./plan.ts";

/** What the run will do, name by name. */
export function planRows(
  run: ClassifierRun,
  plan: Plan,
): (readonly [name: string, value: string])[] {
  const { dataset, backend, rate } = run;
  const cycles = describeCycles(plan);
  return [
    ["model", run.modelName],
    [
      "images",
      `${plan.images} to train, ${dataset.test.count} to test (${dataset.name}, ${dataset.origin})`,
    ],
    ["backend", `${backend.backend} on ${backend.device}: ${backend.reason}`],
    [
      "epochs",
      `${plan.epochs} of ${plan.batchesPerEpoch} batches of ${plan.batchSize}: ${plan.iterations} iterations`,
    ],
    ["learning rate", rate.description],
    ...cycles === undefined ? [] : [["cycles", cycles] as const],
    ...run.lossNote ? [["loss", run.lossNote] as const] : [],
  ];
}

/**
 * Says what the run will do, and then about how long that takes.
 *
 * @param measure Gives the seconds; it takes some itself.
 */
export async function printPlan(
  run: ClassifierRun,
  plan: Plan,
  measure: () => Promise<number>,
): Promise<void> {
  for (const row of planRows(run, plan)) printRow(row);
  printRow(["time", `about ${formatDuration(await measure())}`]);
  console.log();
}

function printRow([name, value]: readonly string[]): void {
  console.log(name.padEnd(15) + wrap(value, 65).join(`\n${" ".repeat(15)}`));
}

/** The same and more, as JSON. */
export function planJson(run: ClassifierRun, plan: Plan): string {
  return JSON.stringify(
    {
      model: run.modelName,
      dataset: {
        name: run.dataset.name,
        origin: run.dataset.origin,
        note: run.dataset.originNote,
        trainImages: run.dataset.train.count,
        testImages: run.dataset.test.count,
      },
      plan,
      schedule: run.rate.options,
      seed: run.seed,
      options: run.options,
      backend: run.backend,
      devices: describeDevices(),
      versions: {
        "@clr/clr": VERSION,
        "@tensorflow/tfjs": tf.version.tfjs,
        deno: Deno.version.deno,
        os: `${Deno.build.os} ${Deno.build.arch}`,
      },
      started: new Date().toISOString(),
    },
    null,
    2,
  );
}
