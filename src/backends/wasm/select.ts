import { getKernel, type SelectInputs } from "@tensorflow/tfjs";
import { moveBools } from "./_bools.ts";
import { callKernel, wasmKernel } from "./_wasm_kernel.ts";

/** Values by a condition. The backend's own kernel reads bools as 32 bits each. */
export const selectKernel = wasmKernel<SelectInputs, object>(
  "Select",
  ({ inputs, attrs, backend }) =>
    inputs.t.dtype === "bool"
      ? moveBools(backend, getKernel("Select", "wasm")!, {
        inputs: { ...inputs },
        attrs,
        names: ["t", "e"],
      })
      : callKernel(backend, "Select", { inputs: { ...inputs }, attrs }),
);
