/**
 * Arithmetic with tensors of bools, which count as the whole numbers 0 and 1, and
 * with whole numbers where the result has fractions.
 *
 * tfjs (4.22) lets each backend do with them as it may: on WASM most functions
 * have no case for them and give what was in memory before, true + true is 1
 * there and 2 on the CPU, and −true is 255.
 */

import * as tf from "@tensorflow/tfjs";
import { aroundKernels, type KernelRun } from "../_engine.ts";

/**
 * Kernels whose result is a number. Those that move values, compare them or take
 * the largest, as well as products, give bools of bools everywhere.
 */
const OF_NUMBERS: readonly string[] = [
  "Abs",
  "Add",
  "AddN",
  "BatchMatMul",
  "Bincount",
  "ClipByValue",
  "Cumprod",
  "Cumsum",
  "DenseBincount",
  "Einsum",
  "FloorDiv",
  "LeakyRelu",
  "Mod",
  "Neg",
  "Pow",
  "Relu",
  "Relu6",
  "Round",
  "ScatterNd",
  "Sign",
  "SparseSegmentMean",
  "SparseSegmentSum",
  "Square",
  "SquaredDifference",
  "Step",
  "Sub",
  "TopK",
  "UnsortedSegmentSum",
];

/**
 * Kernels whose result has fractions, or that ask for what only floats are. Of
 * whole numbers tfjs cuts them off, and on WASM gives what was in memory before.
 */
const OF_FLOATS: readonly string[] = [
  "Acos",
  "Acosh",
  "Asin",
  "Asinh",
  "Atan",
  "Atan2",
  "Atanh",
  "Cos",
  "Cosh",
  "Elu",
  "Erf",
  "Exp",
  "Expm1",
  "FusedBatchNorm",
  "IsFinite",
  "IsInf",
  "IsNan",
  "Log",
  "Log1p",
  "Prelu",
  "Reciprocal",
  "Rsqrt",
  "Selu",
  "Sigmoid",
  "Sin",
  "Sinh",
  "Softplus",
  "Sqrt",
  "Tan",
  "Tanh",
];

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

/** Lets them count as numbers where numbers are computed, on all backends. */
export function countTruthValues(): void {
  const casting =
    (types: readonly tf.DataType[], to: tf.DataType) =>
    (run: KernelRun): KernelRun =>
    (name, inputs, attrs) => run(name, cast(inputs, types, to), attrs);
  aroundKernels(OF_NUMBERS, casting(BOOL, "int32"));
  // A quotient of whole numbers is one in tfjs, that of bools is not.
  aroundKernels(["RealDiv"], casting(BOOL, "float32"));
  aroundKernels(OF_FLOATS, casting(NO_FLOAT, "float32"));
}
