/** The kernels and gradients that make tfjs's WebGPU backend train fast. */

import { fuseOptimizers } from "../fused_optimizers.ts";
import { registerKernel } from "./_kernel.ts";
import { optimizerUpdateKernels } from "./kernels/optimizer_update.ts";

const KERNELS = [...optimizerUpdateKernels];

let installed = false;

/** Registers them, once; tfjs's own backend must be loaded. */
export function installTrainingKernels(): void {
  if (installed) return;
  installed = true;
  KERNELS.forEach(registerKernel);
  fuseOptimizers();
}
