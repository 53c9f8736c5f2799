import { type FusedBatchNormAttrs, util } from "@tensorflow/tfjs";
import type { LayerNormGradInputs, LayerNormInputs } from "../fused/layers.ts";
import { addressesOf, Compute, floatBits } from "./compute/compute.ts";
import { sumColumns } from "./compute/rows.ts";
import { rowsOf } from "./batch_norm.ts";
import { scoped } from "../../runtime/scoped.ts";
import { type KernelCall, wasmKernel } from "./_wasm_kernel.ts";

/** Normalizes each row; gives the mean and 1 / √(variance + ε) of each too. */
export const layerNormKernel = wasmKernel(
  "LayerNorm",
  ({ inputs, attrs, backend }: KernelCall<
    LayerNormInputs,
    FusedBatchNormAttrs
  >) => {
    const { x, scale, offset } = inputs;
    const y = backend.makeOutput(x.shape, "float32");
    const { rows, columns, chunkRows, chunks } = rowsOf(x);
    const moments = backend.makeOutput([rows, 2], "float32");
    if (util.sizeFromShape(x.shape) === 0) return [y, moments];
    Compute.of(backend).run(
      "layerNorm",
      {
        ...addressesOf(backend, { x, scale, offset, out: y, moments }),
        rows,
        columns,
        chunkRows,
        epsilon: floatBits(attrs.varianceEpsilon),
      },
      { chunks, multiplications: 3 * rows * columns },
    );
    return [y, moments];
  },
);

/**
 * The gradient of {@linkcode layerNormKernel}: with g = dy · scale, x̂ the
 * normalized row and r = 1 / √(variance + ε),
 * dx = r · (g − mean(g) − x̂ · mean(g · x̂)), Σ dy · x̂ over the rows for the
 * scale and Σ dy for the offset.
 */
export const layerNormGradKernel = wasmKernel(
  "LayerNormGrad",
  ({ inputs, backend }: KernelCall<LayerNormGradInputs, object>) => {
    const { x, dy, scale, moments } = inputs;
    const { rows, columns, chunkRows, chunks } = rowsOf(x);
    const dx = backend.makeOutput(x.shape, "float32");
    const dscale = backend.makeOutput([columns], "float32");
    const doffset = backend.makeOutput([columns], "float32");
    const compute = Compute.of(backend);
    return scoped((own) => {
      const sums = own(compute.scratch(8 * columns * (chunks + 1)));
      const total = sums.address;
      const ranges = total + 8 * columns;
      compute.run(
        "layerNormGrad",
        {
          ...addressesOf(backend, { x, dy, scale, moments, dx }),
          sums: ranges,
          rows,
          columns,
          chunkRows,
        },
        { chunks, multiplications: 4 * rows * columns },
      );
      sumColumns(compute, {
        from: ranges,
        rows: chunks,
        columns: 2 * columns,
        to: total,
      });
      backend.typedArrayFromHeap(dscale).set(compute.floats(total, columns));
      backend.typedArrayFromHeap(doffset).set(
        compute.floats(total + 4 * columns, columns),
      );
      return [dx, dscale, doffset];
    });
  },
);
