import type { FloorDivInputs, KernelBackend } from "@tensorflow/tfjs";
import { registeredKernel, replaceKernel } from "../_kernels.ts";

/**
 * Divides floats, rounded down, to floats, as WASM does. tfjs's own kernels of CPU
 * and WebGPU (in version 4.22) give whole numbers of 32 bits, which hold neither
 * what is above them nor what is not a number.
 */
export function replaceFloorDiv(backendName: "cpu" | "webgpu"): void {
  replaceKernel<FloorDivInputs, object, KernelBackend>(
    "FloorDiv",
    backendName,
    (stock) => (call) => {
      const { inputs, attrs, backend } = call;
      if (inputs.a.dtype !== "float32") return stock(call);
      const divide = registeredKernel("RealDiv", backendName);
      const roundDown = registeredKernel("Floor", backendName);
      const x = divide({ inputs, attrs, backend });
      const quotient = roundDown({ inputs: { x }, attrs, backend });
      backend.disposeData(x.dataId);
      return quotient;
    },
  );
}
