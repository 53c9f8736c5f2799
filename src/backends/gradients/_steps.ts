/**
 * Gradients of what changes in steps, and so nowhere else: comparisons, logic and
 * roundings to whole numbers.
 */

import * as tf from "@tensorflow/tfjs";
import { registerGradient, replaceGradient } from "../_engine.ts";

/** The inputs of each operation of which tfjs has no gradient at all. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  Equal: ["a", "b"],
  NotEqual: ["a", "b"],
  Greater: ["a", "b"],
  GreaterEqual: ["a", "b"],
  Less: ["a", "b"],
  LessEqual: ["a", "b"],
  LogicalAnd: ["a", "b"],
  LogicalOr: ["a", "b"],
  LogicalXor: ["a", "b"],
  LogicalNot: ["x"],
  // Masking asks whether any feature of a step is not the value that it masks.
  Any: ["x"],
  All: ["x"],
  IsNan: ["x"],
  IsInf: ["x"],
  IsFinite: ["x"],
};

/** A gradient of zeros for each input. */
function addSteps(kernelName: string, inputs: readonly string[]): void {
  registerGradient({
    kernelName,
    inputsToSave: [...inputs],
    gradFunc: (_, saved) =>
      Object.fromEntries(
        inputs.map((name, i) => [name, () => tf.zeros(saved[i].shape)]),
      ),
  });
}

/** tfjs's own is that of a division that is not rounded. */
function mendFloorDiv(): void {
  tf.unregisterGradient("FloorDiv");
  addSteps("FloorDiv", ["a", "b"]);
}

/** tfjs's own hands on what goes to whole numbers as if they were the floats. */
function mendCast(): void {
  replaceGradient<tf.CastAttrs>("Cast", (stock) => ({
    ...stock,
    inputsToSave: ["x"],
    gradFunc: (dys, saved, attrs) => {
      const [x] = saved;
      const isRounded = x.dtype === "float32" && attrs.dtype !== "float32" &&
        attrs.dtype !== "complex64";
      return isRounded
        ? { x: () => tf.zeros(x.shape) }
        : stock.gradFunc(dys, saved, attrs);
    },
  }));
}

/** Registers them. */
export function addStepGradients(): void {
  for (const [kernelName, inputs] of Object.entries(OPERATIONS)) {
    if (tf.getGradient(kernelName) === undefined) addSteps(kernelName, inputs);
  }
  mendFloorDiv();
  mendCast();
}
