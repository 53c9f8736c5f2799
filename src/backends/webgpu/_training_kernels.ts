/** The kernels and gradients that make tfjs's WebGPU backend train fast. */

import { fuseOptimizers } from "../fused/optimizers.ts";
import { installBatchNorm } from "./_batch_norm_layer.ts";
import { replaceFrozenBatchNormGradient } from "./_frozen_batch_norm.ts";
import { registerKernel, registerReplacement } from "./_kernel.ts";
import {
  activationGradKernel,
  replaceActivationGradients,
} from "./kernels/activation_grad.ts";
import { argExtremeKernels } from "./kernels/arg_extreme.ts";
import { addKernel } from "./kernels/add.ts";
import { batchNormGradKernel, batchNormKernel } from "./kernels/batch_norm.ts";
import {
  broadcastKernel,
  replaceReductionGradients,
} from "./kernels/broadcast.ts";
import {
  crossentropyGradKernel,
  crossentropyKernel,
  installCrossentropy,
} from "./kernels/categorical_crossentropy.ts";
import { castKernel } from "./kernels/cast.ts";
import { conv2dKernel, fusedConv2dKernel } from "./kernels/conv2d.ts";
import { conv2dBackpropFilterKernel } from "./kernels/conv2d_backprop_filter.ts";
import { conv2dBackpropInputKernel } from "./kernels/conv2d_backprop_input.ts";
import { depthwiseBackpropFilterKernel } from "./kernels/depthwise_backprop_filter.ts";
import { inverseTrigonometryKernels } from "./kernels/inverse_trigonometry.ts";
import {
  installL2Penalty,
  l2PenaltyGradKernel,
  l2PenaltyKernel,
} from "./kernels/l2_penalty.ts";
import { nearZeroKernels } from "./kernels/near_zero.ts";
import { maxPoolKernel } from "./kernels/max_pool.ts";
import { floorKernel, realDivKernel } from "./kernels/on_processor.ts";
import { optimizerUpdateKernels } from "./kernels/optimizer_update.ts";
import { rotateWithOffsetKernel } from "./kernels/rotate_with_offset.ts";
import {
  replaceSoftmaxGradient,
  softmaxGradKernel,
} from "./kernels/softmax_grad.ts";
import { sumKernel } from "./kernels/sum_columns.ts";

const KERNELS = [
  activationGradKernel,
  batchNormKernel,
  batchNormGradKernel,
  broadcastKernel,
  crossentropyKernel,
  crossentropyGradKernel,
  l2PenaltyKernel,
  l2PenaltyGradKernel,
  softmaxGradKernel,
  ...optimizerUpdateKernels,
];

const REPLACEMENTS = [
  ...argExtremeKernels,
  addKernel,
  castKernel,
  conv2dKernel,
  conv2dBackpropFilterKernel,
  conv2dBackpropInputKernel,
  fusedConv2dKernel,
  depthwiseBackpropFilterKernel,
  floorKernel,
  ...inverseTrigonometryKernels,
  ...nearZeroKernels,
  maxPoolKernel,
  realDivKernel,
  rotateWithOffsetKernel,
  sumKernel,
];

let installed = false;

/** Registers them, once; tfjs's own backend must be loaded. */
export function installTrainingKernels(): void {
  if (installed) return;
  installed = true;
  KERNELS.forEach(registerKernel);
  REPLACEMENTS.forEach(registerReplacement);
  replaceActivationGradients();
  replaceFrozenBatchNormGradient();
  replaceReductionGradients();
  replaceSoftmaxGradient();
  installBatchNorm();
  installCrossentropy();
  installL2Penalty();
  fuseOptimizers();
}
