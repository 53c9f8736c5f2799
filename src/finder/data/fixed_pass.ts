import * as tf from "@tensorflow/tfjs";
import type { BatchSource } from "./batch_source.ts";
import {
  cloneTensors,
  disposeBatch,
  examplesOf,
  isTensorPair,
  mapTree,
  tensorsOf,
} from "./tensor_tree.ts";
import type { TensorPair } from "./training_data.ts";

/** By what share sums differ by rounding alone. */
const ROUNDING = 1e-4;

/** The batches of one pass over data, kept to be trained on over and over. */
export class FixedPass implements Disposable {
  readonly #source: BatchSource;
  readonly #batches: readonly TensorPair[];
  /** Their examples. */
  readonly examples: number;

  constructor(source: BatchSource, batches: readonly TensorPair[]) {
    this.#source = source;
    this.#batches = batches;
    this.examples = batches.reduce((sum, one) => sum + examplesOf(one), 0);
  }

  /**
   * The batches over and over, each example with the target of the one so many
   * after it: always the same one, so that it can be learned by heart like its own.
   */
  moved(by: number): BatchSource {
    return {
      name: this.#source.name,
      isDataset: this.#source.isDataset,
      batches: Infinity,
      emptyError: () => this.#source.emptyError(),
      endlessError: () => this.#source.endlessError(),
      pass: () => this.#pass(by),
    };
  }

  *#pass(by: number): Generator<TensorPair> {
    const targets = this.#movedTargets(by);
    try {
      while (true) {
        for (const [i, batch] of this.#batches.entries()) {
          const { ys: _, ...others } = batch;
          yield {
            ...cloneTensors(others) as Omit<TensorPair, "ys">,
            ys: cloneTensors(targets[i]) as TensorPair["ys"],
          };
        }
      }
    } finally {
      disposeBatch(targets);
    }
  }

  #movedTargets(by: number): TensorPair["ys"][] {
    const rows = this.#batches.map(({ ys }) => tensorsOf(ys));
    const order = tf.tensor1d(
      Int32Array.from(
        { length: this.examples },
        (_, i) => (i + by) % this.examples,
      ),
      "int32",
    );
    const moved = rows[0].map((_, leaf) => {
      const all = rows.map((one) => one[leaf]);
      return tf.tidy(() =>
        tf.split(
          tf.concat(all).gather(order),
          all.map(({ shape }) => shape[0]!),
        )
      );
    });
    order.dispose();
    return this.#batches.map(({ ys }, i) => {
      let leaf = 0;
      return mapTree(ys, () => moved[leaf++][i]);
    });
  }

  [Symbol.dispose](): void {
    disposeBatch(this.#batches);
  }
}

/**
 * Whether tensors hold other numbers than some of the same shapes, in whatever
 * order: a mean over examples is the same in each.
 */
async function areOthers(
  some: readonly tf.Tensor[],
  others: readonly tf.Tensor[],
): Promise<boolean> {
  const sums = tf.tidy(() =>
    tf.stack([...some, ...others].flatMap((tensor) => {
      const numbers = tensor.toFloat();
      return [numbers.sum(), numbers.square().sum()];
    }))
  );
  const values = await sums.data();
  sums.dispose();
  const half = values.length / 2;
  return values.subarray(0, half).some((sum, i) =>
    Math.abs(sum - values[half + i]) > ROUNDING * Math.abs(sum)
  );
}

/** Whether batches have tensors of the same shapes. */
function areOfOneShape(batches: readonly TensorPair[]): boolean {
  const [first, ...others] = batches.map(({ xs, ys }) =>
    [...tensorsOf(xs), ...tensorsOf(ys)].map(({ shape }) => shape)
  );
  return others.every((shapes) =>
    shapes.length === first.length &&
    shapes.every((shape, i) => tf.util.arraysEqual(shape, first[i]))
  );
}

/** Whether batches can be put together: each tensor's examples are of one form. */
function areOfOneForm(batches: readonly TensorPair[]): boolean {
  const forms = batches.map(({ ys }) =>
    tensorsOf(ys).map(({ shape, dtype }) => [dtype, ...shape.slice(1)].join())
      .join(";")
  );
  return batches.every(({ xs, ys }, i) =>
    forms[i] === forms[0] &&
    [...tensorsOf(xs), ...tensorsOf(ys)].every(({ shape }) =>
      shape[0] === tensorsOf(ys)[0].shape[0]
    )
  );
}

/**
 * Keeps the batches of a pass.
 *
 * @returns Nothing where they are more than `most` or larger than `mostBytes`, or
 * their targets of several forms.
 */
export async function keepPass(
  source: BatchSource,
  { most, mostBytes, signal }: {
    readonly most: number;
    readonly mostBytes: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<FixedPass | undefined> {
  const kept = await draw(source, { most: most + 1, mostBytes });
  if (
    kept.length > 0 && kept.length <= most && !signal?.aborted &&
    kept.every(isTensorPair) && areOfOneForm(kept)
  ) return new FixedPass(source, kept);
  disposeBatch(kept);
}

/**
 * Keeps the first batches of a pass, each with some parts of the next one in place
 * of its own.
 *
 * @returns Nothing where there are too few, or a next one has the same numbers
 * there, or more or fewer examples.
 */
export async function keepExchanged(
  source: BatchSource,
  { parts, count }: {
    readonly parts: readonly ("xs" | "ys")[];
    /** How many batches. */
    readonly count: number;
  },
): Promise<FixedPass | undefined> {
  const drawn = await draw(source, { most: count + 1, mostBytes: Infinity });
  try {
    if (
      drawn.length <= count || !drawn.every(isTensorPair) ||
      !areOfOneForm(drawn) || !areOfOneShape(drawn)
    ) return undefined;
    for (let i = 0; i < count; i++) {
      const [own, next] = [drawn[i], drawn[i + 1]].map((batch) =>
        parts.flatMap((part) => tensorsOf(batch[part]))
      );
      if (!await areOthers(own, next)) return undefined;
    }
    return new FixedPass(
      source,
      Array.from({ length: count }, (_, i) =>
        cloneTensors({
          ...drawn[i],
          ...Object.fromEntries(
            parts.map((part) => [part, drawn[i + 1][part]]),
          ),
        }) as TensorPair),
    );
  } finally {
    disposeBatch(drawn);
  }
}

/** Clones of the first batches of a pass. */
async function draw(
  source: BatchSource,
  { most, mostBytes }: { readonly most: number; readonly mostBytes: number },
): Promise<unknown[]> {
  const drawn: unknown[] = [];
  const before = tf.memory().numBytes;
  try {
    for await (const batch of source.pass()) {
      // Whoever made it may dispose it once the next one is asked for.
      drawn.push(cloneTensors(batch));
      disposeBatch(batch);
      if (
        drawn.length >= most || tf.memory().numBytes - before > mostBytes
      ) break;
    }
  } catch (error) {
    disposeBatch(drawn);
    throw error;
  }
  return drawn;
}
