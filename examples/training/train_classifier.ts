import * as tf from "@tensorflow/tfjs";
import { join } from "@std/path";
import type { CyclicLR, LearningRateRange } from "@clr/clr";
import {
  DeviceLostError,
  preflight,
  PreflightError,
  type SelectedBackend,
} from "@clr/clr/backends";
import { describeDevices, GpuSampler } from "@clr/clr/devices";
import type { LivePage } from "@clr/clr/plots";
import { Checkpointer, CheckpointError, toCsv } from "@clr/clr/training";
import denoJson from "../../deno.json" with { type: "json" };
import {
  type ClassificationReport,
  classificationReport,
} from "../../src/metrics/classification_report.ts";
import { livePort, openLivePage } from "../../src/command/pictures.ts";
import { wrap } from "../../src/runtime/wrap.ts";
import { writeFile } from "../../src/runtime/write_file.ts";
import type { Augmentation } from "../datasets/augmentation.ts";
import { ImageBatches } from "../datasets/image_batches.ts";
import { DatasetError, type ImageDataset } from "../datasets/image_dataset.ts";
import type { Normalization } from "../datasets/normalization.ts";
import { setSteps } from "../models/_counted_layer.ts";
import { Interrupt } from "../../src/command/interrupt.ts";
import { LiveFollower } from "./live_follower.ts";
import { saveModel } from "./model_files.ts";
import { writeOnnxModel } from "./onnx_model.ts";
import { writePictures } from "./pictures.ts";
import { describeEnd, formatDuration, makePlan, type Plan } from "./plan.ts";
import { formatRate, Progress } from "./progress.ts";
import { fitFrom, identityOf, resumeRun } from "./resume.ts";

