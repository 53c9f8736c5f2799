/** Layers that tfjs (4.22) computes or trains wrong, on every backend. */

import { mendBatchNormalization } from "./_batch_norm.ts";
import { mendConvolutionLayers } from "./_convolutions.ts";
import { mendDilatedLayers } from "./_dilated_convolutions.ts";
import { mendFrozenModels } from "./_frozen_models.ts";
import { mendMasks } from "./_masks.ts";
import { mendPreprocessing } from "./_preprocessing.ts";
import { mendStates } from "./_states.ts";

let mended = false;

/** Mends the layers, once, for all backends. */
export function mendLayers(): void {
  if (mended) return;
  mended = true;
  mendBatchNormalization();
  mendDilatedLayers();
  mendConvolutionLayers();
  mendFrozenModels();
  mendMasks();
  mendStates();
  mendPreprocessing();
}
