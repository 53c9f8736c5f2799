import { registerKernel, type TensorInfo } from "@tensorflow/tfjs";
import type { UpdateKernelAttrs } from "../fused/optimizers.ts";
import { type KernelCall, toKernelFunc } from "../_kernels.ts";
import { type BackendCpu, valuesOf } from "./_cpu_kernel.ts";

const round = Math.fround;

/** A weight and its slots after a step, each operation rounded to float32. */
function update(
  [value, gradient, square, moment, mean]: readonly Float32Array[],
  [decay, rest, momentum, rate, epsilon]: readonly number[],
): Float32Array[] {
  const made = [value, square, moment, mean].map((x) => x.slice());
  const [newValue, newSquare, newMoment, newMean] = made;
  for (let i = 0; i < value.length; i++) {
    const g = gradient[i];
    const s = round(
      round(square[i] * decay) + round(round(g * g) * rest),
    );
    const m = round(round(mean[i] * decay) + round(g * rest));
    const variance = Math.max(round(s - round(m * m)), 0);
    const deviation = round(Math.sqrt(round(variance + epsilon)));
    const step = round(round(g * rate) / deviation);
    const a = round(round(moment[i] * momentum) + step);
    [newSquare[i], newMean[i], newMoment[i]] = [s, m, a];
    newValue[i] = round(value[i] - a);
  }
  return made;
}

/**
 * Lets centered RMSProp of tfjs's CPU backend run by the rule of the other
 * backends, in the place of tfjs's operations, whose ε has the wrong sign.
 */
export function addCenteredRmspropUpdate(): void {
  registerKernel({
    kernelName: "CenteredRmspropUpdate",
    backendName: "cpu",
    kernelFunc: toKernelFunc((
      { inputs, attrs, backend }: KernelCall<
        TensorInfo[],
        UpdateKernelAttrs,
        BackendCpu
      >,
    ): TensorInfo[] => {
      const tensors = Object.values(inputs);
      const constants = attrs.constants.map(round);
      const perWeight = 2 + attrs.slots;
      return tensors.flatMap((first, at) => {
        if (at % perWeight > 0) return [];
        const own = tensors.slice(at, at + perWeight);
        const values = own.map((tensor) => valuesOf(backend, tensor).values);
        return update(values, constants).map((made) =>
          backend.makeTensorInfo([...first.shape], "float32", made)
        );
      });
    }),
  });
}
