/** Recurrent and normalization layers, and the layers that wrap others. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  input,
  length,
  type Operation,
  randomFrom,
} from "./_operation.ts";
import type { Num, Tape } from "./_tape.ts";
import { taped } from "./_taped.ts";

type Layer = tf.layers.Layer;

/** Calls a layer as if its weights were these, of which there may be gradients. */
function callWith(
  layer: Layer,
  [x, ...weights]: tf.Tensor[],
  kwargs: object,
): tf.Tensor {
  layer.build(x.shape);
  layer.trainableWeights.forEach((weight, i) => {
    (weight as { read(): tf.Tensor }).read = () => weights[i];
  });
  const y = layer.call(x, kwargs) as tf.Tensor;
  layer.weights.forEach((weight) => weight.dispose());
  return y;
}

interface Recurrent {
  readonly kind: "simpleRNN" | "lstm" | "gru";
  readonly batch: number;
  readonly steps: number;
  readonly features: number;
  readonly units: number;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly useBias: boolean;
  readonly recurrentActivation: "hardSigmoid" | "sigmoid";
  /** From which which steps are masked is drawn; none where it is 0. */
  readonly maskSeed: number;
}

const GATES = { simpleRNN: 1, lstm: 4, gru: 3 } as const;

/** Whether a step of an example counts. */
function maskOf(r: Recurrent): boolean[][] | undefined {
  if (r.maskSeed === 0) return undefined;
  const next = randomFrom(r.maskSeed);
  return Array.from(
    { length: r.batch },
    () => Array.from({ length: r.steps }, () => next() < 0.6),
  );
}

/** One step of one example: the new states, of which the first is the output. */
function step(
  t: Tape,
  r: Recurrent,
  { x, states, weights: [kernel, recurrent, bias] }: {
    readonly x: Num[];
    readonly states: Num[][];
    readonly weights: Num[][];
  },
): Num[][] {
  const { kind, units } = r;
  const width = GATES[kind] * units;
  const gate = (v: Num) => t[r.recurrentActivation](v);
  const column = (matrix: Num[], j: number, rows: number) =>
    Array.from({ length: rows }, (_, i) => matrix[i * width + j]);
  const fromInput = (j: number) => {
    const sum = t.dot(x, column(kernel, j, x.length));
    return bias ? t.add(sum, bias[j]) : sum;
  };
  const fromState = (j: number, state = states[0]) =>
    t.dot(state, column(recurrent, j, units));
  const z = (j: number) => t.add(fromInput(j), fromState(j));
  const each = <T>(of: (j: number) => T) =>
    Array.from({ length: units }, (_, j) => of(j));
  if (kind === "simpleRNN") return [each((j) => t.tanh(z(j)))];
  if (kind === "lstm") {
    const c = each((j) =>
      t.add(
        t.mul(gate(z(units + j)), states[1][j]),
        t.mul(gate(z(j)), t.tanh(z(2 * units + j))),
      )
    );
    return [each((j) => t.mul(gate(z(3 * units + j)), t.tanh(c[j]))), c];
  }
  const reset = each((j) => t.mul(gate(z(units + j)), states[0][j]));
  return [each((j) => {
    const keep = gate(z(j));
    const fresh = t.tanh(
      t.add(fromInput(2 * units + j), fromState(2 * units + j, reset)),
    );
    return t.add(
      t.mul(keep, states[0][j]),
      t.mul(t.scale(keep, -1, 1), fresh),
    );
  })];
}

/** The outputs of every step, in the order in which they were taken. */
function unrolled(
  t: Tape,
  r: Recurrent,
  { x, weights }: { readonly x: Num[]; readonly weights: Num[][] },
) {
  const { batch, steps, features, units } = r;
  const mask = maskOf(r);
  return Array.from({ length: batch }, (_, n) => {
    const zeros = () => t.all(Array(units).fill(0));
    let states = r.kind === "lstm" ? [zeros(), zeros()] : [zeros()];
    return Array.from({ length: steps }, (_, k) => {
      const at = r.goBackwards ? steps - 1 - k : k;
      const first = (n * steps + at) * features;
      const now = step(t, r, {
        x: x.slice(first, first + features),
        states,
        weights,
      });
      // A step that is masked repeats the state before.
      if (mask === undefined || mask[n][at]) states = now;
      return states[0];
    });
  });
}

function results(r: Recurrent, outputs: Num[][][]): Num[][][] {
  return outputs.map((steps) => r.returnSequences ? steps : steps.slice(-1));
}

