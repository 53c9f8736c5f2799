import {
  type FusedBatchNormAttrs,
  type FusedBatchNormInputs,
  util,
} from "@tensorflow/tfjs";
import type {
  BatchNormTrainingGradInputs,
  BatchNormTrainingInputs,
} from "../fused/layers.ts";
import {
  addressesOf,
  addressOf,
  Compute,
  floatBits,
} from "./compute/compute.ts";
import { defer } from "./_deferred.ts";
import { binary, unary } from "./elementwise.ts";
import { scoped } from "../../runtime/scoped.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  release,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** The size of a piece of rows, so that it is read from the cache again. */
const PIECE_BYTES = 65_536;
const MOST_PIECES = 256;

/** The rows of a tensor whose last dimension are the columns. */
export function rowsOf({ shape }: TensorInfo) {
  const columns = shape[shape.length - 1];
  const rows = util.sizeFromShape(shape.slice(0, -1));
  const chunkRows = Math.max(
    1,
    Math.floor(PIECE_BYTES / (4 * columns)),
    Math.ceil(rows / MOST_PIECES),
  );
  return { rows, columns, chunkRows, chunks: Math.ceil(rows / chunkRows) };
}

/** Makes a vector tensor of values that are computed one by one. */
function vector(
  backend: BackendWasm,
  length: number,
  value: (i: number) => number,
): TensorInfo {
  const out = backend.makeOutput([length], "float32");
  const values = Float32Array.from({ length }, (_, i) => value(i));
  backend.typedArrayFromHeap(out).set(values);
  return out;
}

/** A copy of a vector, which no allocation moves. */
function numbers(backend: BackendWasm, x: TensorInfo): Float32Array {
  return Float32Array.from(backend.typedArrayFromHeap(x));
}

