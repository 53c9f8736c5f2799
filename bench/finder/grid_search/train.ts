import * as tf from "@tensorflow/tfjs";
import {
  findLearningRate,
  type LearningRateRange,
  setLearningRate,
  type TensorPair,
} from "@clr/clr";
import { layerRates } from "@clr/clr/training";
import { OPTIMIZERS } from "../../../examples/training/optimizers.ts";
import type { Plan } from "./plans.ts";
import type { Data, Problem } from "./problems.ts";

/** What a training reached. */
export interface Reached {
  /** Test accuracy in percent after the last iteration. */
  readonly accuracy: number;
  /** Whether the loss became NaN or infinite, where the training ended. */
  readonly diverged: boolean;
}

/** A new network with the weights of `seed`. */
function begin(problem: Problem, seed: number) {
  const stack = new DisposableStack();
  const optimizer = OPTIMIZERS[problem.optimizer].create(0.001);
  const model = problem.create(seed, optimizer);
  stack.defer(() => optimizer.dispose());
  stack.defer(() => model.dispose());
  if (problem.layerRates) stack.use(layerRates(model, problem.layerRates));
  return { model, optimizer, [Symbol.dispose]: () => stack.dispose() };
}

/** Trains by a plan, on weights and batches that the seed decides alone. */
export async function train(
  problem: Problem,
  data: Data,
  { seed, plan }: { readonly seed: number; readonly plan: Plan },
): Promise<Reached> {
  using started = begin(problem, seed);
  const { model, optimizer } = started;
  const batchAt = data.train(seed);
  let diverged = false;
  for (let t = 0; t < plan.iterations && !diverged; t++) {
    setLearningRate(optimizer, plan.schedule(t));
    const { xs, ys } = batchAt(t);
    const [loss] = await model.trainOnBatch(xs, ys) as number[];
    tf.dispose([xs, ys]);
    diverged = !Number.isFinite(loss);
  }
  return { accuracy: test(model, data), diverged };
}

/** The test's share that is told rightly, in percent. */
function test(model: tf.LayersModel, data: Data): number {
  let right = 0;
  for (let t = 0; t < data.testBatches; t++) {
    const { xs, ys } = data.test(t);
    const batch = tf.tidy(() =>
      (model.predict(xs) as tf.Tensor).argMax(-1).equal(ys.argMax(-1)).sum()
    );
    right += batch.dataSync()[0];
    tf.dispose([xs, ys, batch]);
  }
  return Number((100 * right / data.examples.test).toPrecision(6));
}

/** The range test of a new network, with every option left to the library. */
export async function find(
  problem: Problem,
  data: Data,
  seed: number,
): Promise<LearningRateRange> {
  using started = begin(problem, seed);
  const batchAt = data.train(seed);
  function* batches(): Generator<TensorPair> {
    for (let t = 0;; t++) yield batchAt(t);
  }
  return await findLearningRate(started.model, () => batches(), {
    batchSize: problem.batchSize,
    seed,
  });
}
