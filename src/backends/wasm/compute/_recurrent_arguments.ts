/** The steps of recurrent layers. */
export const recurrentArguments = {
  /**
   * All steps of a recurrent layer, time first: from z, the projections of its
   * inputs, which become its gates, and the initial states, before the others. A
   * chunk is a few rows of the batch, as in the gradients.
   */
  lstm: [
    "z",
    "h",
    "c",
    "weights",
    "scratch",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
  gru: [
    "z",
    "h",
    "rh",
    "gateWeights",
    "weights",
    "scratch",
    "batch",
    "units",
    "gatePadded",
    "padded",
    "steps",
    "soft",
  ],
  /** From the gradients of all states to those of z and of the initial ones. */
  lstmGrad: [
    "gates",
    "c",
    "dh",
    "dc",
    "dz",
    "weights",
    "scratch",
    "dh0",
    "dc0",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
  gruGrad: [
    "gates",
    "h",
    "dh",
    "dz",
    "dgates",
    "dstate",
    "gateWeights",
    "weights",
    "scratch",
    "dh0",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
} as const;
