// What the exporter's tests share: models with random weights, computed by
// tfjs's CPU backend and by onnxruntime-web.

import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  createSession,
  toOnnx,
  type ToOnnxOptions,
} from "../../src/onnx/mod.ts";

import { seededRandom as random } from "../../src/runtime/random.ts";

export { random };

await tf.setBackend("cpu");

/** Gives every weight random values: a fresh bias of zeros would hide mistakes. */
export function randomizeWeights(
  model: tf.LayersModel,
  next: () => number,
): void {
  for (const variable of model.weights) {
    const { shape } = variable.read();
    const size = shape.reduce((product, dim) => product * dim, 1);
    const fan = Math.max(1, size / (shape.at(-1) ?? 1));
    const isVariance = variable.name.includes("variance");
    const data = Float32Array.from(
      { length: size },
      () => isVariance ? 0.5 + next() : (2 * next() - 1) / Math.sqrt(fan) * 1.5,
    );
    const value = tf.tensor(data, shape);
    variable.write(value);
    value.dispose();
  }
}

/** Options of {@linkcode assertAgrees}. */
export interface AgreementOptions extends ToOnnxOptions {
  /** Unknown dimensions other than the batch, in order, for the inputs made. */
  readonly unknown?: readonly number[];
  /** Indices below this number instead of numbers from -1.5 to 1.5. */
  readonly indices?: number;
  /**
   * Sets steps of sequences, drawn at random, to this value: in the second
   * example of several all, in the third none, in the fourth the first half and
   * in the fifth the last half.
   */
  readonly masked?: number;
  readonly seed?: number;
  /** Whether an output of zeros is no sign of a mistake. */
  readonly mayBeZero?: boolean;
}

/** Masks steps of sequences, or indices, in place. */
function maskSteps(
  data: Float32Array,
  [batch, steps, features = 1]: readonly number[],
  { next, value }: { readonly next: () => number; readonly value: number },
): void {
  if (steps === undefined) return;
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < steps; t++) {
      const isMasked = [
        undefined,
        true,
        false,
        t < steps / 2,
        t >= steps / 2,
      ][b] ?? next() < 0.4;
      const start = (b * steps + t) * features;
      if (isMasked) data.fill(value, start, start + features);
    }
  }
}

/** Both engines give the same outputs, for one example and for seven. */
export async function assertAgrees(
  model: tf.LayersModel,
  options: AgreementOptions = {},
): Promise<Uint8Array> {
  const {
    unknown: _,
    indices: __,
    seed = 1,
    mayBeZero: ___,
    masked: ____,
    ...own
  } = options;
  const next = random(seed);
  randomizeWeights(model, next);
  const bytes = await toOnnx(model, own);
  await using session = await createSession(bytes, { threads: 1 });
  const fixed = model.inputs[0].shape[0];
  for (const batch of fixed === null ? [1, 7] : [fixed]) {
    const xs = model.inputs.map(({ shape }) => {
      const unknown = [...options.unknown ?? []];
      const dims = shape.map((dim, i) =>
        i === 0 ? batch : dim ?? unknown.shift()!
      );
      const size = dims.reduce((product, dim) => product * dim, 1);
      const data = Float32Array.from(
        { length: size },
        () =>
          options.indices === undefined
            ? 3 * next() - 1.5
            : Math.floor(next() * options.indices),
      );
      if (options.masked !== undefined) {
        maskSteps(data, dims, { next, value: options.masked });
      }
      return tf.tensor(data, dims);
    });
    const expected = [model.predict(xs.length === 1 ? xs[0] : xs)].flat();
    const results = await session.run(Object.fromEntries(
      xs.map((x, i) => {
        const isNchw = options.inputLayout === "NCHW" && x.rank === 4;
        const lying = isNchw ? tf.transpose(x, [0, 3, 1, 2]) : x;
        return [session.inputs[i].name, {
          data: lying.dataSync() as Float32Array,
          shape: lying.shape,
        }];
      }),
    ));
    expected.forEach((output, i) => {
      const { data, shape } = results[session.outputs[i].name];
      assertEquals(shape, output.shape);
      const values = output.dataSync();
      for (let j = 0; j < values.length; j++) {
        // Beyond a hundred, 1e-4 is less than the rounding of a few operations.
        assert(
          Math.abs(values[j] - data[j]) <=
            Math.max(1e-4, 1e-6 * Math.abs(values[j])),
          `output ${i} of batch ${batch} differs at ${j}: tfjs ${
            values[j]
          }, onnxruntime ${data[j]}`,
        );
      }
      // An output of zeros alone would agree with anything that lost its weights.
      assert(
        options.mayBeZero || values.some((value) => value !== 0),
        "the output is all zeros",
      );
    });
    tf.dispose([...xs, ...expected]);
  }
  return bytes;
}

/** The layers one after the other on an input of that shape, without the batch. */
export function chain(
  shape: (number | null)[],
  ...layers: tf.layers.Layer[]
): tf.LayersModel {
  const input = tf.input({ shape });
  const output = layers.reduce<tf.SymbolicTensor>(
    (x, layer) => layer.apply(x) as tf.SymbolicTensor,
    input,
  );
  return tf.model({ inputs: input, outputs: output });
}

/** Declares one test for each model, named after what the model exercises. */
export function testAgreement(
  cases: Readonly<
    Record<
      string,
      | (() => tf.LayersModel)
      | readonly [() => tf.LayersModel, AgreementOptions]
    >
  >,
): void {
  for (const [name, given] of Object.entries(cases)) {
    const [make, options] = typeof given === "function" ? [given, {}] : given;
    Deno.test(`toOnnx() agrees with tfjs on ${name}`, async () => {
      const model = make();
      await assertAgrees(model, options);
      model.dispose();
    });
  }
}
