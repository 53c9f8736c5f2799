/** Runs a case on the current backend and says how it is other than expected. */

import * as tf from "@tensorflow/tfjs";
import {
  type Case,
  draw,
  type Expected,
  type Operation,
  randomFrom,
  sizeOf,
} from "./_operation.ts";

const LARGEST = 3.4028234663852886e38;
/** Below it, float32 may round to 0. */
const SMALLEST = 1.2e-38;

/** How many roundings of float32 a result may be off by, at least. */
const ROUNDINGS: Record<string, number> = { cpu: 16, wasm: 16, webgpu: 64 };

function difference(
  what: string,
  { actual, expected: { shape, values, bound } }: {
    readonly actual: tf.Tensor;
    readonly expected: Expected;
  },
  { spreadsNaN, roundings = 1 }: Operation,
): string | undefined {
  if (actual.shape.join() !== shape.join()) {
    return `${what} has shape [${actual.shape}], not [${shape}]`;
  }
  const got = actual.dataSync();
  if (got.length !== sizeOf(shape)) return `${what} has ${got.length} values`;
  const epsilon = ROUNDINGS[tf.getBackend()] * roundings * 2 ** -24;
  for (let i = 0; i < got.length; i++) {
    const [is, must] = [Number(got[i]), values[i]];
    if (Number.isNaN(must) || Number.isNaN(is)) {
      if (Number.isNaN(must) && Number.isNaN(is)) continue;
      if (spreadsNaN && Number.isNaN(is)) continue;
    } else if (Math.abs(must) > LARGEST) {
      // Close to the end of the range, sums in another order may overflow.
      if (is === Math.sign(must) * Infinity || Math.abs(is) > LARGEST / 64) {
        continue;
      }
    } else if (!Number.isFinite(bound[i]) || bound[i] > LARGEST / 64) {
      continue;
    } else if (Math.abs(is - must) <= epsilon * bound[i] + SMALLEST) continue;
    return `${what} is ${is} at ${i}, not ${must} ± ${epsilon * bound[i]}`;
  }
}

function tensorsOf({ inputs }: Case): tf.Tensor[] {
  return inputs.map((plan) =>
    tf.tensor(
      Float32Array.from(draw(plan).values) as unknown as number[],
      [...plan.shape],
      plan.dtype ?? "float32",
    )
  );
}

/** How an input is other than it was given, if it is. */
function changed(
  inputs: readonly tf.Tensor[],
  given: Case,
): string | undefined {
  for (const [i, plan] of given.inputs.entries()) {
    const is = inputs[i].dataSync();
    const { values } = draw(plan);
    const at = values.findIndex((value, at) => {
      const kept = plan.dtype === "bool" ? Number(value !== 0) : value;
      return Number(is[at]) !== kept && !Number.isNaN(kept);
    });
    if (at >= 0) return `input ${i} is ${is[at]} at ${at} afterwards`;
  }
}

/**
 * Of a case, the first way in which the outputs or gradients of the current
 * backend are not what they must be, or an input not what it was; undefined where
 * all is right.
 */
export function check(operation: Operation, given: Case): string | undefined {
  if (operation.limitedOn?.(tf.getBackend(), given)) return undefined;
  const values = given.inputs.map(draw);
  const { attrs } = given;
  const outputs = operation.forward(values, attrs);
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const inputs = tensorsOf(given);
    let made: tf.Tensor | tf.Tensor[];
    try {
      made = operation.run(inputs, attrs);
    } catch (error) {
      return `it throws: ${(error as Error).message}`;
    }
    const actual = Array.isArray(made) ? made : [made];
    for (let i = 0; i < outputs.length; i++) {
      const wrong = difference(`output ${i}`, {
        actual: actual[i],
        expected: outputs[i],
      }, operation);
      if (wrong) return wrong;
    }
    if (operation.backward === undefined) return changed(inputs, given);
    const next = randomFrom(given.inputs[0].seed + 77);
    const dys = outputs.map(({ shape }) =>
      Float64Array.from(
        { length: sizeOf(shape) },
        () => Math.fround(2 * next() - 1),
      )
    );
    const wanted = operation.backward(values, attrs, { dys, outputs });
    const chosen = inputs.filter((_, i) => wanted[i] !== undefined);
    if (chosen.length === 0) return changed(inputs, given);
    const dyTensors = outputs.map(({ shape }, i) =>
      tf.tensor(Float32Array.from(dys[i]) as unknown as number[], [...shape])
    );
    const compute = (...args: tf.Tensor[]) => {
      let k = 0;
      const all = inputs.map((x, i) => wanted[i] === undefined ? x : args[k++]);
      const y = operation.run(all, attrs);
      return Array.isArray(y)
        ? tf.addN(y.map((each, i) => tf.sum(tf.mul(each, dyTensors[i]))))
        : y;
    };
    let gradients: tf.Tensor[];
    try {
      gradients = outputs.length === 1 && !Array.isArray(made)
        ? tf.grads(compute)(chosen, dyTensors[0])
        : tf.grads(compute)(chosen);
    } catch (error) {
      return `its gradient throws: ${(error as Error).message}`;
    }
    let k = 0;
    for (let i = 0; i < inputs.length; i++) {
      const want = wanted[i];
      if (want === undefined) continue;
      const wrong = difference(
        `gradient ${i}`,
        { actual: gradients[k++], expected: want },
        operation,
      );
      if (wrong) return wrong;
    }
    return changed(inputs, given);
  });
  const left = tf.memory().numTensors - before;
  return found ?? (left === 0 ? undefined : `it leaves ${left} tensors behind`);
}
