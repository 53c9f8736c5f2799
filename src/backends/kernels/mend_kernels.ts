/** What stands around kernels of every backend. */

import { checkAxes } from "./axes.ts";
import { mendMixedTypes } from "./mixed_types.ts";
import { moveChannels } from "./channels_first.ts";
import { mendLogSumExp } from "./log_sum_exp.ts";
import { countTruthValues } from "./truth_values.ts";

let mended = false;

/** Puts all of it there, once for all backends. */
export function mendKernels(): void {
  if (mended) return;
  mended = true;
  countTruthValues();
  mendLogSumExp();
  checkAxes();
  mendMixedTypes();
  moveChannels();
}
