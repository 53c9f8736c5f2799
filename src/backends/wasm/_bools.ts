/** Moves of bools, which take a byte each, by the kernels for 32 bits. */

import type { KernelConfig } from "@tensorflow/tfjs";
import { fromKernelFunc, registeredKernel } from "../_kernels.ts";
import { type BackendWasm, release, type TensorInfo } from "./_wasm_kernel.ts";

type Inputs = Readonly<Record<string, TensorInfo>>;

function cast(
  backend: BackendWasm,
  x: TensorInfo,
  dtype: "bool" | "int32",
): TensorInfo {
  const run = registeredKernel<Inputs, object, BackendWasm>("Cast", "wasm");
  return run({ inputs: { x }, attrs: { dtype }, backend });
}

/** Runs a kernel that moves values with the named inputs, which are bools, as int32. */
export function moveBools(
  backend: BackendWasm,
  kernel: KernelConfig,
  { inputs, attrs, names }: {
    readonly inputs: Inputs;
    readonly attrs: object;
    readonly names: readonly string[];
  },
): TensorInfo {
  const whole = names.map((name) => cast(backend, inputs[name], "int32"));
  const moved = fromKernelFunc<Inputs, object, BackendWasm>(kernel)({
    inputs: {
      ...inputs,
      ...Object.fromEntries(names.map((name, i) => [name, whole[i]])),
    },
    attrs,
    backend,
  });
  const result = cast(backend, moved, "bool");
  release(backend, ...whole, moved);
  return result;
}
