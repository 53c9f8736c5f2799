import * as tf from "@tensorflow/tfjs";
import { firstOf, type Gradient } from "../_engine.ts";

/**
 * The gradient of one operand: the contraction of dy with the other one. Letters
 * that only the operand has were summed over, so that all their values get it.
 */
function gradientOf(
  term: string,
  operand: tf.Tensor,
  rest: [string, tf.Tensor][],
): tf.Tensor {
  const known = [...term].filter((letter) =>
    rest.some(([other]) => other.includes(letter))
  ).join("");
  const sum = tf.einsum(
    `${rest.map(([other]) => other).join(",")}->${known}`,
    ...rest.map(([, tensor]) => tensor),
  );
  const kept = [...term].map((letter, i) =>
    known.includes(letter) ? operand.shape[i] : 1
  );
  return tf.broadcastTo(tf.reshape(sum, kept), operand.shape);
}

/** The gradient of `einsum` of one or two operands, of which tfjs has none. */
export const einsumGradient: Gradient<tf.EinsumAttrs> = {
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc: (dy, operands, attrs) => {
    const equation = attrs.equation.replace(/\s/g, "");
    const [inputs, output] = equation.split("->");
    const terms = inputs.split(",");
    if (terms.some((term) => new Set(term).size < term.length)) {
      throw new TypeError(
        `Cannot differentiate einsum as no operand may repeat a letter: current value is "${equation}"`,
      );
    }
    return Object.fromEntries(operands.map((operand, i) => [
      i,
      () =>
        gradientOf(terms[i], operand, [
          [output, firstOf(dy)],
          ...operands.map((other, k): [string, tf.Tensor] => [terms[k], other])
            .filter((_, k) => k !== i),
        ]),
    ]));
  },
};
