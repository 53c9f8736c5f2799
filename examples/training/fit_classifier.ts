import type * as tf from "@tensorflow/tfjs";
import type { LearningRateScheduler } from "@clr/clr";
import { Interrupt, writeFile } from "@clr/clr/command";
import { GpuSampler } from "@clr/clr/devices";
import type { LivePage } from "@clr/clr/plots";
import { Checkpointer, type TensorBoardLogger, toCsv } from "@clr/clr/training";
import type { ImageBatches } from "../datasets/image_batches.ts";
import { setSteps } from "../models/_counted_layer.ts";
import type { ClassifierRun } from "./classifier_run.ts";
import { LiveFollower } from "./live_follower.ts";
import { removeOlderResults } from "./older_results.ts";
import type { Plan } from "./plan.ts";
import { Progress } from "./progress.ts";
import { checkpointsOf, fitFrom, identityOf } from "./resume.ts";

/** What {@linkcode fitClassifier} needs. */
export interface Fit {
  readonly run: ClassifierRun;
  readonly plan: Plan;
  readonly model: tf.LayersModel;
  readonly batches: ImageBatches;
  readonly testBatches: ImageBatches;
  readonly live?: LivePage;
  /** Where the run is written until it has ended well. */
  readonly folder: string;
  /** Logs for TensorBoard. */
  readonly logger?: TensorBoardLogger;
}

/** How the training ended. */
export interface FitResult {
  readonly ending: "complete" | "interrupted" | "diverged";
  readonly seconds: number;
  /** Whether there was anything left to train. */
  readonly hasTrained: boolean;
  /** Whether the run has checkpoints, to go on from. */
  readonly canResume: boolean;
}

/** Trains to the end, to a signal such as Ctrl-C or to a loss that is no number. */
export async function fitClassifier(
  { run, plan, model, batches, testBatches, folder, live, logger }: Fit,
): Promise<FitResult> {
  const { rate: { scheduler, plateau }, epochs } = run;
  using interrupt = new Interrupt();
  await using sampler = new GpuSampler();
  const before = scheduler.totalIterations;
  setSteps(model, before);
  const checkpointer = run.checkpointEvery === undefined
    ? undefined
    : new Checkpointer(checkpointsOf(run), {
      scheduler,
      every: run.checkpointEvery,
      data: () => ({
        ...identityOf(run),
        plateau,
        every: run.checkpointEvery,
        log: run.log,
      }),
      // What was trained when it is stopped is saved there and then.
      signal: interrupt.signal,
    });
  const progress = new Progress({
    plan,
    scheduler,
    signal: interrupt.signal,
    sampler,
  });
  const start = performance.now();
  try {
    await fitFrom(model, batches, {
      start: before,
      epochs,
      validationData: testBatches.dataset(0, testBatches.perEpoch),
      stopped: () => interrupt.signal.aborted || progress.diverged,
      callbacks: [
        scheduler,
        ...(plateau ? [plateau] : []),
        ...(checkpointer ? [checkpointer] : []),
        ...(logger ? [logger] : []),
        progress,
        ...(live ? [followOn(live, run, sampler)] : []),
      ],
    });
  } finally {
    progress.stop();
    // Whatever ended the training, what was recorded is not lost.
    await scheduler.flush();
    if (scheduler.totalIterations > before) await removeOlderResults(folder);
    await writeHistory(folder, scheduler);
  }
  return {
    ending: progress.diverged
      ? "diverged"
      : interrupt.signal.aborted
      ? "interrupted"
      : "complete",
    hasTrained: scheduler.totalIterations > before,
    seconds: (performance.now() - start) / 1000,
    canResume: checkpointer !== undefined,
  };
}

/** Shows the run on its live page, with the use of the GPU where one computes. */
function followOn(
  live: LivePage,
  { backend: { backend, device }, dataset, rate }: ClassifierRun,
  sampler: GpuSampler,
): LiveFollower {
  return new LiveFollower(live, {
    run: rate.scheduler,
    facts: { backend, device, data: `${dataset.name}, ${dataset.origin}` },
    sampler: backend === "webgpu" ? sampler : undefined,
  });
}

async function writeHistory(
  folder: string,
  scheduler: LearningRateScheduler,
): Promise<void> {
  await writeFile(`${folder}/history.json`, JSON.stringify(scheduler));
  await writeFile(`${folder}/history.csv`, toCsv(scheduler.history));
}
