import * as tf from "@tensorflow/tfjs";
import { writeFile } from "@clr/clr/command";
import type { ClassificationReport } from "@clr/clr/metrics";
import {
  historyChart,
  rangeChart,
  type ReportSample,
  scheduleChart,
  toReport,
  toSvg,
} from "@clr/clr/plots";
import type { ImageBatches } from "../datasets/image_batches.ts";
import { imageSize } from "../datasets/image_dataset.ts";
import { type ClassifierRun, originOf } from "./classifier_run.ts";
import { describeCycles, formatDuration, type Plan } from "./plan.ts";

const SAMPLES = 24;

/** What was made of a run, for its pictures. */
export interface FinishedRun {
  readonly run: ClassifierRun;
  readonly plan: Plan;
  readonly model: tf.LayersModel;
  readonly testBatches: ImageBatches;
  readonly report: ClassificationReport;
  readonly seconds: number;
}

/**
 * Writes `learning_rate.svg`, `training.svg` and `report.html` beside the other
 * results.
 *
 * @returns The names of the files.
 */
export async function writePictures(finished: FinishedRun): Promise<string[]> {
  const { run, plan, report, seconds } = finished;
  const { dataset, rate, backend } = run;
  const { scheduler } = rate;
  const origin = originOf(run);
  const cycles = describeCycles(plan);
  const training = historyChart(scheduler, { origin });
  const html = await toReport({
    title: `${run.modelName} with ${rate.title}`,
    summary: `${(100 * report.accuracy).toFixed(2)} % of ` +
      `${dataset.test.count} test images are right after ` +
      `${plan.iterations} iterations in ${formatDuration(seconds)}.`,
    facts: {
      Plan: {
        epochs: plan.epochs,
        "batches an epoch": plan.batchesPerEpoch,
        "images a batch": run.batchSize,
        iterations: plan.iterations,
        "learning rate": rate.description,
        ...cycles === undefined ? {} : { cycles },
        seed: run.seed,
        ...run.lossNote ? { loss: run.lossNote } : {},
      },
      Device: {
        backend: backend.backend,
        device: backend.device,
        why: backend.reason,
      },
      Data: {
        "data set": dataset.name,
        origin: dataset.origin,
        ...(dataset.originNote ? { note: dataset.originNote } : {}),
        "training images": dataset.train.count,
        "test images": dataset.test.count,
      },
    },
    charts: [
      ...(run.range ? [rangeChart(run.range, { origin })] : []),
      training,
    ],
    classification: report,
    samples: await samplePredictions(finished),
  });
  const files: [string, string][] = [
    // One that waits for a plateau is known only from the training.
    ...rate.plateau ? [] : [[
      "learning_rate.svg",
      await toSvg(scheduleChart(scheduler, plan.iterations, { origin })),
    ] as [string, string]],
    ["training.svg", await toSvg(training)],
    ["report.html", html],
  ];
  for (const [name, data] of files) await writeFile(`${run.out}/${name}`, data);
  return files.map(([name]) => name);
}

/** The first test images with what the model takes them for. */
async function samplePredictions(
  { run: { dataset }, model, testBatches }: FinishedRun,
): Promise<ReportSample[]> {
  const probabilities = tf.tidy(() => {
    const { xs } = testBatches.tensorsAt(0);
    return model.predict(xs) as tf.Tensor2D;
  });
  const rows = await probabilities.array();
  probabilities.dispose();
  const { classNames, shape, test } = dataset;
  const size = imageSize(shape);
  return rows.slice(0, Math.min(SAMPLES, test.count)).map((row, i) => {
    const confidence = Math.max(...row);
    return {
      pixels: test.images.subarray(i * size, (i + 1) * size),
      shape,
      label: classNames[test.labels[i]],
      predicted: classNames[row.indexOf(confidence)],
      confidence,
    };
  });
}