/** What {@linkcode trainClassifier} is given. */
export interface ClassifierRun {
  /** Said in the plan and the files, such as "CIFAR-10 quick". */
  readonly modelName: string;
  /** What the reader of the losses should know about them. */
  readonly lossNote?: string;
  /** Makes a compiled model with the metric `acc`; called twice. */
  readonly createModel: () => tf.LayersModel;
  readonly dataset: ImageDataset;
  readonly normalization: Normalization;
  /** How the training images are varied. @default {not at all} */
  readonly augmentation?: Augmentation;
  readonly schedule: CyclicLR;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly backend: SelectedBackend;
  /** The range test that the schedule's bounds come from, for the report. */
  readonly range?: LearningRateRange;
  /** Whether to write pictures and a report to look at. @default {true} */
  readonly plots?: boolean;
  /** Shows the run in a browser; the text is the port, or "" for any. */
  readonly live?: string;
  /** Whether to write the model as ONNX too, and evaluate that. @default {false} */
  readonly onnx?: boolean;
  /** Folder of the results. */
  readonly out: string;
  /** Saves a checkpoint every so many batches. Without it, none. */
  readonly checkpointEvery?: number;
  /** Goes on from the newest checkpoint in `out`. @default {false} */
  readonly resume?: boolean;
  /** Every option of the command line, for `plan.json`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a person can act on of what goes wrong in such a program. */
export const CLASSIFIER_ERRORS = [
  CheckpointError,
  DatasetError,
  DeviceLostError,
  PreflightError,
] as const;

/**
 * Finds fault with a folder or a port for the results before any time is spent.
 *
 * @throws {UsageError} When `live` is no port.
 * @throws What the file system throws if `out` cannot be a folder.
 */
export async function checkPlaces(
  { out, live }: Pick<ClassifierRun, "out" | "live">,
): Promise<void> {
  livePort(live);
  await Deno.mkdir(out, { recursive: true });
}

/** How a training run ended. */
export interface ClassifierResult {
  readonly ending: "complete" | "interrupted" | "diverged";
  /** Absent unless the training is complete. */
  readonly report?: ClassificationReport;
}

/**
 * Trains an image classifier with a cyclical learning rate and shows a person
 * what happens: the plan, the progress, the accuracy on the test images class
 * by class, and files with all of it.
 *
 * @throws What the file system throws if `out` cannot be written, and
 * `PreflightError` if the backend cannot train the model, both before any time
 * is spent on training.
 */
export async function trainClassifier(
  run: ClassifierRun,
): Promise<ClassifierResult> {
  const { dataset, schedule, epochs, batchSize, normalization, seed } = run;
  const batches = new ImageBatches(dataset, "train", {
    batchSize,
    normalization,
    augmentation: run.augmentation,
    seed,
  });
  const testBatches = new ImageBatches(dataset, "test", {
    batchSize,
    normalization,
    shuffle: false,
  });
  const { stepSize, stepSizeDown } = schedule.options;
  const plan = makePlan({
    images: batches.count,
    batchSize,
    epochs,
    cycleLength: stepSize + stepSizeDown,
  });
  await writeFile(join(run.out, "plan.json"), planJson(run, plan));
  const model = run.createModel();
  await preflight(model);
  printPlan(run, plan, await measureBatch(run, batches));

  await using live = await openLivePage(run.live, {
    title: run.modelName,
    iterations: plan.iterations,
  });
  const { ending, seconds, checkpointer } = await fit({
    run,
    plan,
    model,
    batches,
    testBatches,
    live,
  });
  if (ending === "diverged") {
    const { lr, loss } = schedule.history;
    const at = loss.findIndex((value) => !Number.isFinite(value));
    await live?.end(`Diverged at iteration ${at + 1}`, schedule);
    console.error(
      `The loss is not a number any more at iteration ${
        at + 1
      }, learning rate ${
        formatRate(lr[at])
      }: training stopped. Lower --max-lr. The history is in ${run.out}.`,
    );
    model.dispose();
    return { ending };
  }

  await saveModel(model, join(run.out, "model"));
  if (ending === "interrupted") {
    await live?.end("Stopped", schedule);
    await checkpointer?.save();
    console.log(
      `Stopped after ${schedule.totalIterations} of ${plan.iterations} iterations. ` +
        `The model and the history so far are in ${run.out}.` +
        (checkpointer ? " --resume goes on from here." : ""),
    );
    model.dispose();
    return { ending };
  }

  const evaluation = await evaluateClassifier(model, testBatches, dataset);
  const { report } = evaluation;
  const accuracy = `${(100 * report.accuracy).toFixed(2)} %`;
  console.log(
    `\nTest accuracy ${accuracy} on ${dataset.test.count} images after ` +
      `${plan.iterations} iterations in ${formatDuration(seconds)} ` +
      `(${run.backend.backend}, ${run.backend.device}; ${dataset.name}, ${dataset.origin})\n`,
  );
  console.log(`${report}`);
  await live?.end(
    `Test accuracy ${accuracy} after ${formatDuration(seconds)}`,
    schedule,
  );
  await writeFile(
    join(run.out, "report.json"),
    JSON.stringify(
      { ...report, testImages: dataset.test.count, trainingSeconds: seconds },
      null,
      2,
    ),
  );
  const onnx = run.onnx
    ? [
      await writeOnnxModel({
        ...{ model, dataset, normalization, batchSize, out: run.out },
        tfjs: { ...evaluation, backend: run.backend.backend },
      }),
    ]
    : [];
  const pictures = run.plots === false
    ? []
    : await writePictures({ run, plan, model, testBatches, report, seconds });
  const files = [
    "model/model.json",
    "plan.json",
    "report.json",
    "history.json",
    "history.csv",
    ...onnx,
    ...pictures,
  ];
  console.log(`In ${run.out}: ${files.join(", ")}`);
  model.dispose();
  return { ending, report };
}

/** What {@linkcode fit} needs. */
interface Fit {
  readonly run: ClassifierRun;
  readonly plan: Plan;
  readonly model: tf.LayersModel;
  readonly batches: ImageBatches;
  readonly testBatches: ImageBatches;
  readonly live?: LivePage;
}

/** Trains to the end, to Ctrl-C or to a loss that is no number. */
async function fit(
  { run, plan, model, batches, testBatches, live }: Fit,
): Promise<{
  ending: ClassifierResult["ending"];
  seconds: number;
  checkpointer?: Checkpointer;
}> {
  const { schedule, epochs } = run;
  using interrupt = new Interrupt();
  await using sampler = new GpuSampler();
  const checkpoints = join(run.out, "checkpoints");
  if (run.resume) await resumeRun(checkpoints, model, run);
  setSteps(model, schedule.totalIterations);
  const checkpointer = run.checkpointEvery === undefined
    ? undefined
    : new Checkpointer(checkpoints, {
      scheduler: schedule,
      every: run.checkpointEvery,
      data: () => identityOf(run),
    });
  const progress = new Progress({
    plan,
    scheduler: schedule,
    signal: interrupt.signal,
    sampler,
  });
  const start = performance.now();
  try {
    await fitFrom(model, batches, {
      start: schedule.totalIterations,
      epochs,
      validationData: testBatches.dataset(0, testBatches.perEpoch),
      stopped: () => interrupt.signal.aborted || progress.diverged,
      callbacks: [
        schedule,
        ...(checkpointer ? [checkpointer] : []),
        progress,
        ...(live ? [followOn(live, run, sampler)] : []),
      ],
    });
  } finally {
    progress.stop();
    // Whatever ended the training, what was recorded is not lost.
    await schedule.flush();
    await writeHistory(run.out, schedule);
  }
  return {
    ending: progress.diverged
      ? "diverged"
      : interrupt.signal.aborted
      ? "interrupted"
      : "complete",
    seconds: (performance.now() - start) / 1000,
    checkpointer,
  };
}

/** Shows the run on its live page, with the use of the GPU where one computes. */
function followOn(
  live: LivePage,
  { backend: { backend, device }, dataset, schedule }: ClassifierRun,
  sampler: GpuSampler,
): LiveFollower {
  return new LiveFollower(live, {
    run: schedule,
    facts: { backend, device, data: `${dataset.name}, ${dataset.origin}` },
    sampler: backend === "webgpu" ? sampler : undefined,
  });
}

/** The predicted against the true classes of the test images. */
async function evaluateClassifier(
  model: tf.LayersModel,
  batches: ImageBatches,
  dataset: ImageDataset,
): Promise<
  { report: ClassificationReport; predictions: number[]; seconds: number }
> {
  const predictions: number[] = [];
  const start = performance.now();
  for (let t = 0; t < batches.perEpoch; t++) {
    const classes = tf.tidy(() => {
      const { xs } = batches.tensorsAt(t);
      return (model.predict(xs) as tf.Tensor).argMax(-1);
    });
    predictions.push(...await classes.data());
    classes.dispose();
  }
  const seconds = (performance.now() - start) / 1000;
  const report = classificationReport(
    dataset.test.labels.subarray(0, dataset.test.count),
    predictions,
    { classNames: dataset.classNames },
  );
  return { report, predictions, seconds };
}

/** Seconds that a training batch takes, on a model of its own. */
async function measureBatch(
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

function printPlan(
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

function planJson(run: ClassifierRun, plan: Plan): string {
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
        "@clr/clr": denoJson.version,
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

async function writeHistory(out: string, schedule: CyclicLR): Promise<void> {
  await writeFile(join(out, "history.json"), JSON.stringify(schedule));
  await writeFile(join(out, "history.csv"), toCsv(schedule.history));
}
