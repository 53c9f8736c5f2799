/** Random small networks as plain data, which shrink to fewer layers. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { randomFrom } from "../ops/_operation.ts";
import { choicesFor } from "./_choices.ts";

/** A layer by the name of the function of `tf.layers` that makes it. */
export interface LayerPlan {
  readonly kind: string;
  // deno-lint-ignore no-explicit-any
  readonly options: Record<string, any>;
  /** Within a wrapper, the layer that is wrapped. */
  readonly inner?: LayerPlan;
  /** The layer's result is merged with its input, by a layer of tfjs or a product. */
  readonly mergedBy?: string;
}

/** The optimizers, all nine. */
export const OPTIMIZERS = [
  ...["sgd", "momentum", "nesterov", "adagrad", "adadelta", "adam", "adamax"],
  ...["rmsprop", "centered"],
] as const;

/** Losses with the activation of the layer before them. */
export const LOSSES = {
  meanSquaredError: "linear",
  meanAbsoluteError: "linear",
  meanSquaredLogarithmicError: "sigmoid",
  categoricalCrossentropy: "softmax",
  sparseCategoricalCrossentropy: "softmax",
  binaryCrossentropy: "sigmoid",
  kullbackLeiblerDivergence: "softmax",
  poisson: "softplus",
  hinge: "tanh",
  squaredHinge: "tanh",
  categoricalHinge: "tanh",
  logcosh: "linear",
  cosineProximity: "linear",
} as const;

/** A network and how it is trained. */
export interface NetworkPlan {
  readonly input: readonly number[];
  /** Inputs are whole numbers below it. */
  readonly vocabulary?: number;
  readonly layers: readonly LayerPlan[];
  readonly outputs: number;
  readonly optimizer: string;
  readonly loss: keyof typeof LOSSES;
  readonly batch: number;
  readonly seed: number;
}

/** Layers of products of two tensors, by what tells them apart. */
const PRODUCTS: Readonly<Record<string, object>> = {
  dot1: { axes: 1 },
  dot2: { axes: 2 },
  cosine1: { axes: 1, normalize: true },
  cosine2: { axes: 2, normalize: true },
};

/** Makes a layer that merges two tensors, of tfjs's own names or of a product. */
export function makeMerge(name: string): tf.layers.Layer {
  return name in PRODUCTS
    ? tf.layers.dot(PRODUCTS[name] as { axes: number })
    : make({ kind: name, options: {} });
}

/** Layers that add noise of no seed: what they give in training differs. */
const NOISY = new Set(["gaussianNoise", "gaussianDropout", "alphaDropout"]);

/** Whether such a layer is among those of a network, or wrapped by one. */
export function isNoisy({ layers }: NetworkPlan): boolean {
  const adds = ({ kind, inner }: LayerPlan): boolean =>
    NOISY.has(kind) || inner !== undefined && adds(inner);
  return layers.some(adds);
}

/** Makes a layer of tfjs. */
export function make({ kind, options, inner }: LayerPlan): tf.layers.Layer {
  const layers = tf.layers as unknown as Record<
    string,
    (options: object) => tf.layers.Layer
  >;
  if (kind === "stackedRNN") {
    const { units } = options;
    const cell = options.cells.map((cell: string) => layers[cell]({ units }));
    return tf.layers.rnn({ cell }) as tf.layers.Layer;
  }
  // tfjs notes the cells that it makes in the options it is given.
  const own = structuredClone(options);
  return layers[kind](inner ? { ...own, layer: make(inner) } : own);
}

/** The most values that an example may have within the network. */
const LARGEST = 1200;

function shapeAfter(shape: readonly number[], plan: LayerPlan) {
  const layer = make(plan);
  const after = (layer.computeOutputShape([2, ...shape]) as number[]).slice(1);
  if (plan.mergedBy === undefined) return after;
  const both = [[2, ...shape], [2, ...after]];
  const merge = makeMerge(plan.mergedBy);
  return (merge.computeOutputShape(both) as number[]).slice(1);
}

interface Picks {
  readonly input: number[];
  readonly picks: readonly number[];
  readonly embeds: boolean;
}

/** Adds layers, where they fit what comes before them. */
function layersOf({ input, picks, embeds }: Picks): LayerPlan[] {
  const layers: LayerPlan[] = [];
  let shape: readonly number[] = input;
  const add = (plan: LayerPlan) => {
    const after = shapeAfter(shape, plan);
    const size = after.reduce((a, b) => a * b, 1);
    if (after.some((length) => !(length > 0)) || size > LARGEST) return false;
    shape = after;
    layers.push(plan);
    return true;
  };
  if (embeds) {
    const maskZero = picks.length % 2 === 0;
    const options = { inputDim: 7, outputDim: 4, maskZero };
    add({ kind: "embedding", options });
    // What knows no masks refuses them.
    const kind = ["lstm", "gru", "simpleRNN"][picks.length % 3];
    if (maskZero) add({ kind, options: { units: 3 } });
  }
  for (const pick of picks) {
    const next = randomFrom(pick);
    const choices = choicesFor(shape, next);
    const plans = choices[Math.floor(next() * choices.length)];
    if (!plans.every(add)) break;
  }
  if (shape.length > 1) add({ kind: "flatten", options: {} });
  return layers;
}

const RANKS: readonly (readonly number[])[] = [
  [7],
  [1],
  [5, 3],
  [8, 4],
  [6, 5, 3],
  [9, 7, 4],
  [8, 8, 1],
  [4, 5, 3, 2],
  [3, 6, 5, 2],
];

/** Random networks. */
export const networks: fc.Arbitrary<NetworkPlan> = fc.record({
  input: fc.constantFrom(...RANKS),
  embeds: fc.integer({ min: 0, max: 7 }).map((drawn) => drawn === 0),
  picks: fc.array(fc.nat(1 << 20), { minLength: 1, maxLength: 5 }),
  outputs: fc.integer({ min: 2, max: 4 }),
  optimizer: fc.constantFrom(...OPTIMIZERS),
  loss: fc.constantFrom(...Object.keys(LOSSES) as (keyof typeof LOSSES)[]),
  batch: fc.constantFrom(1, 2, 4, 5, 7),
  seed: fc.nat(1 << 20),
}).map(({ picks, embeds, input: shape, ...rest }) => {
  const input = embeds ? [5] : [...shape];
  const layers = layersOf({ input, picks, embeds });
  return { input, layers, ...embeds && { vocabulary: 7 }, ...rest };
});
