import { show } from "../../runtime/check_data.ts";
import { checkCycleFactor, restartOf } from "../../schedules/cycle_lengths.ts";
import type { CyclicLROptions } from "./cyclic_lr_options.ts";

/**
 * The first step, in epochs, of so many cycles in so many epochs, and how many
 * there are where they become shorter.
 */
export function cyclesOf(
  epochs: number,
  cycles: number | undefined,
  factor = 1,
): Pick<CyclicLROptions, "stepSizeEpochs" | "cycles"> {
  const action = "create a cyclic schedule from a learning-rate range";
  if (!(Number.isFinite(epochs) && epochs > 0)) {
    throw new RangeError(
      `Cannot ${action} as epochs must be finite and > 0: current value is ${
        show(epochs)
      }`,
    );
  }
  checkCycleFactor(action, { size: Infinity, factor, cycles: 1 });
  const stepOf = (count: number) => epochs / (2 * restartOf(count, 1, factor));
  const count = cycles ?? usualCycles(stepOf, factor);
  if (!(Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(
      `Cannot ${action} as cycles must be a whole number >= 1: current value is ${
        show(cycles)
      }`,
    );
  }
  return {
    stepSizeEpochs: stepOf(count),
    ...(factor < 1 && { cycles: count }),
  };
}

/** As many cycles as leave the shortest of them steps of the usual epochs. */
function usualCycles(stepOf: (count: number) => number, factor: number) {
  const shortest = (count: number) =>
    stepOf(count) * Math.min(1, factor ** (count - 1));
  // The shortest step falls with the count: doubled, then halved in between, as
  // counting one by one would have no end where epochs are very many.
  let count = 1;
  let beyond = 2;
  while (beyond < Number.MAX_SAFE_INTEGER && shortest(beyond) >= USUAL_STEP) {
    [count, beyond] = [beyond, 2 * beyond];
  }
  while (beyond - count > 1) {
    const middle = Math.floor((count + beyond) / 2);
    if (shortest(middle) >= USUAL_STEP) count = middle;
    else beyond = middle;
  }
  return count;
}

/** Epochs of a step in the paper's experiments with CIFAR-10. */
const USUAL_STEP = 4;
