import * as tf from "@tensorflow/tfjs";
import { show } from "../runtime/check_data.ts";
import { checkKind } from "../runtime/check_given.ts";
import { othersTurn } from "../runtime/others_turn.ts";
import { untilAborted } from "../runtime/until_aborted.ts";
import { releaseIterator } from "../tfjs/release_iterator.ts";
import type { LayersModel, Tensor } from "../tfjs/types.ts";
import type { ClassLabels } from "./class_indices.ts";

/** Examples with known classes. */
export interface ClassifierBatch {
  /** The inputs, as `model.predict` takes them, or by the names of the inputs. */
  readonly xs: Tensor | Tensor[] | { readonly [input: string]: Tensor };
  /** The classes: indices `[examples]`, or one-hot rows `[examples, classes]`. */
  readonly ys: ClassLabels;
}

/** Batches with known classes that come one after the other, and end. */
export interface ClassifierDataset {
  /** How many there are, where that is known. */
  readonly size?: number | null;
  /** Starts over. */
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>;
}

/** What is being done, as errors say it. */
export const ACTION = "evaluate a classifier";

/** The batches of data: `{ xs, ys }` are one. */
async function* batchesOf(
  data: ClassifierBatch | ClassifierDataset,
): AsyncGenerator<ClassifierBatch> {
  if (!("iterator" in data)) {
    if (!("xs" in data && "ys" in data)) {
      throw new TypeError(
        `Cannot ${ACTION} as data must be { xs, ys }, or a tf.data.Dataset of such: current value has ${
          Object.keys(data).join(", ") || "nothing"
        }`,
      );
    }
    yield data;
    return;
  }
  if (data.size === Infinity) {
    throw new RangeError(
      `Cannot ${ACTION} as data must end: current value is a Dataset that repeats without end; take(n) of it`,
    );
  }
  const iterator = await data.iterator();
  try {
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      try {
        if (!("xs" in Object(value) && "ys" in Object(value))) {
          throw new TypeError(
            `Cannot ${ACTION} as the batches of data must be { xs, ys }: current value is ${
              show(value)
            }`,
          );
        }
        yield value as ClassifierBatch;
      } finally {
        tf.dispose(value as never);
      }
    }
  } finally {
    await releaseIterator(iterator);
  }
}

function noExamples(): RangeError {
  return new RangeError(
    `Cannot ${ACTION} as there must be at least one example: current value is 0`,
  );
}

/** The tensors that a model takes for a batch. */
function inputsOf(
  model: LayersModel,
  xs: ClassifierBatch["xs"],
  isDataset: boolean,
): Tensor[] {
  // `inputNames` are empty until a sequential model is first used.
  const names = model.inputs.map(({ name }) => name);
  const inputs = [
    xs instanceof tf.Tensor || Array.isArray(xs)
      ? xs
      : names.map((name) => Object(xs)[name]),
  ].flat();
  checkKind(
    ACTION,
    {
      name: "xs",
      value: xs,
      must: `${
        names.length === 1 ? "a tensor" : `tensors, [${names.join(", ")}]`
      }${isDataset ? ", as of a Dataset after batch(n)" : ""}`,
    },
    inputs.every((input) => input instanceof tf.Tensor) &&
      inputs.length === names.length,
  );
  // Of nothing, tfjs's predict says something of its own.
  if (inputs.some(({ shape }) => shape[0] === 0)) throw noExamples();
  return inputs;
}

/** The scores of a model for a batch, as `predict` computes them. */
async function read(predict: () => Tensor): Promise<Float32Array> {
  const output = tf.tidy(predict);
  try {
    return await output.data() as Float32Array;
  } finally {
    output.dispose();
  }
}

/** Between two looks at what else the process has to do, in milliseconds. */
const LOOK_EVERY = 100;

/** Throws where `signal` is aborted, of which whoever aborts it has the time. */
async function look(signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return;
  await othersTurn(LOOK_EVERY);
  signal.throwIfAborted();
}

/** How {@linkcode scoredBatches} predicts. */
export interface ScoringOptions {
  /** Examples of `{ xs, ys }` that are predicted together. */
  readonly batchSize: number;
  /** Ends it with its reason. */
  readonly signal: AbortSignal | undefined;
}

/** The scores of a model for each batch of data, with its labels. */
export async function* scoredBatches(
  model: LayersModel,
  data: ClassifierBatch | ClassifierDataset,
  { batchSize, signal }: ScoringOptions,
): AsyncGenerator<{ readonly scores: Float32Array; readonly ys: ClassLabels }> {
  const isDataset = "iterator" in data;
  const batches = untilAborted(batchesOf(data), {
    signal,
    // Those of a Dataset are of this evaluation alone.
    dispose: (batch) => isDataset ? tf.dispose(batch as never) : undefined,
  });
  for await (const { xs, ys } of batches) {
    await look(signal);
    const inputs = inputsOf(model, xs, isDataset);
    const given = inputs.length === 1 ? inputs[0] : inputs;
    if (isDataset) {
      const scores = await read(() => model.predictOnBatch(given) as Tensor);
      yield { scores, ys };
    } else if (signal === undefined) {
      const scores = await read(() =>
        model.predict(given, { batchSize }) as Tensor
      );
      yield { scores, ys };
    } else {
      // By parts, between which the signal is looked at.
      const examples = inputs[0].shape[0];
      const parts: Float32Array[] = [];
      for (let start = 0; start < examples; start += batchSize) {
        await look(signal);
        const size = Math.min(batchSize, examples - start);
        parts.push(
          await read(() => {
            const part = inputs.map((input) => input.slice(start, size));
            return model.predict(part, { batchSize }) as Tensor;
          }),
        );
      }
      yield { scores: join(parts), ys };
    }
  }
  signal?.throwIfAborted();
}

function join(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
