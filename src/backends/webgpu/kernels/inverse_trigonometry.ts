import { INVERSE_TRIGONOMETRY } from "../_inverse_trigonometry.ts";
import type { Replacement } from "../_kernel.ts";
import { byFunction } from "./_by_function.ts";

/** In the place of tfjs's, which leave them to the driver. */
export const inverseTrigonometryKernels: readonly Replacement[] = [
  byFunction("Asin", "asinOf", INVERSE_TRIGONOMETRY),
  byFunction("Acos", "acosOf", INVERSE_TRIGONOMETRY),
  byFunction("Atan", "atanOf", INVERSE_TRIGONOMETRY),
];
