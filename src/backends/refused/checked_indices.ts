/** Kernels that read or write where indices say, and the check of what they say. */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";

type Inputs = Readonly<Record<string, TensorInfo>>;

interface Attrs {
  readonly shape?: readonly number[];
  readonly outputShape?: readonly number[];
  readonly axis?: number;
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
  GatherV2: {
    indices: "indices",
    into: ({ x }, { axis }) => {
      const [along] = tf.util.parseAxisParam(axis!, x.shape);
      return [x.shape[along]];
    },
    depth: () => 1,
  },
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

/** The names of the kernels. */
export const indexingKernels: readonly string[] = Object.keys(INDEXING);

/** The tensor of a kernel's inputs that holds indices. */
export function indicesOf(name: string, inputs: Inputs): TensorInfo {
  return inputs[INDEXING[name].indices];
}

/**
 * Refuses indices that lead outside.
 *
 * @throws {RangeError} Naming the first.
 */
export function checkIndices(
  name: string,
  { inputs, attrs, values }: {
    readonly inputs: Inputs;
    readonly attrs: Attrs;
    /** The indices, as numbers. */
    readonly values: ArrayLike<number>;
  },
): void {
  const { into, depth: depthOf } = INDEXING[name];
  const shape = into(inputs, attrs);
  const depth = depthOf(indicesOf(name, inputs));
  for (let i = 0; i < values.length; i++) {
    const [index, length] = [values[i], shape[i % depth]];
    if (index >= 0 && index < length) continue;
    const last = length - 1;
    // tfjs's own words of a gather come last, for those who look for them.
    throw new RangeError(
      `Cannot run ${name} as indices into [${shape}] must be whole numbers from 0 to ${last} along axis ${
        i % depth
      }: current value is ${index}; ${name}: the index value ${index} is not in [0, ${last}]`,
    );
  }
}
