/** The networks that the GPU is measured with, and a step of each. */

import * as tf from "@tensorflow/tfjs";
import { createCifar10Full } from "../../examples/models/cifar10_full.ts";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import { createMiniGoogLeNet } from "../../examples/models/minigooglenet.ts";
import { createResNet } from "../../examples/models/resnet.ts";

/** A network, and the batch that it was published with. */
export interface Network {
  readonly create: () => tf.LayersModel;
  readonly publishedBatch: number;
}

/** The networks by the names that they have in the results. */
export const NETWORKS: Readonly<Record<string, Network>> = {
  cifar10_quick: { create: () => createCifar10Quick(), publishedBatch: 100 },
  cifar10_full: { create: () => createCifar10Full(), publishedBatch: 100 },
  minigooglenet: { create: () => createMiniGoogLeNet(), publishedBatch: 128 },
  resnet20: { create: () => createResNet({ depth: 20 }), publishedBatch: 128 },
};

/** Images of noise and their classes. */
export function randomImages(batch: number): { xs: tf.Tensor; ys: tf.Tensor } {
  return tf.tidy(() => ({
    xs: tf.randomNormal([batch, 32, 32, 3], 0, 1, "float32", 7),
    ys: tf.oneHot(
      tf.tensor1d(Array.from({ length: batch }, (_, i) => i % 10), "int32"),
      10,
    ).toFloat(),
  }));
}

/** What `fit` is made of. */
interface Internals {
  /** A Sequential trains through a LayersModel inside it. */
  readonly model?: Internals;
  makeTrainFunction(): (data: tf.Tensor[]) => tf.Scalar[];
}

/** A network that trains, with momentum 0.9, on one batch of noise. */
export class Training implements Disposable {
  /** The network. */
  readonly model: tf.LayersModel;
  readonly #data: tf.Tensor[];
  readonly #step: (data: tf.Tensor[]) => tf.Scalar[];

  /** The network of that name, and a batch. */
  constructor(name: string, batch: number) {
    this.model = NETWORKS[name].create();
    this.model.compile({
      optimizer: tf.train.momentum(0.001, 0.9),
      loss: "categoricalCrossentropy",
    });
    const internals = this.model as unknown as Internals;
    this.#step = (internals.model ?? internals).makeTrainFunction();
    const { xs, ys } = randomImages(batch);
    this.#data = [xs, ys];
  }

  /** A step as `fit` makes it, whose loss nobody has read yet. */
  step(): tf.Scalar {
    return tf.tidy(() => this.#step(this.#data)[0]);
  }

  /** Steps of which the last one's loss is read: the GPU has then done all. */
  async queued(steps: number): Promise<void> {
    for (let i = 1; i < steps; i++) this.step().dispose();
    const loss = this.step();
    await loss.data();
    loss.dispose();
  }

  /** Steps whose losses are read one by one. */
  async reading(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) await this.queued(1);
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#data);
    this.model.optimizer.dispose();
    this.model.dispose();
  }
}
