import type * as tf from "@tensorflow/tfjs";
import { preflight } from "@clr/clr/backends";
import { markdownTable, openLivePage, writeFile } from "@clr/clr/command";
import {
  type ClassificationReport,
  type ClassifierEvaluation,
  evaluateClassifier,
} from "@clr/clr/metrics";
import type { LivePage } from "@clr/clr/plots";
import { TensorBoardLogger } from "@clr/clr/training";
import { ImageBatches } from "../datasets/image_batches.ts";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import { planJson, planRows, printPlan } from "./announce_plan.ts";
import type { ClassifierRun } from "./classifier_run.ts";
import { fitClassifier, type FitResult } from "./fit_classifier.ts";
import { measureTime } from "./measure_time.ts";
import {
  checkModelFolder,
  checkModelRoom,
  hasModel,
  saveModel,
} from "./model_files.ts";
import {
  folderUntilDone,
  remove,
  removeOlderResults,
  takeOver,
} from "./older_results.ts";
import { writeOnnxModel } from "./onnx_model.ts";
import { writePictures } from "./pictures.ts";
import { formatDuration, makePlan, type Plan } from "./plan.ts";
import { paragraph } from "./paragraph.ts";
import { formatRate } from "./progress.ts";
import { resumeRun } from "./resume.ts";

/** How a training run ended. */
export interface ClassifierResult {
  readonly ending: FitResult["ending"];
  /** Absent unless the training is complete. */
  readonly report?: ClassificationReport;
}

/** A run whose training has ended. */
interface EndedRun extends FitResult {
  readonly run: ClassifierRun;
  readonly plan: Plan;
  readonly model: tf.LayersModel;
  readonly testBatches: ImageBatches;
  /** Where it was written to until it ended. */
  readonly folder: string;
  readonly live?: LivePage;
}

/**
 * Trains an image classifier by a schedule of the learning rate and shows a person
 * what happens: the plan, the progress, the accuracy on the test images class
 * by class, and files with all of it.
 *
 * @throws What the file system throws if `out` cannot be written, and
 * `PreflightError` if the backend cannot train the model, both before any time
 * is spent on training.
 */
export async function trainClassifier(
  given: ClassifierRun,
): Promise<ClassifierResult> {
  const { dataset, rate, batchSize, normalization } = given;
  const batches = new ImageBatches(dataset, "train", {
    batchSize,
    normalization,
    augmentation: given.augmentation,
    seed: given.seed,
  });
  const testBatches = new ImageBatches(dataset, "test", {
    batchSize,
    normalization,
    shuffle: false,
  });
  const plan = makePlan({
    images: batches.count,
    batchSize,
    epochs: given.epochs,
    cycleLength: rate.cycleLength,
  });
  for (const folder of ["", "/stopped"]) {
    await checkModelFolder(`${given.out}${folder}/model`);
  }
  const model = given.createModel();
  try {
    await checkModelRoom(given.out, model);
    await preflight(model);
    // Of a run that cannot go on so, nothing is written over.
    const saved = given.resume
      ? await resumeRun(model, given, plan.iterations)
      : undefined;
    const checkpointEvery = given.checkpointEvery ?? saved;
    const run = { ...given, checkpointEvery };
    const goesOn = run.rate.scheduler.totalIterations > 0;
    const folder = await folderUntilDone(run.out, goesOn);
    await writeFile(`${folder}/plan.json`, planJson(run, plan));
    await printPlan(
      run,
      plan,
      () => measureTime(run, plan, { train: batches, test: testBatches }),
    );
    await using live = await openLivePage(run.live, {
      title: run.modelName,
      iterations: plan.iterations,
    });
    const logger = await startLogging(run, plan);
    const made = { run, plan, model, testBatches, folder, live, logger };
    const ended = { ...made, ...await fitClassifier({ ...made, batches }) };
    const { ending } = ended;
    if (ending !== "complete") {
      if (ending === "interrupted") {
        await saveModel(model, `${folder}/model`);
        await tellInterrupted(ended);
      } else {
        // Of a run that was stopped before, and is not gone on from.
        if (folder !== run.out && !goesOn) await remove(`${folder}/model`);
        await tellDiverged(ended);
      }
      return { ending };
    }
    await saveModel(model, `${run.out}/model`);
    if (ended.hasTrained) await removeOlderResults(run.out);
    await takeOver(run.out, folder);
    return { ending, report: await evaluateAndTell(ended) };
  } finally {
    model.dispose();
  }
}

