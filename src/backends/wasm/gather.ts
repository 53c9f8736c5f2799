import {
  backend_util,
  type GatherV2Attrs,
  type GatherV2Inputs,
  util,
} from "@tensorflow/tfjs";
import { checkIndices } from "../refused/checked_indices.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import {
  callKernel,
  has32Bits,
  type KernelCall,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** Values that a thread copies before it claims the next ones. */
const CHUNK = 8192;

/** Slices of a tensor by their indices, as in every embedding. */
export const gatherV2Kernel = wasmKernel(
  "GatherV2",
  ({ inputs, attrs, backend }: KernelCall<GatherV2Inputs, GatherV2Attrs>) => {
    const { x, indices } = inputs;
    const [axis] = util.parseAxisParam(attrs.axis, x.shape);
    const info = backend_util.segment_util.collectGatherOpShapeInfo(
      x,
      indices,
      axis,
      attrs.batchDims,
    );
    const { batchSize, outerSize, dimSize, sliceSize, outputShape } = info;
    const size = util.sizeFromShape(outputShape);
    if (!has32Bits(x) || indices.dtype !== "int32" || size === 0) {
      return callKernel(
        backend,
        "GatherV2",
        { inputs, attrs },
      );
    }
    const values = backend.typedArrayFromHeap(indices);
    checkIndices("GatherV2", { inputs, attrs, values });
    const out = backend.makeOutput(outputShape, x.dtype);
    const count = util.sizeFromShape(indices.shape) / batchSize;
    const rows = batchSize * outerSize * count;
    const chunkRows = Math.max(1, Math.floor(CHUNK / sliceSize));
    Compute.of(backend).run(
      "gather",
      {
        from: addressOf(backend, x),
        indices: addressOf(backend, indices),
        to: addressOf(backend, out),
        rows,
        count,
        outer: outerSize,
        length: dimSize,
        slice: sliceSize,
        chunkRows,
      },
      { chunks: Math.ceil(rows / chunkRows), multiplications: size },
    );
    return out;
  },
);
