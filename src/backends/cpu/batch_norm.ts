import type {
  FusedBatchNormAttrs,
  FusedBatchNormInputs,
} from "@tensorflow/tfjs";
import {
  broadcastBatchNorm,
  isAlongLastAxis,
} from "./_broadcast_batch_norm.ts";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/**
 * Batch normalization of any axis: tfjs's own repeats its parameters from value
 * to value, as if they always lay along the last axis.
 */
export function replaceBatchNorm(): void {
  replaceKernel<FusedBatchNormInputs, FusedBatchNormAttrs>(
    "FusedBatchNorm",
    (stock) => (call) => {
      const { inputs, attrs, backend } = call;
      const { x, mean, variance } = inputs;
      const [scale, offset] = [inputs.scale, inputs.offset].map((tensor) =>
        tensor && valuesOf(backend, tensor)
      );
      const parameters = {
        mean: valuesOf(backend, mean),
        variance: valuesOf(backend, variance),
        scale,
        offset,
      };
      if (isAlongLastAxis(parameters)) return stock(call);
      const from = valuesOf(backend, x);
      const out = new Float32Array(from.values.length);
      broadcastBatchNorm(from, parameters, {
        epsilon: attrs.varianceEpsilon,
        out,
      });
      return backend.makeTensorInfo(x.shape, x.dtype, out);
    },
  );
}
