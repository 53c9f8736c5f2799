// Random functional graphs: layers of every kind applied to random tensors of
// those made so far.

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { assertAgrees } from "./_agreement.ts";

const { layers } = tf;

type Symbolic = tf.SymbolicTensor;

/** Numbers that decide one step of a graph. */
type Choice = readonly [number, number, number, number];

function pick<T>(items: readonly T[], choice: number): T {
  return items[choice % items.length];
}

const activations = [
  "linear",
  "relu",
  "elu",
  "tanh",
  "sigmoid",
  "softmax",
  "softplus",
] as const;

/** What can be applied to a tensor, by its rank. */
const steps: Readonly<
  Record<number, readonly ((x: Symbolic, c: Choice) => tf.layers.Layer)[]>
> = {
  2: [
    (_x, [a, b]) =>
      layers.dense({
        units: 1 + a % 4,
        activation: pick(activations, b),
        useBias: b % 2 === 0,
      }),
    (_x, [a]) => layers.batchNormalization({ scale: a % 2 === 0 }),
    (x, [a]) => {
      const size = x.shape[1]!;
      return size % 2 === 0 && a % 2 === 0
        ? layers.reshape({ targetShape: [size / 2, 2] })
        : layers.repeatVector({ n: 1 + a % 3 });
    },
    () => layers.layerNormalization({}),
    () => layers.dropout({ rate: 0.5 }),
  ],
  3: [
    (_x, [a, b]) =>
      layers.conv1d({
        filters: 1 + a % 3,
        kernelSize: 1 + b % 3,
        strides: 1 + a % 2,
        padding: "same",
      }),
    (_x, [a, b]) =>
      layers.lstm({ units: 1 + a % 3, returnSequences: b % 2 === 0 }),
    (_x, [a, b]) =>
      layers.gru({
        units: 1 + a % 3,
        returnSequences: true,
        goBackwards: b % 2 === 0,
      }),
    (_x, [a]) =>
      layers.averagePooling1d({
        poolSize: 2,
        strides: 1 + a % 2,
        padding: "same",
      }),
    () => layers.permute({ dims: [2, 1] }),
    () => layers.flatten(),
    (_x, [a, b]) =>
      layers.dense({ units: 1 + a % 3, activation: pick(activations, b) }),
    () => layers.batchNormalization({}),
    () => layers.globalMaxPooling1d({}),
  ],
  4: [
    (_x, [a, b, c]) =>
      layers.conv2d({
        filters: 1 + a % 4,
        kernelSize: [1 + b % 4, 1 + c % 3],
        strides: 1 + c % 2,
        padding: "same",
        activation: pick(activations, b + c),
      }),
    (_x, [a, b]) =>
      layers.depthwiseConv2d({
        kernelSize: 1 + a % 3,
        depthMultiplier: 1 + b % 2,
        padding: "same",
      }),
    (_x, [a, b]) =>
      layers.conv2dTranspose({
        filters: 1 + a % 3,
        kernelSize: 1 + b % 3,
        strides: 1 + a % 2,
        padding: b % 2 === 0 ? "same" : "valid",
      }),
    (_x, [a, b]) =>
      pick([layers.maxPooling2d, layers.averagePooling2d], a)({
        poolSize: 2 + b % 2,
        strides: 1 + a % 2,
        padding: "same",
      }),
    () => layers.batchNormalization({}),
    () => layers.zeroPadding2d({ padding: [[1, 0], [0, 2]] }),
    (_x, [a]) => layers.activation({ activation: pick(activations, a) }),
    () => layers.prelu({ sharedAxes: [1, 2] }),
    () => layers.flatten(),
    () => layers.globalAveragePooling2d({ dataFormat: "channelsLast" }),
    (_x, [a]) =>
      layers.permute({ dims: pick([[1, 3, 2], [3, 1, 2], [2, 1, 3]], a) }),
    (x) =>
      layers.reshape({ targetShape: [x.shape[1]! * x.shape[2]!, x.shape[3]!] }),
  ],
};

/** Keeps graphs small: past this, tensors are not grown any more. */
const largest = 600;

function sizeOf({ shape }: Symbolic): number {
  return shape.slice(1).reduce<number>((size, dim) => size * dim!, 1);
}

/** A tensor of the same shape as `x` among those made so far, to merge it with. */
function merged(x: Symbolic, made: Symbolic[], choice: Choice): Symbolic {
  const [, , a, b] = choice;
  const peers = made.filter((other) =>
    other !== x && other.shape.join() === x.shape.join()
  );
  if (peers.length === 0) return x;
  const merge = pick([
    layers.add,
    layers.multiply,
    layers.average,
    layers.maximum,
    layers.concatenate,
  ], a);
  return merge({}).apply([x, pick(peers, b)]) as Symbolic;
}

function build(
  shapes: readonly number[][],
  choices: readonly Choice[],
): tf.LayersModel {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  const made: Symbolic[] = [...inputs];
  const ends = new Set<Symbolic>();
  for (const choice of choices) {
    const x = pick(made, choice[0]);
    const applicable = steps[x.rank];
    if (sizeOf(x) > largest) continue;
    const layer = pick(applicable, choice[1])(x, choice);
    const y = merged(layer.apply(x) as Symbolic, made, choice);
    ends.delete(x);
    ends.add(y);
    made.push(y);
  }
  const outputs = [...ends].filter((end) => !inputs.includes(end));
  const used = new Set<Symbolic>();
  const visit = (tensor: Symbolic) => {
    if (used.has(tensor)) return;
    used.add(tensor);
    tensor.inputs.forEach(visit);
  };
  outputs.forEach(visit);
  return tf.model({
    inputs: inputs.filter((input) => used.has(input)),
    outputs,
  });
}

Deno.test("toOnnx() agrees with tfjs on random graphs", async () => {
  const shape = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 6 })),
    fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 3 })),
    fc.tuple(
      fc.integer({ min: 3, max: 7 }),
      fc.integer({ min: 3, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
    ),
  );
  const choice = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        shapes: fc.array(shape, { minLength: 1, maxLength: 2 }),
        choices: fc.array(choice, { minLength: 1, maxLength: 8 }),
        inputLayout: fc.constantFrom("NHWC" as const, "NCHW" as const),
        opset: fc.constantFrom(13, 17, 21),
        seed: fc.nat(),
      }),
      async ({ shapes, choices, inputLayout, opset, seed }) => {
        const model = build(shapes.map((dims) => [...dims]), choices);
        await assertAgrees(model, {
          inputLayout,
          opset,
          seed,
          mayBeZero: true,
        });
        model.dispose();
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});