const recurrents = (kind: Recurrent["kind"]) =>
  fc.record({
    kind: fc.constant(kind),
    batch: fc.integer({ min: 1, max: 4 }),
    steps: fc.integer({ min: 1, max: 5 }),
    features: fc.integer({ min: 1, max: 6 }),
    units: fc.integer({ min: 1, max: 6 }),
    goBackwards: fc.boolean(),
    returnSequences: fc.boolean(),
    useBias: fc.boolean(),
    recurrentActivation: fc.constantFrom(
      "hardSigmoid" as const,
      "sigmoid" as const,
    ),
    maskSeed: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 })),
  });

function weightShapes({ kind, features, units, useBias }: Recurrent) {
  const width = GATES[kind] * units;
  return [[features, width], [units, width], ...useBias ? [[width]] : []];
}

function layerOf(r: Recurrent): Layer {
  const { kind, units, goBackwards, returnSequences, useBias } = r;
  const initializers = {
    kernelInitializer: "zeros",
    recurrentInitializer: "zeros",
  } as const;
  const args = { units, goBackwards, returnSequences, useBias };
  return kind === "simpleRNN"
    ? tf.layers.simpleRNN({ ...args, ...initializers })
    : tf.layers[kind]({
      ...args,
      ...initializers,
      recurrentActivation: r.recurrentActivation,
      implementation: 2,
    });
}

function kwargsOf(r: Recurrent) {
  const mask = maskOf(r);
  return {
    training: true,
    ...mask &&
      {
        mask: tf.tensor2d(
          mask.map((row) => row.map(Number)),
          undefined,
          "bool",
        ),
      },
  };
}

function recurrent(kind: Recurrent["kind"]): Operation {
  return taped({
    name: `${kind} layer`,
    cases: recurrents(kind).chain((r) =>
      fc.tuple(
        ...[[r.batch, r.steps, r.features], ...weightShapes(r)].map((shape) =>
          input(shape, ["ordinary"])
        ),
      ).map((inputs): Case => ({ inputs, attrs: r }))
    ),
    run: (inputs, r) => callWith(layerOf(r), inputs, kwargsOf(r)),
    compute: (t, [x, ...weights], { attrs: r }) =>
      results(r, unrolled(t, r, { x, weights })).flat(2),
    shape: (r) =>
      r.returnSequences ? [r.batch, r.steps, r.units] : [r.batch, r.units],
  });
}

const MERGES = ["concat", "sum", "ave", "mul"] as const;

const bidirectional = taped({
  name: "bidirectional layer",
  cases: fc.tuple(
    fc.constantFrom(...Object.keys(GATES) as Recurrent["kind"][]).chain(
      recurrents,
    ),
    fc.constantFrom(...MERGES),
  ).chain(([r, merge]) =>
    fc.tuple(
      ...[
        [r.batch, r.steps, r.features],
        ...weightShapes(r),
        ...weightShapes(r),
      ].map((shape) => input(shape, ["ordinary"])),
    ).map((inputs): Case => ({ inputs, attrs: { ...r, merge } }))
  ),
  run: (inputs, r) => {
    const layer = layerOf(r) as tf.RNN;
    const both = tf.layers.bidirectional({ layer, mergeMode: r.merge });
    return callWith(both, inputs, kwargsOf(r));
  },
  compute: (t, [x, ...weights], { attrs: r }) => {
    const half = weights.length / 2;
    const there = results(
      r,
      unrolled(t, r, { x, weights: weights.slice(0, half) }),
    );
    const turned = { ...r, goBackwards: !r.goBackwards };
    const back = results(
      r,
      unrolled(t, turned, { x, weights: weights.slice(half) }),
    )
      .map((steps) => steps.toReversed());
    return there.flatMap((steps, n) =>
      steps.flatMap((h, k) => {
        const g = back[n][k];
        if (r.merge === "concat") return [...h, ...g];
        return h.map((value, j) =>
          r.merge === "mul"
            ? t.mul(value, g[j])
            : t.scale(t.add(value, g[j]), r.merge === "ave" ? 0.5 : 1)
        );
      })
    );
  },
  shape: (r) => [
    r.batch,
    ...r.returnSequences ? [r.steps] : [],
    r.merge === "concat" ? 2 * r.units : r.units,
  ],
});

