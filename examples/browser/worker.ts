/**
 * Does the page's work beside it: the range test, and the training between the
 * bounds that it found. To stop it, the page ends it.
 */

import * as tf from "@tensorflow/tfjs";
import {
  CyclicLR,
  findLearningRate,
  LearningRateRange,
  type LearningRateRangeData,
} from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { combineCallbacks } from "@clr/clr/training";
import { codeToPaste } from "./code_to_paste.ts";
import type { Job, Told } from "./messages.ts";
import { createProblem, type Problem } from "./problems.ts";

const BATCH_SIZE = 32;
/** Between two pictures of what is under way, in ms. */
const TELL_EVERY = 250;

const page = globalThis as unknown as {
  postMessage(told: Told): void;
  onmessage: (event: { readonly data: Job }) => void;
};

function tell(told: Told): void {
  page.postMessage(told);
}

function createModel(problem: Problem, job: Job): tf.LayersModel {
  const model = tf.sequential({ layers: problem.layers() });
  model.compile({
    // The rates are what is looked for.
    optimizer: job.optimizer === "adam"
      ? tf.train.adam()
      : tf.train.momentum(0.01, 0.9),
    loss: problem.classes === undefined
      ? "meanSquaredError"
      : "categoricalCrossentropy",
    metrics: problem.classes === undefined ? [] : ["accuracy"],
  });
  return model;
}

/** Calls `show` now and then, and no more often. */
function nowAndThen(show: () => void | Promise<void>): () => Promise<void> {
  let last = -Infinity;
  return async () => {
    if (performance.now() - last < TELL_EVERY) return;
    await show();
    last = performance.now();
  };
}

/** The losses so far as a range, without what only its end says. */
function soFar(
  tested: ReadonlyMap<number, readonly number[]>,
): LearningRateRangeData {
  const rates = [...tested.keys()].sort((a, b) => a - b);
  const means = rates.map((rate) => {
    const losses = tested.get(rate)!;
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  });
  return {
    ...LearningRateRange.fromCurve(rates, means).toJSON(),
    baseLr: undefined,
    maxLr: undefined,
    ending: "",
    nextStep: "",
  };
}

async function work(job: Job): Promise<void> {
  const { backend, device, reason } = await selectBackend({
    backend: job.backend,
    wasmPath: "wasm/",
  });
  tell({ type: "backend", backend, device, reason });
  const problem = createProblem(job.data);
  const { summary, train, test } = problem;
  const model = createModel(problem, job);
  const weights = model.countParams().toLocaleString("en");
  const network = `${problem.network}, ${weights} weights`;
  tell({ type: "data", summary, network });

  const tested = new Map<number, number[]>();
  let batches = 0;
  const showTest = nowAndThen(() => {
    // Fewer are no curve.
    if (tested.size < 3) return;
    tell({ type: "testing", batches, range: soFar(tested) });
  });
  const range = await findLearningRate(model, train, {
    batchSize: BATCH_SIZE,
    onBatch({ learningRate, loss }) {
      batches++;
      tested.set(learningRate, [...tested.get(learningRate) ?? [], loss]);
      void showTest();
    },
  });
  tell({ type: "range", range: range.toJSON() });
  if (range.baseLr === undefined || range.maxLr === undefined) {
    tell({ type: "done", result: range.advice, code: "" });
    return;
  }

  const schedule = { epochs: job.epochs, mode: "triangular2" } as const;
  const clr = CyclicLR.fromRange(range, schedule);
  const iterations = job.epochs * Math.ceil(train.xs.shape[0] / BATCH_SIZE);
  const show = async () => {
    await clr.flush();
    tell({
      type: "training",
      history: clr.history,
      epochHistory: clr.epochHistory,
      iterations,
    });
  };
  const showNowAndThen = nowAndThen(show);
  await model.fit(train.xs, train.ys, {
    batchSize: BATCH_SIZE,
    epochs: job.epochs,
    validationData: [test.xs, test.ys],
    verbose: 0,
    callbacks: combineCallbacks([
      clr,
      { onBatchBegin: showNowAndThen },
    ]),
  });
  await show();
  tell({
    type: "done",
    result: resultOf(clr, job.epochs),
    code: codeToPaste(clr, { ...job, batchSize: BATCH_SIZE }),
  });
}

function resultOf({ epochHistory }: CyclicLR, epochs: number): string {
  const last = (name: string) => epochHistory[name]?.at(-1);
  const accuracy = last("val_acc");
  const measured = accuracy === undefined
    ? `The squared error of rows that it was not trained on is ${
      last("val_loss")?.toPrecision(3)
    } of their variance`
    : `${(100 * accuracy).toFixed(1)} % of what it was not trained on is right`;
  return `${measured} after ${epochs} epochs.`;
}

page.onmessage = ({ data }) => {
  work(data).catch((error) =>
    tell({
      type: "failed",
      message: error instanceof Error ? error.message : String(error),
    })
  );
};