/** What a column's values are taken for. */
interface Columns {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/** Writes (x − mean) · scale + offset by columns, cut off at `lowest`. */
function normalize(
  backend: BackendWasm,
  { x, mean, scale, offset }: Columns,
  { out, lowest }: { readonly out: TensorInfo; readonly lowest: number },
): void {
  const { rows, columns, chunkRows, chunks } = rowsOf(x);
  const compute = Compute.of(backend);
  scoped((own) => {
    const factors = own(compute.scratch(8 * columns));
    const { address } = factors;
    compute.floats(address, columns).set(scale);
    compute.floats(address + 4 * columns, columns).set(offset);
    compute.run(
      "normalize",
      {
        ...addressesOf(backend, { x, mean }),
        scale: address,
        offset: address + 4 * columns,
        out: addressOf(backend, out),
        rows,
        columns,
        chunkRows,
        lowest: floatBits(lowest),
      },
      { chunks, multiplications: rows * columns },
    );
  });
}

/** Normalizes when it is read, so that a ReLU can do both in one pass. */
function normalizeColumns(backend: BackendWasm, columns: Columns): TensorInfo {
  const { x, mean } = columns;
  const out = backend.makeOutput(x.shape, "float32");
  defer(backend, out, {
    inputs: [x, mean],
    compute: () => normalize(backend, columns, { out, lowest: -Infinity }),
    computeRelu: () => {
      const relu = backend.makeOutput(x.shape, "float32");
      normalize(backend, columns, { out: relu, lowest: 0 });
      return relu;
    },
  });
  return out;
}

/** tfjs leaves out the scale and the offset where there are none. */
type BatchNormInputs =
  & Pick<FusedBatchNormInputs, "x" | "mean" | "variance">
  & Partial<Pick<FusedBatchNormInputs, "scale" | "offset">>;

/** The same with factors of any shape that broadcasts, step by step. */
function normalizeBroadcast(
  backend: BackendWasm,
  { x, mean, variance, scale, offset }: KernelCall<
    BatchNormInputs,
    FusedBatchNormAttrs
  >["inputs"],
  epsilon: number,
): TensorInfo {
  const made: TensorInfo[] = [];
  const keep = (tensor: TensorInfo) => {
    made.push(tensor);
    return tensor;
  };
  const constant = keep(vector(backend, 1, () => epsilon));
  const shifted = keep(binary(backend, "add", { a: variance, b: constant }));
  const root = keep(unary(backend, "sqrt", { x: shifted }));
  const factor = scale
    ? keep(binary(backend, "div", { a: scale, b: root }))
    : root;
  const distance = keep(binary(backend, "sub", { a: x, b: mean }));
  const op = scale ? "mul" : "div";
  let y = keep(binary(backend, op, { a: distance, b: factor }));
  if (offset) y = keep(binary(backend, "add", { a: y, b: offset }));
  release(backend, ...made.filter((tensor) => tensor !== y));
  return y;
}

/**
 * Batch normalization by given moments. With one of each for each column, as a
 * layer has them, it is one pass over the rows. The backend's own kernel counts
 * through every factor at every value, and takes the wrong ones where they
 * belong to another dimension than the last.
 */
export const fusedBatchNormKernel = wasmKernel(
  "FusedBatchNorm",
  ({ inputs, attrs, backend }: KernelCall<
    BatchNormInputs,
    FusedBatchNormAttrs
  >) => {
    const { x, mean, variance, scale, offset } = inputs;
    const epsilon = attrs.varianceEpsilon;
    const factors = [mean, variance, scale, offset].filter((factor) =>
      factor != null
    );
    if ([x, ...factors].some(({ dtype }) => dtype !== "float32")) {
      return callKernel(
        backend,
        "FusedBatchNorm",
        { inputs, attrs },
      );
    }
    if (util.sizeFromShape(x.shape) === 0) {
      return backend.makeOutput(x.shape, "float32");
    }
    const columns = [x.shape[x.shape.length - 1]];
    if (!factors.every(({ shape }) => util.arraysEqual(shape, columns))) {
      return normalizeBroadcast(backend, inputs, epsilon);
    }
    const factor = numbers(backend, variance).map((variance) =>
      1 / Math.sqrt(variance + epsilon)
    );
    if (scale) {
      numbers(backend, scale).forEach((value, i) => factor[i] *= value);
    }
    const shift = offset ? numbers(backend, offset) : factor.map(() => 0);
    return normalizeColumns(backend, {
      x,
      mean,
      scale: factor,
      offset: shift,
    });
  },
);

/**
 * Two sums for each range of rows and each column, from a kernel that leaves
 * them at an address.
 */
function rangeSums(
  backend: BackendWasm,
  x: TensorInfo,
  run: (to: number) => void,
): { readonly rows: number; readonly first: number[]; second: number[] }[] {
  const { rows, columns, chunkRows, chunks } = rowsOf(x);
  const compute = Compute.of(backend);
  return scoped((own) => {
    const sums = own(compute.scratch(8 * chunks * columns));
    run(sums.address);
    return Array.from({ length: chunks }, (_, chunk) => {
      const at = sums.address + 8 * chunk * columns;
      return {
        rows: Math.min(chunkRows, rows - chunk * chunkRows),
        first: Array.from(compute.floats(at, columns)),
        second: Array.from(compute.floats(at + 4 * columns, columns)),
      };
    });
  });
}

/** The mean and variance of each column, put together from ranges of rows. */
function columnMoments(backend: BackendWasm, x: TensorInfo) {
  const { rows, columns, chunkRows, chunks } = rowsOf(x);
  const ranges = rangeSums(backend, x, (to) =>
    Compute.of(backend).run(
      "moments",
      { from: addressOf(backend, x), to, rows, columns, chunkRows },
      { chunks, multiplications: 2 * rows * columns },
    ));
  const means = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (const { rows: count, first } of ranges) {
    for (let i = 0; i < columns; i++) means[i] += count * first[i] / rows;
  }
  for (const { rows: count, first, second } of ranges) {
    for (let i = 0; i < columns; i++) {
      squares[i] += second[i] + count * (first[i] - means[i]) ** 2;
    }
  }
  return { means, variances: squares.map((sum) => sum / rows) };
}

/** Batch normalization by the batch's own moments, which it gives too. */
export const batchNormTrainingKernel = wasmKernel(
  "FusedBatchNormTraining",
  ({ inputs, attrs, backend }: KernelCall<
    BatchNormTrainingInputs,
    FusedBatchNormAttrs
  >) => {
    const { x, scale, offset } = inputs;
    const { means, variances } = columnMoments(backend, x);
    const columns = means.length;
    const mean = vector(backend, columns, (i) => means[i]);
    const variance = vector(backend, columns, (i) => variances[i]);
    const factor = numbers(backend, scale).map((scale, i) =>
      scale / Math.sqrt(variances[i] + attrs.varianceEpsilon)
    );
    const shift = numbers(backend, offset);
    const columnFactors = { x, mean, scale: factor, offset: shift };
    const y = normalizeColumns(backend, columnFactors);
    return [y, mean, variance];
  },
);

/**
 * The gradient of {@linkcode batchNormTrainingKernel}: with n rows,
 * r = 1 / √(variance + ε), s = Σ dy and p = Σ dy · (x − mean),
 * dx = scale · r · (dy − s / n − (x − mean) · r² · p / n), r · p for the scale
 * and s for the offset.
 */
export const batchNormTrainingGradKernel = wasmKernel(
  "FusedBatchNormTrainingGrad",
  ({ inputs, attrs, backend }: KernelCall<
    BatchNormTrainingGradInputs,
    FusedBatchNormAttrs
  >) => {
    const { x, dy, mean, variance, scale } = inputs;
    const { rows, columns, chunkRows, chunks } = rowsOf(x);
    const compute = Compute.of(backend);
    const ranges = rangeSums(backend, x, (to) =>
      compute.run(
        "normalizeSums",
        {
          ...addressesOf(backend, { x, dy, mean }),
          to,
          rows,
          columns,
          chunkRows,
        },
        { chunks, multiplications: 2 * rows * columns },
      ));
    const sums = new Float64Array(columns);
    const products = new Float64Array(columns);
    for (const { first, second } of ranges) {
      for (let i = 0; i < columns; i++) {
        sums[i] += first[i];
        products[i] += second[i];
      }
    }
    const roots = Float64Array.from(
      numbers(backend, variance),
      (variance) => 1 / Math.sqrt(variance + attrs.varianceEpsilon),
    );
    const scales = numbers(backend, scale);
    const dx = backend.makeOutput(x.shape, "float32");
    const dscale = vector(backend, columns, (i) => roots[i] * products[i]);
    const doffset = vector(backend, columns, (i) => sums[i]);
    return scoped((own) => {
      const factors = own(compute.scratch(12 * columns));
      const { address } = factors;
      const values = compute.floats(address, 3 * columns);
      roots.forEach((root, i) => {
        const factor = scales[i] * root;
        values[i] = factor;
        values[columns + i] = -factor * root * root * products[i] / rows;
        values[2 * columns + i] = -factor * sums[i] / rows;
      });
      compute.run(
        "normalizeGrad",
        {
          ...addressesOf(backend, { x, dy, mean }),
          scale: address,
          slope: address + 4 * columns,
          offset: address + 8 * columns,
          dx: addressOf(backend, dx),
          rows,
          columns,
          chunkRows,
        },
        { chunks, multiplications: 2 * rows * columns },
      );
      return [dx, dscale, doffset];
    });
  },
);
