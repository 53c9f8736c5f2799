/**
 * Kernels that read or write where indices say. The backend's own do so in the
 * memory of others where an index lies outside.
 */

import type { KernelConfig } from "@tensorflow/tfjs";
import {
  checkIndices,
  indexingKernels,
  indicesOf,
} from "../refused/checked_indices.ts";
import {
  callKernel,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

type Inputs = Readonly<Record<string, TensorInfo>>;

export const checkedIndexKernels: readonly KernelConfig[] = indexingKernels
  // Which has a kernel of ours.
  .filter((name) => name !== "GatherV2")
  .map((name) =>
    wasmKernel(
      name,
      ({ inputs, attrs, backend }: KernelCall<Inputs, object>) => {
        const values = backend.typedArrayFromHeap(indicesOf(name, inputs));
        checkIndices(name, { inputs, attrs, values });
        return callKernel(backend, name, { inputs, attrs });
      },
    )
  );
