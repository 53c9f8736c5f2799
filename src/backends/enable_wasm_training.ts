import type { KernelConfig } from "@tensorflow/tfjs";
import { getKernel } from "@tensorflow/tfjs";
import { fuseLayers } from "./fused/layers.ts";
import { mendMomentumDispose } from "../tfjs/momentum_dispose.ts";
import { mendGradients } from "./gradients/mend_gradients.ts";
import { mendLayers } from "./layers/mend_layers.ts";
import { fuseRecurrentLayers } from "./fused/recurrent.ts";
import { gruGradKernel, gruKernel } from "./wasm/gru.ts";
import { lstmGradKernel, lstmKernel } from "./wasm/lstm.ts";
import { replaceGradients } from "./gradients/fast_gradients.ts";
import {
  batchNormTrainingGradKernel,
  batchNormTrainingKernel,
  fusedBatchNormKernel,
} from "./wasm/batch_norm.ts";
import { layerNormGradKernel, layerNormKernel } from "./wasm/layer_norm.ts";
import { fuseOptimizers } from "./fused/optimizers.ts";
import { installKernel } from "./wasm/_wasm_kernel.ts";
import { batchMatMulKernel, fusedMatMulKernel } from "./wasm/batch_mat_mul.ts";
import { elementwiseKernels } from "./wasm/elementwise.ts";
import { allowWinograd } from "./wasm/compute/convolution.ts";
import { conv2DKernel, fusedConv2DKernel } from "./wasm/conv2d.ts";
import { conv2DBackpropFilterKernel } from "./wasm/conv2d_backprop_filter.ts";
import { conv2DBackpropInputKernel } from "./wasm/conv2d_backprop_input.ts";
import {
  depthwiseConv2dKernel,
  fusedDepthwiseConv2DKernel,
} from "./wasm/depthwise_conv2d.ts";
import {
  depthwiseConv2dBackpropFilterKernel,
  depthwiseConv2dBackpropInputKernel,
} from "./wasm/depthwise_conv2d_backprop.ts";
import {
  conv3DBackpropFilterKernel,
  conv3DBackpropInputKernel,
  conv3DKernel,
} from "./wasm/conv3d.ts";
import { checkedIndexKernels } from "./wasm/checked_indices.ts";
import { bincountKernel } from "./wasm/bincount.ts";
import { transformKernel } from "./wasm/transform.ts";
import { einsumKernel } from "./wasm/einsum.ts";
import {
  concatKernel,
  packKernel,
  splitVKernel,
  unpackKernel,
} from "./wasm/concat.ts";
import { gatherV2Kernel } from "./wasm/gather.ts";
import { padV2Kernel } from "./wasm/pad.ts";
import {
  reverseKernel,
  sliceKernel,
  stridedSliceKernel,
} from "./wasm/slice.ts";
import { tileKernel } from "./wasm/tile.ts";
import { castKernel, identityKernel } from "./wasm/identity.ts";
import { optimizerUpdateKernels } from "./wasm/optimizer_updates.ts";
import { pool3DKernels } from "./windows/pool3d.ts";
import {
  avgPoolGradKernel,
  avgPoolKernel,
  maxPoolGradKernel,
  maxPoolKernel,
} from "./wasm/pool.ts";
import {
  allKernel,
  anyKernel,
  maxKernel,
  minKernel,
  prodKernel,
} from "./wasm/empty_reductions.ts";
import { selectKernel } from "./wasm/select.ts";
import { oneHotKernel } from "./wasm/one_hot.ts";
import { topKKernel } from "./wasm/top_k.ts";
import { transposeKernel } from "./wasm/transpose.ts";
import { preluKernel } from "./wasm/prelu.ts";
import {
  dilation2DBackpropFilterKernel,
  dilation2DBackpropInputKernel,
  dilation2DKernel,
} from "./wasm/dilation2d.ts";
import { maxPoolWithArgmaxKernel } from "./wasm/max_pool_with_argmax.ts";
import { rotateWithOffsetKernel } from "./wasm/rotate_with_offset.ts";
import {
  resizeNearestNeighborGradKernel,
  resizeNearestNeighborKernel,
} from "./wasm/resize_nearest_neighbor.ts";
import { mendKernels } from "./kernels/mend_kernels.ts";
import { trigonometricKernels } from "./wasm/trigonometry.ts";
import { softmaxKernels } from "./wasm/softmax.ts";
import { meanKernel, sumKernel } from "./wasm/sum.ts";
import { unsortedSegmentSumKernel } from "./wasm/unsorted_segment_sum.ts";
import { checkOptions, flag } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    winograd: 0,
  } satisfies Record<keyof WasmTrainingOptions, 0>,
);

