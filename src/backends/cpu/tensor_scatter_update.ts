import type {
  TensorScatterUpdateAttrs,
  TensorScatterUpdateInputs,
} from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

/** Updates a copy: tfjs's own writes the updates into the tensor that it is given. */
export function replaceTensorScatterUpdate(): void {
  replaceKernel<TensorScatterUpdateInputs, TensorScatterUpdateAttrs>(
    "TensorScatterUpdate",
    (stock) => (call) => {
      const { inputs, backend } = call;
      const { dtype } = inputs.tensor;
      const { shape, values } = valuesOf(backend, inputs.tensor);
      const tensor = backend.makeTensorInfo(shape, dtype, values.slice());
      const result = stock({ ...call, inputs: { ...inputs, tensor } });
      backend.disposeIntermediateTensorInfo(tensor);
      return result;
    },
  );
}
