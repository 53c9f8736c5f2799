/**
 * The compute kernels, assembled for the machine at hand: matrix products and
 * convolutions, their filter gradients, and the memory moves around them, over
 * the memory of tfjs's WASM backend and on any number of threads.
 *
 * A job is a kernel, its arguments and a number of chunks, which threads claim
 * one by one. How a job is cut depends on its shape alone, and no two chunks
 * write to the same place: results do not depend on the number of threads.
 */

import type { FunctionBuilder } from "./_function_builder.ts";
import { encodeModule } from "./_encode_module.ts";
import { type Target, TILE_ROWS } from "./_kernel.ts";
import { type ComputeKernel, kernelNames } from "./_kernel_arguments.ts";
import { panelProduct } from "./_panel_product.ts";
import { multiply } from "./_multiply.ts";
import { multiplyTransposed } from "./_multiply_transposed.ts";
import { copyPanel, transposeMatrix } from "./_copy_panel.ts";
import { WIDE_TERMS, wideBlock, wideProducts } from "./_wide_products.ts";
import { tileProducts } from "./_tile_products.ts";
import { correlate, correlateTile } from "./_correlate.ts";
import { pack } from "./_pack.ts";
import { place } from "./_place.ts";
import { correlateDepthwise, depthwise } from "./_depthwise.ts";
import { resizeRows } from "./_resize_rows.ts";
import {
  winogradConvolve,
  winogradCorrelate,
  winogradFilter,
  winogradFilterGrad,
  type WinogradFunctions,
} from "./_winograd.ts";
import { winogradMatrices, winogradTiles } from "./_winograd_matrices.ts";
import {
  filterGradTransform,
  outputTransform,
  patchTransform,
} from "./_winograd_transform.ts";
import { sumRows } from "./_sum_rows.ts";
import { avgPool, avgPoolGrad, maxPool, maxPoolGrad } from "./_pool.ts";
import { layerNorm, layerNormGrad } from "./_layer_norm.ts";
import {
  moments,
  normalize,
  normalizeGrad,
  normalizeSums,
} from "./_normalize.ts";
import { binary, unary } from "./_elementwise.ts";
import { gather, move } from "./_move.ts";
import { multiplyBatch } from "./_multiply_batch.ts";
import { gru, gruGrad } from "./_gru.ts";
import { lstm, lstmGrad } from "./_lstm.ts";
import { middleSums, rowSums, softmax } from "./_reduce.ts";
import { update } from "./_update.ts";
import { claim, lead, work } from "./_job.ts";

/** Defines the products for 256-bit instructions. */
function defineWide(
  target: Target,
  define: (f: FunctionBuilder) => number,
): number {
  const blocks = WIDE_TERMS.map((terms) => define(wideBlock(target, terms)));
  return define(wideProducts(target, blocks));
}

/** Defines what the Winograd kernels call. */
function defineWinograd(
  target: Target,
  shared: { readonly correlate: readonly number[]; readonly wide?: number },
  define: (f: FunctionBuilder) => number,
): WinogradFunctions {
  const matrices = winogradTiles.map(winogradMatrices);
  const patches = (name: "input" | "filter" | "outputGrad") =>
    matrices.map((of) => define(patchTransform(target, of[name])));
  return {
    input: patches("input"),
    filter: patches("filter"),
    outputGrad: patches("outputGrad"),
    output: matrices.map(({ output }) =>
      define(outputTransform(target, output))
    ),
    filterGrad: matrices.map(({ filterGrad }) =>
      define(filterGradTransform(target, filterGrad))
    ),
    product: define(panelProduct(target, shared.wide)),
    correlate: shared.correlate,
  };
}

/**
 * Assembles the module. It imports `env.memory` and exports, each with the
 * address of a job: `claim` to run it on this thread alone and, over shared
 * memory, `lead` to run it together with the threads that are in `work`.
 */
export function assembleComputeModule(target: Target): Uint8Array<ArrayBuffer> {
  const functions: FunctionBuilder[] = [];
  const define = (f: FunctionBuilder) => functions.push(f) - 1;
  const tiles = Array.from(
    { length: TILE_ROWS },
    (_, i) => define(correlateTile(target, i + 1)),
  );
  const products = define(tileProducts(target));
  const wide = target.wide ? defineWide(target, define) : undefined;
  const copied = define(copyPanel());
  const transpose = define(transposeMatrix());
  const winograd = defineWinograd(target, { correlate: tiles, wide }, define);
  const kernels: Record<ComputeKernel, FunctionBuilder> = {
    multiply: multiply(target, { products, wide }),
    correlate: correlate(tiles),
    depthwise: depthwise(target),
    correlateDepthwise: correlateDepthwise(target),
    multiplyTransposed: multiplyTransposed(target, {
      products,
      wide,
      copyPanel: copied,
      transpose,
    }),
    pack: pack(copied, transpose),
    place: place(),
    resizeRows: resizeRows(),
    winogradFilter: winogradFilter(winograd),
    winogradConvolve: winogradConvolve(target, winograd),
    winogradCorrelate: winogradCorrelate(target, winograd),
    winogradFilterGrad: winogradFilterGrad(winograd),
    sumRows: sumRows(),
    maxPool: maxPool(),
    avgPool: avgPool(),
    maxPoolGrad: maxPoolGrad(),
    avgPoolGrad: avgPoolGrad(),
    unary: unary(target),
    binary: binary(),
    rowSums: rowSums(),
    middleSums: middleSums(),
    softmax: softmax(target),
    logSoftmax: softmax(target, { isLog: true }),
    move: move(),
    gather: gather(),
    moments: moments(target),
    normalize: normalize(target),
    normalizeSums: normalizeSums(target),
    normalizeGrad: normalizeGrad(target),
    layerNorm: layerNorm(target),
    layerNormGrad: layerNormGrad(target),
    multiplyBatch: multiplyBatch(target),
    lstm: lstm(target),
    gru: gru(target),
    lstmGrad: lstmGrad(target),
    gruGrad: gruGrad(target),
    sgdUpdate: update("sgdUpdate"),
    momentumUpdate: update("momentumUpdate"),
    nesterovUpdate: update("nesterovUpdate"),
    adagradUpdate: update("adagradUpdate"),
    adadeltaUpdate: update("adadeltaUpdate"),
    adamUpdate: update("adamUpdate"),
    adamaxUpdate: update("adamaxUpdate"),
    rmspropUpdate: update("rmspropUpdate"),
    centeredRmspropUpdate: update("centeredRmspropUpdate"),
  };
  const indices = kernelNames.map((name) => define(kernels[name]));
  const claimIndex = define(claim(target, indices));
  const exported: Record<string, number> = { claim: claimIndex };
  if (target.shared) {
    exported.work = define(work(claimIndex));
    exported.lead = define(lead(claimIndex));
  }
  return encodeModule(functions, exported, target);
}
