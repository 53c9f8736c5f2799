import * as tf from "@tensorflow/tfjs";
import { shuffle } from "../../runtime/random.ts";
import {
  type BatchSource,
  type BatchSourceOptions,
  noBatch,
  withoutEnd,
} from "./batch_source.ts";
import { describe } from "./describe.ts";
import { mapTree, tensorsOf } from "./tensor_tree.ts";
import type { TensorPair, TensorTree } from "./training_data.ts";

/** Tensors beside inputs and targets, which a loop of one's own may take. */
function othersOf(data: TensorPair): [string, tf.Tensor][] {
  return Object.entries(data).filter((entry): entry is [string, tf.Tensor] =>
    entry[0] !== "xs" && entry[0] !== "ys" && entry[1] instanceof tf.Tensor
  );
}

/** Throws where there is nothing to train on: text is no number. */
function checkNumbers(data: TensorPair, name: string): void {
  for (const part of ["xs", "ys"] as const) {
    const text = tensorsOf(data[part]).find(({ dtype }) => dtype === "string");
    if (!text) continue;
    throw new TypeError(
      `Cannot draw batches as ${part} of ${name} must hold numbers: current value is ${
        describe(text)
      }`,
    );
  }
}

function examplesIn(data: TensorPair, name: string): number {
  const tensors = [
    ...tensorsOf(data.xs),
    ...tensorsOf(data.ys),
    ...othersOf(data).map(([, tensor]) => tensor),
  ];
  const counts = tensors.map((tensor) => tensor.shape[0]);
  if (!(counts[0] > 0) || counts.some((count) => count !== counts[0])) {
    throw new RangeError(
      `Cannot draw batches as every tensor of ${name} must have the same number (> 0) of examples: current value is ${
        counts.join(", ")
      }`,
    );
  }
  return counts[0];
}

/**
 * Batches from tensors. In random order, every batch is full: a remainder of
 * the set would be noisier than its neighbours, so it is left for another pass.
 */
export class TensorBatches implements BatchSource {
  readonly isDataset = false;
  readonly #data: TensorPair;
  readonly #options: BatchSourceOptions;
  readonly #examples: number;

  constructor(data: TensorPair, options: BatchSourceOptions) {
    this.#data = data;
    this.#options = options;
    checkNumbers(data, options.name);
    this.#examples = examplesIn(data, options.name);
  }

  get name(): string {
    return this.#options.name;
  }

  emptyError(): Error {
    return noBatch(this.name);
  }

  endlessError(): Error {
    return withoutEnd(this.name);
  }

  get examples(): number {
    return this.#examples;
  }

  get all(): TensorPair {
    return this.#data;
  }

  async notFinite(): Promise<
    { part: "xs" | "ys"; examples: number[] } | undefined
  > {
    for (const part of ["xs", "ys"] as const) {
      // 0 times what is not finite is not 0.
      const sums = tf.tidy(() =>
        tf.addN(
          tensorsOf(this.#data[part]).map((tensor) =>
            tensor.toFloat().mul(0).reshape([this.#examples, -1]).sum(1)
          ),
        )
      );
      const values = await sums.data();
      sums.dispose();
      const examples = Array.from(values, (_, i) => i)
        .filter((i) => values[i] !== 0);
      if (examples.length > 0) return { part, examples };
    }
  }

  get batches(): number {
    const { batchSize, random } = this.#options;
    const full = this.#examples / Math.min(batchSize, this.#examples);
    return random ? Math.floor(full) : Math.ceil(full);
  }

  *pass(): Generator<TensorPair> {
    const { random } = this.#options;
    const size = Math.min(this.#options.batchSize, this.#examples);
    const order = Int32Array.from({ length: this.#examples }, (_, i) => i);
    if (random) shuffle(order, random);
    const end = random ? this.#examples - size : this.#examples - 1;
    for (let start = 0; start <= end; start += size) {
      const { xs, ys } = this.#data;
      yield tf.tidy(() => {
        const rows = tf.tensor1d(order.subarray(start, start + size), "int32");
        const batch = (tree: TensorTree) =>
          mapTree(tree, (tensor) => tensor.gather(rows));
        const others = othersOf(this.#data).map((
          [name, tensor],
        ) => [name, tensor.gather(rows)]);
        return {
          ...Object.fromEntries(others),
          xs: batch(xs),
          ys: batch(ys),
        };
      });
    }
  }
}
