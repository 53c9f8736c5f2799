import * as tf from "@tensorflow/tfjs";
import { type Schedule, setLearningRate, type TensorPair } from "@clr/clr";
import {
  borrowMathRandom,
  seededRandom,
  shuffle,
} from "../../../src/runtime/random.ts";
import { TrainingSnapshot } from "../../../src/training/weights/snapshot.ts";
import type { Instance } from "./problem.ts";

/** What a training reached. */
export interface Outcome {
  /** Validation loss at the end; NaN where it is not finite. */
  readonly loss: number;
  /** The loss of each batch. */
  readonly losses: readonly number[];
}

/** Trains an instance again and again from the same weights, on the same batches. */
export class Laboratory implements Disposable {
  readonly instance: Instance;
  readonly #snapshot: TrainingSnapshot;
  readonly #batches = new Map<number, TensorPair[]>();

  constructor(instance: Instance) {
    this.instance = instance;
    const { trainee } = instance;
    this.#snapshot = new TrainingSnapshot(
      trainee instanceof tf.LayersModel ? trainee : {
        optimizer: trainee.optimizer,
        variables: trainee.variables as tf.Variable[],
      },
    );
  }

  /** The validation loss before any training. */
  first(): Promise<number> {
    return this.instance.validate();
  }

  /**
   * Trains for the problem's steps, or `steps`, at the rates of a schedule, and
   * puts everything back.
   */
  async train(
    schedule: Schedule,
    options: { order?: number; steps?: number } = {},
  ): Promise<Outcome> {
    const { instance } = this;
    const { order = 0, steps = instance.steps } = options;
    const batches = this.batches(order, steps);
    const losses: number[] = [];
    using _ = borrowMathRandom(seededRandom(order + 5));
    try {
      for (let i = 0; i < steps; i++) {
        setLearningRate(instance.optimizer, schedule(i));
        const loss = await instance.step(batches[i]);
        losses.push(loss);
        if (!Number.isFinite(loss)) return { loss: NaN, losses };
      }
      return { loss: await instance.validate(), losses };
    } finally {
      this.#snapshot.restore();
    }
  }

  /** The first batches in an order: epoch after epoch, each shuffled anew. */
  batches(order: number, count: number): TensorPair[] {
    const { train, batchSize } = this.instance;
    const made = this.#batches.get(order);
    if (made && made.length >= count) return made;
    tf.dispose(made as unknown as tf.TensorContainer);
    const examples = tensors(train.xs)[0].shape[0];
    const random = seededRandom(order * 31 + 3);
    const rows = Int32Array.from({ length: examples }, (_, i) => i);
    const batches: TensorPair[] = [];
    while (batches.length < count) {
      shuffle(rows, random);
      for (
        let at = 0;
        at + batchSize <= examples && batches.length < count;
        at += batchSize
      ) {
        const drawn = tf.tensor1d(rows.slice(at, at + batchSize), "int32");
        const take = (tree: TensorPair["xs"]) =>
          Array.isArray(tree)
            ? tree.map((tensor) => tf.gather(tensor, drawn))
            : tf.gather(tree as tf.Tensor, drawn);
        batches.push({ xs: take(train.xs), ys: take(train.ys) });
        drawn.dispose();
      }
    }
    this.#batches.set(order, batches);
    return batches;
  }

  [Symbol.dispose](): void {
    for (const batches of this.#batches.values()) {
      tf.dispose(batches as unknown as tf.TensorContainer);
    }
    this.#snapshot[Symbol.dispose]();
    this.instance.dispose();
  }
}

function tensors(tree: TensorPair["xs"]): tf.Tensor[] {
  return tree instanceof tf.Tensor ? [tree] : Object.values(tree);
}