const timeDistributed = taped({
  name: "timeDistributed layer",
  cases: fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 6 }),
  ).chain(([batch, steps, features, units]) =>
    fc.tuple(
      input([batch, steps, features], ["ordinary"]),
      input([features, units], ["ordinary"]),
      input([units], ["ordinary"]),
    ).map((inputs): Case => ({ inputs, attrs: { batch, steps, units } }))
  ),
  run: (inputs, { units }) =>
    callWith(
      tf.layers.timeDistributed({
        layer: tf.layers.dense({ units, activation: "tanh" }),
      }),
      inputs,
      {},
    ),
  compute: (t, [x, kernel, bias], { attrs: { batch, steps, units } }) =>
    Array.from({ length: batch * steps }, (_, row) => {
      const features = kernel.length / units;
      const from = x.slice(row * features, (row + 1) * features);
      return Array.from({ length: units }, (_, j) =>
        t.tanh(t.add(
          t.dot(from, from.map((_, i) => kernel[i * units + j])),
          bias[j],
        )));
    }).flat(),
  shape: ({ batch, steps, units }) => [batch, steps, units],
});

/** Values to mean 0 and variance 1, with the biased variance. */
function normalized(t: Tape, values: Num[], epsilon: number): Num[] {
  const mean = t.mean(values);
  const centred = values.map((value) => t.sub(value, mean));
  const variance = t.mean(centred.map((value) => t.square(value)));
  const root = t.sqrt(t.scale(variance, 1, epsilon));
  return centred.map((value) => t.div(value, root));
}

/** The indices of values that are normalized together, and their channel. */
function groupsOf(shape: number[], isTogether: (axis: number) => boolean) {
  const groups = new Map<string, number[]>();
  const size = shape.reduce((a, b) => a * b, 1);
  for (let i = 0; i < size; i++) {
    let rest = i;
    const index = shape.toReversed().map((length) => {
      const at = rest % length;
      rest = (rest - at) / length;
      return at;
    }).toReversed();
    const key = index.filter((_, axis) => !isTogether(axis)).join();
    groups.set(key, [...groups.get(key) ?? [], i]);
  }
  return [...groups.values()];
}

function normalization(
  name: "batchNormalization" | "layerNormalization",
): Operation {
  const isBatch = name === "batchNormalization";
  return taped({
    name: `${name} layer`,
    cases: fc.record({
      shape: fc.array(length, { minLength: 1, maxLength: isBatch ? 4 : 3 })
        .filter((shape) => shape.reduce((a, b) => a * b, 1) <= 300)
        .map((shape) => [3, ...shape]),
      scale: fc.boolean(),
      center: fc.boolean(),
      last: fc.boolean(),
    }).chain(({ shape, scale, center, last }) => {
      const axis = last || !isBatch ? -1 : 1;
      const channels = [shape.at(axis)!];
      return fc.tuple(
        input(shape, ["ordinary", "positive"]),
        ...(scale ? [input(channels, ["positive"])] : []),
        ...(center ? [input(channels, ["ordinary"])] : []),
      ).map((inputs): Case => ({ inputs, attrs: { scale, center, axis } }));
    }),
    run: (inputs, attrs) =>
      callWith(
        isBatch
          ? tf.layers.batchNormalization(attrs)
          : tf.layers.layerNormalization(attrs),
        inputs,
        { training: true },
      ),
    compute: (
      t,
      [x, ...factors],
      { attrs: { scale, center, axis }, shapes: [shape] },
    ) => {
      const at = axis < 0 ? shape.length - 1 : axis;
      const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1);
      const y = Array<Num>(x.length);
      for (
        const group of groupsOf(
          shape,
          (other) => isBatch ? other !== at : other === at,
        )
      ) {
        normalized(t, group.map((i) => x[i]), 1e-3).forEach((value, k) => {
          const i = group[k];
          const channel = Math.floor(i / inner) % shape[at];
          if (scale) value = t.mul(value, factors[0][channel]);
          if (center) {
            value = t.add(value, factors[scale ? 1 : 0][channel]);
          }
          y[i] = value;
        });
      }
      return y;
    },
    shape: (_, [shape]) => shape,
    // A variance of next to nothing leaves the rounding of the mean.
    roundings: 512,
  });
}

export const layers: Operation[] = [
  recurrent("simpleRNN"),
  recurrent("lstm"),
  recurrent("gru"),
  bidirectional,
  timeDistributed,
  normalization("batchNormalization"),
  normalization("layerNormalization"),
];
