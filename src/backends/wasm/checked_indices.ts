/**
 * Kernels that read or write where indices say. The backend's own do so in the
 * memory of others where an index lies outside.
 */

import type { KernelConfig } from "@tensorflow/tfjs";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

type Inputs = Readonly<Record<string, TensorInfo>>;

interface Attrs {
  readonly shape?: readonly number[];
  readonly outputShape?: readonly number[];
}

/** Which input indexes into what shape. */
interface Indexing {
  readonly indices: string;
  readonly into: (inputs: Inputs, attrs: Attrs) => readonly number[];
  /** How many of the indices lead to one place. */
  readonly depth: (indices: TensorInfo) => number;
}

const lastLength = ({ shape }: TensorInfo) => shape.at(-1) ?? 1;
/** Of a list, each index is a place by itself. */
const lengthInLists = (indices: TensorInfo) =>
  indices.shape.length > 1 ? lastLength(indices) : 1;

const INDEXING: Readonly<Record<string, Indexing>> = {
  GatherNd: {
    indices: "indices",
    into: ({ params }) => params.shape,
    depth: lastLength,
  },
  ScatterNd: {
    indices: "indices",
    into: (_, { shape }) => shape!,
    depth: lengthInLists,
  },
  TensorScatterUpdate: {
    indices: "indices",
    into: ({ tensor }) => tensor.shape,
    depth: lengthInLists,
  },
  SparseToDense: {
    indices: "sparseIndices",
    into: (_, { outputShape }) => outputShape!,
    depth: lengthInLists,
  },
  CropAndResize: {
    indices: "boxInd",
    into: ({ image }) => image.shape,
    depth: () => 1,
  },
};

function checkIndices(
  name: string,
  { indices, depth, shape, backend }: {
    readonly indices: TensorInfo;
    readonly depth: number;
    readonly shape: readonly number[];
    readonly backend: BackendWasm;
  },
): void {
  backend.typedArrayFromHeap(indices).forEach((index, i) => {
    const length = shape[i % depth];
    if (index >= 0 && index < length) return;
    throw new RangeError(
      `Cannot run ${name} as indices into [${shape}] must be whole numbers from 0 to ${
        length - 1
      } along axis ${i % depth}: current value is ${index}`,
    );
  });
}

export const checkedIndexKernels: readonly KernelConfig[] = Object.entries(
  INDEXING,
).map(([name, { indices, into, depth }]) =>
  wasmKernel(
    name,
    ({ inputs, attrs, backend }: KernelCall<Inputs, Attrs>) => {
      checkIndices(name, {
        indices: inputs[indices],
        depth: depth(inputs[indices]),
        shape: into(inputs, attrs),
        backend,
      });
      return callKernel(backend, name, { inputs, attrs });
    },
  )
);