const trainingKernels: readonly KernelConfig[] = [
  batchMatMulKernel,
  fusedMatMulKernel,
  conv2DBackpropFilterKernel,
  conv2DBackpropInputKernel,
  conv2DKernel,
  fusedConv2DKernel,
  maxPoolKernel,
  avgPoolKernel,
  avgPoolGradKernel,
  maxPoolGradKernel,
  sumKernel,
  meanKernel,
  ...softmaxKernels,
  ...elementwiseKernels,
  ...trigonometricKernels,
  conv3DKernel,
  conv3DBackpropFilterKernel,
  conv3DBackpropInputKernel,
  ...pool3DKernels("wasm"),
  resizeNearestNeighborGradKernel,
  preluKernel,
  transposeKernel,
  prodKernel,
  anyKernel,
  allKernel,
  maxKernel,
  minKernel,
  selectKernel,
  dilation2DKernel,
  dilation2DBackpropFilterKernel,
  dilation2DBackpropInputKernel,
  maxPoolWithArgmaxKernel,
  topKKernel,
  oneHotKernel,
  rotateWithOffsetKernel,
  resizeNearestNeighborKernel,
  identityKernel,
  depthwiseConv2dKernel,
  fusedDepthwiseConv2DKernel,
  depthwiseConv2dBackpropFilterKernel,
  depthwiseConv2dBackpropInputKernel,
  einsumKernel,
  ...checkedIndexKernels,
  bincountKernel,
  transformKernel,
  unsortedSegmentSumKernel,
  castKernel,
  sliceKernel,
  stridedSliceKernel,
  reverseKernel,
  tileKernel,
  concatKernel,
  packKernel,
  splitVKernel,
  unpackKernel,
  gatherV2Kernel,
  padV2Kernel,
  fusedBatchNormKernel,
  batchNormTrainingKernel,
  batchNormTrainingGradKernel,
  layerNormKernel,
  layerNormGradKernel,
  lstmKernel,
  lstmGradKernel,
  gruKernel,
  gruGradKernel,
  ...optimizerUpdateKernels,
];

/** Options of {@linkcode enableWasmTraining}. */
export interface WasmTrainingOptions {
  /**
   * Whether convolutions at stride 1 with windows of 3×3 and 5×5, and their
   * gradients, may be computed in tiles by Winograd's minimal filtering, where
   * that is faster: two to four times. Their relative errors (root mean square,
   * against sums of doubles, over 200 random shapes) are at most 2.9e-6, where
   * sums term by term have at most 4.9e-7; in gradients of filters they grow to
   * 1e-5 with large batches. A value that is not finite spreads over its tile.
   * The shape alone decides, so that every run comes to the same choice.
   *
   * @default {true}
   */
  readonly winograd?: boolean;
}

/**
 * Teaches tfjs's WASM backend to train: registers the gradient kernels that it
 * lacks, and faster ones in the place of its naive loops. tfjs's optimizers and
 * normalization and recurrent layers then run as one kernel each on that backend, and slow
 * gradients of tfjs are replaced on all.
 *
 * The backend's package is loaded if it is not yet, but the backend is not
 * started; {@linkcode selectBackend} does both. Where the package is loaded
 * already, the kernels are registered before this function returns its promise.
 * Calling it again changes the options alone.
 *
 * @param options How the kernels compute.
 * @returns A promise that resolves when the kernels are registered.
 *
 * @throws {TypeError} If an option is of another kind.
 *
 * @example Train on WASM with tfjs's own way of starting it
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { enableWasmTraining } from "@clr/clr/backends";
 *
 * await enableWasmTraining();
 * await tf.setBackend("wasm");
 * ```
 */
export async function enableWasmTraining(
  options: WasmTrainingOptions = {},
): Promise<void> {
  checkNames("enable training on WASM", options, NAMES);
  checkOptions("enable training on WASM", options, { winograd: flag });
  allowWinograd(options.winograd ?? true);
  // The package registers its own kernels when it is loaded, over ours.
  if (getKernel("Conv2D", "wasm") === undefined) {
    await import("@tensorflow/tfjs-backend-wasm");
  }
  trainingKernels.forEach(installKernel);
  replaceGradients();
  mendGradients();
  mendLayers();
  mendMomentumDispose();
  mendKernels();
  fuseLayers();
  fuseRecurrentLayers();
  fuseOptimizers();
}
