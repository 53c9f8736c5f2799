/**
 * Arithmetic with tensors of bools, which count as the whole numbers 0 and 1.
 *
 * tfjs (4.22) lets each backend do with them as it may: on WASM most functions
 * have no case for them and give what was in memory before, true + true is 1
 * there and 2 on the CPU, and −true is 255.
 */

import * as tf from "@tensorflow/tfjs";

/**
 * Kernels whose result is a number. Those that move values, compare them or take
 * the largest, as well as products, give bools of bools everywhere.
 */
const OF_NUMBERS: ReadonlySet<string> = new Set([
  "Abs",
  "Acos",
  "Acosh",
  "Add",
  "AddN",
  "Asin",
  "Asinh",
  "Atan",
  "Atan2",
  "Atanh",
  "BatchMatMul",
  "ClipByValue",
  "Cos",
  "Cosh",
  "Cumprod",
  "Cumsum",
  "Exp",
  "Expm1",
  "FloorDiv",
  "LeakyRelu",
  "Log",
  "Log1p",
  "Mod",
  "Neg",
  "Pow",
  "Prelu",
  "Reciprocal",
  "Relu",
  "Relu6",
  "Round",
  "Rsqrt",
  "ScatterNd",
  "Selu",
  "Sign",
  "Sin",
  "Sinh",
  "Softplus",
  "Sqrt",
  "Square",
  "SquaredDifference",
  "Step",
  "Sub",
  "Tan",
  "TopK",
  "UnsortedSegmentSum",
]);

/** Kernels that divide: of whole numbers they would leave no fractions. */
const OF_FLOATS: ReadonlySet<string> = new Set(["FusedBatchNorm", "RealDiv"]);

/** The inputs, of which those of some types are others. */
function cast(
  inputs: tf.NamedTensorMap,
  types: readonly tf.DataType[],
  to: tf.DataType,
): tf.NamedTensorMap {
  const isOther = (x?: tf.Tensor) => x !== undefined && types.includes(x.dtype);
  let isAny = false;
  // Without a list of them: this runs before every such kernel.
  for (const name in inputs) isAny ||= isOther(inputs[name]);
  if (!isAny) return inputs;
  const casted = Object.entries(inputs).map(([name, x]) =>
    [name, isOther(x) ? tf.cast(x, to) : x] as const
  );
  return (Array.isArray(inputs)
    ? casted.map(([, x]) => x)
    : Object.fromEntries(casted)) as tf.NamedTensorMap;
}

const BOOL: readonly tf.DataType[] = ["bool"];
const NO_FLOAT: readonly tf.DataType[] = ["bool", "int32"];

let counted = false;

/** Lets bools count as numbers where numbers are computed, once for all backends. */
export function countTruthValues(): void {
  if (counted) return;
  counted = true;
  const engine = tf.engine();
  const run = engine.runKernel.bind(engine);
  engine.runKernel = ((name, inputs, attrs) => {
    if (OF_NUMBERS.has(name)) {
      return run(name, cast(inputs, BOOL, "int32"), attrs);
    }
    if (!OF_FLOATS.has(name)) return run(name, inputs, attrs);
    const types = name === "RealDiv" ? BOOL : NO_FLOAT;
    return run(name, cast(inputs, types, "float32"), attrs);
  }) as typeof engine.runKernel;
}