/** What TensorBoard shows of a run before its first batch. */
async function startLogging(
  run: ClassifierRun,
  plan: Plan,
): Promise<TensorBoardLogger | undefined> {
  if (run.tensorboard === undefined) return undefined;
  const logger = new TensorBoardLogger(run.tensorboard, {
    scheduler: run.rate.scheduler,
  });
  await logger.text("plan", markdownTable(planRows(run, plan)));
  return logger;
}

async function tellDiverged({ run, live, folder }: EndedRun): Promise<void> {
  const model = await hasModel(`${folder}/model`)
    ? " The model there is from before."
    : "";
  const { scheduler } = run.rate;
  const { lr, loss } = scheduler.history;
  const at = loss.findIndex((value) => !Number.isFinite(value));
  await live?.end(`Diverged at iteration ${at + 1}`, scheduler);
  console.error(paragraph(
    `The loss is not a number any more at iteration ${at + 1}, learning rate ${
      formatRate(lr[at])
    }: training stopped. Lower --max-lr. The history is in ${folder}.${model}${
      earlier(run.out, folder)
    }`,
  ));
}

async function tellInterrupted(
  { run, plan, live, folder, canResume }: EndedRun,
): Promise<void> {
  await live?.end("Stopped", run.rate.scheduler);
  console.log(paragraph(
    `Stopped after ${run.rate.scheduler.totalIterations} of ${plan.iterations} iterations. ` +
      `The model and the history so far are in ${folder}.` +
      earlier(run.out, folder) +
      (canResume ? " --resume goes on from here." : ""),
  ));
}

/** What is said of results that a run has not replaced. */
function earlier(out: string, folder: string): string {
  return out === folder ? "" : ` The results in ${out} are those of before.`;
}

/** Evaluates the model, and says and writes all that was found. */
async function evaluateAndTell(ended: EndedRun): Promise<ClassificationReport> {
  const { run, plan, model, testBatches, live } = ended;
  const { dataset, normalization, batchSize, backend, out } = run;
  const evaluation = await evaluate(model, testBatches, dataset);
  const { report } = evaluation;
  const accuracy = `${(100 * report.accuracy).toFixed(2)} %`;
  const duration = formatDuration(ended.seconds);
  const headline = paragraph(
    `Test accuracy ${accuracy} on ${dataset.test.count} images after ` +
      `${plan.iterations} iterations in ${duration} ` +
      `(${backend.backend}, ${backend.device}; ${dataset.name}, ${dataset.origin})`,
  );
  console.log(`\n${headline}\n\n${report}`);
  await live?.end(
    `Test accuracy ${accuracy} after ${duration}`,
    run.rate.scheduler,
  );
  const json = {
    ...report,
    testImages: dataset.test.count,
    trainingSeconds: ended.seconds,
  };
  await writeFile(`${out}/report.json`, JSON.stringify(json, null, 2));
  const files = [
    "model/model.json",
    "plan.json",
    "report.json",
    "history.json",
    "history.csv",
  ];
  if (run.onnx) {
    const tfjs = { ...evaluation, backend: backend.backend };
    files.push(
      await writeOnnxModel({
        ...{ model, dataset, normalization, batchSize, tfjs, out },
      }),
    );
  }
  if (run.plots ?? true) {
    files.push(...await writePictures({ ...ended, report }));
  }
  console.log(paragraph(`In ${out}: ${files.join(", ")}`));
  return report;
}

/** The predicted against the true classes of the test images, and in what time. */
async function evaluate(
  model: tf.LayersModel,
  batches: ImageBatches,
  { classNames }: ImageDataset,
): Promise<ClassifierEvaluation & { seconds: number }> {
  const start = performance.now();
  const evaluation = await evaluateClassifier(
    model,
    batches.dataset(0, batches.perEpoch),
    { classNames },
  );
  return { ...evaluation, seconds: (performance.now() - start) / 1000 };
}
