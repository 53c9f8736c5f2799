import * as tf from "@tensorflow/tfjs";
import { VERSION, wrap } from "@clr/clr/command";
import { describeDevices } from "@clr/clr/devices";
import type { ImageBatches } from "../datasets/image_batches.ts";
import type { ClassifierRun } from "./classifier_run.ts";
import { describeEnd, formatDuration, type Plan } from "./plan.ts";
import { formatRate } from "./progress.ts";

/** Seconds that a training batch takes, on a model of its own. */
export async function measureBatch(
  { createModel }: ClassifierRun,
  batches: ImageBatches,
): Promise<number> {
  const model = createModel();
  const step = async () => {
    const { xs, ys } = batches.tensorsAt(0);
    await model.trainOnBatch(xs, ys);
    tf.dispose([xs, ys]);
  };
  // The first steps compile what there is to compile.
  let seconds = Infinity;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    await step();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  model.optimizer.dispose();
  model.dispose();
  return seconds;
}

/** Says what the run will do, and about how long that takes. */
export function printPlan(
  run: ClassifierRun,
  plan: Plan,
  secondsPerBatch: number,
): void {
  const { dataset, backend, schedule: { options } } = run;
  const rates = `${formatRate(options.baseLr)} to ${formatRate(options.maxLr)}`;
  const rows = [
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
    [
      "learning rate",
      `${options.mode}, ${rates}, ${plan.cycleLength} iterations a cycle`,
    ],
    [
      "cycles",
      `${Number(plan.cycles.toFixed(2))}; training ${describeEnd(plan)}`,
    ],
    ...run.lossNote ? [["loss", run.lossNote]] : [],
    ["time", `about ${formatDuration(secondsPerBatch * plan.iterations)}`],
  ];
  for (const [name, value] of rows) {
    console.log(name.padEnd(15) + wrap(value, 65).join(`\n${" ".repeat(15)}`));
  }
  console.log();
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
      schedule: run.schedule.options,
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
