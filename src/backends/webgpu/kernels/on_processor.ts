/**
 * Small arithmetic with what the processor holds. tfjs draws the mask of a
 * dropout there and computes with it on the GPU, which sends every drawn number;
 * done here, a bit of each remains to be sent.
 */

import { util } from "@tensorflow/tfjs";
import type { BinaryInputs, FloorInputs, TensorInfo } from "@tensorflow/tfjs";
import type { TrainingBackend } from "../_training_backend.ts";
import { type KernelCall, replaceKernel } from "../_kernel.ts";

/** Elements that the processor computes faster than it could send them. */
const MOST = 2 ** 20;

/** The floats of a tensor that is not on the GPU. */
function valuesOf(
  backend: TrainingBackend,
  tensor: TensorInfo | undefined,
): Float32Array | undefined {
  if (tensor?.dtype !== "float32") return undefined;
  const { values, resource, dtype } = backend.tensorMap.get(tensor.dataId);
  return resource == null && dtype === "float32" &&
      values instanceof Float32Array && values.length <= MOST
    ? values
    : undefined;
}

function withValues(
  backend: TrainingBackend,
  shape: number[],
  values: Float32Array,
): TensorInfo {
  const result = backend.makeTensorInfo([...shape], "float32");
  backend.tensorMap.get(result.dataId).values = values;
  return result;
}

/** `compute` of each element of `a` and the number `b`, where neither is sent. */
export function onProcessor(
  { inputs, backend }: KernelCall<BinaryInputs>,
  compute: (a: number, b: number) => number,
): TensorInfo | undefined {
  const a = valuesOf(backend, inputs.a);
  const b = valuesOf(backend, inputs.b);
  if (!a || !b || util.sizeFromShape(inputs.b.shape) !== 1) return undefined;
  if (inputs.b.shape.length > inputs.a.shape.length) return undefined;
  const [number] = b;
  return withValues(
    backend,
    inputs.a.shape,
    a.map((element) => compute(element, number)),
  );
}

/** In the place of tfjs's RealDiv. */
export const realDivKernel = replaceKernel<BinaryInputs>(
  "RealDiv",
  (call) => onProcessor(call, (a, b) => a / b),
);

/** In the place of tfjs's Floor. */
export const floorKernel = replaceKernel<FloorInputs>(
  "Floor",
  ({ inputs, backend }) => {
    const x = valuesOf(backend, inputs.x);
    return x && withValues(backend, inputs.x.shape, x.map(Math.floor));
  },
);
