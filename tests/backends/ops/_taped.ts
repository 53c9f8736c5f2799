/** Operations whose oracle is written as loops on a tape. */

import type * as tf from "@tensorflow/tfjs";
import type fc from "fast-check";
import {
  type Case,
  type Expected,
  type Operation,
  sizeOf,
  type Values,
} from "./_operation.ts";
import { type Num, Tape } from "./_tape.ts";

/** An operation with one output, given by loops over numbers on a tape. */
export interface Taped {
  readonly name: string;
  readonly cases: fc.Arbitrary<Case>;
  // deno-lint-ignore no-explicit-any
  run(inputs: tf.Tensor[], attrs: any): tf.Tensor;
  /** The values of the output, in order. */
  compute(
    tape: Tape,
    inputs: Num[][],
    // deno-lint-ignore no-explicit-any
    given: { attrs: any; shapes: number[][] },
  ): Num[];
  // deno-lint-ignore no-explicit-any
  shape(attrs: any, shapes: number[][]): number[];
  /** Which inputs have gradients; by default, all. */
  differentiates?(index: number): boolean;
  readonly roundings?: number;
}

/** Rounding acts on what the values are computed from, of size 1 or so. */
function bounded(shape: readonly number[], values: Float64Array): Expected {
  const most = values.reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    1,
  );
  return { shape, values, bound: new Float64Array(values.length).fill(most) };
}

/** The operation as the differential test takes it. */
export function taped(operation: Taped): Operation {
  const { differentiates = () => true } = operation;
  const record = (inputs: Values[], attrs: unknown) => {
    const tape = new Tape();
    const numbers = inputs.map(({ values }) => tape.all(values));
    const shapes = inputs.map(({ shape }) => [...shape]);
    const outputs = operation.compute(tape, numbers, { attrs, shapes });
    return { tape, numbers, shapes, outputs };
  };
  const hasGradients = operation.differentiates === undefined ||
    [0, 1, 2, 3].some(differentiates);
  return {
    name: operation.name,
    cases: operation.cases,
    run: operation.run,
    forward: (inputs, attrs) => {
      const { outputs, shapes } = record(inputs, attrs);
      const shape = operation.shape(attrs, shapes);
      if (sizeOf(shape) !== outputs.length) throw new Error("wrong oracle");
      return [bounded(shape, Float64Array.from(outputs, ({ value }) => value))];
    },
    ...hasGradients && {
      backward: (
        inputs: Values[],
        attrs: unknown,
        { dys: [dy] }: { dys: Float64Array[] },
      ) => {
        const { tape, numbers, outputs } = record(inputs, attrs);
        const slope = tape.slopes(outputs, dy);
        return inputs.map(({ shape }, i) =>
          differentiates(i)
            ? bounded(shape, Float64Array.from(numbers[i], slope))
            : undefined
        );
      },
    },
    roundings: operation.roundings ?? 16,
  };
}
