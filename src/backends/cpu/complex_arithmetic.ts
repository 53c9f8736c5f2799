import { type BinaryInputs, type TensorInfo, util } from "@tensorflow/tfjs";
import { registeredKernel } from "../_kernels.ts";
import { type BackendCpu, replaceKernel } from "./_cpu_kernel.ts";

type Part = "Real" | "Imag";
type Operation = "Add" | "Sub" | "Multiply";

/**
 * Sums, differences and products of complex numbers, of which one is broadcast:
 * by their parts. tfjs's own reads past the end of what it broadcasts.
 */
function replace(name: Operation): void {
  replaceKernel<BinaryInputs, object>(name, (stock) => (call) => {
    const { inputs: { a, b }, backend } = call;
    const isComplex = a.dtype === "complex64" || b.dtype === "complex64";
    if (!isComplex || util.arraysEqual(a.shape, b.shape)) return stock(call);
    const made: TensorInfo[] = [];
    const run = (
      kernel: string,
      inputs: Record<string, TensorInfo>,
      attrs: object = {},
    ) => {
      const compute = registeredKernel<
        Record<string, TensorInfo>,
        object,
        BackendCpu
      >(kernel, "cpu");
      const result = compute({ inputs, attrs, backend });
      made.push(result);
      return result;
    };
    const complex = (input: TensorInfo) =>
      input.dtype === "complex64"
        ? input
        : run("Cast", { x: input }, { dtype: "complex64" });
    const part = (input: TensorInfo, of: Part) => run(of, { input });
    const [[aReal, aImag], [bReal, bImag]] = [a, b].map((input) =>
      (["Real", "Imag"] as const).map((of) => part(complex(input), of))
    );
    const by = (kernel: Operation, a: TensorInfo, b: TensorInfo) =>
      run(kernel, { a, b });
    const parts = name === "Multiply"
      ? {
        real: by(
          "Sub",
          by("Multiply", aReal, bReal),
          by("Multiply", aImag, bImag),
        ),
        imag: by(
          "Add",
          by("Multiply", aReal, bImag),
          by("Multiply", aImag, bReal),
        ),
      }
      : { real: by(name, aReal, bReal), imag: by(name, aImag, bImag) };
    const result = run("Complex", parts);
    made.slice(0, -1).forEach((each) =>
      backend.disposeIntermediateTensorInfo(each)
    );
    return result;
  });
}

/** Registers them in the place of tfjs's. */
export function replaceComplexArithmetic(): void {
  (["Add", "Sub", "Multiply"] as const).forEach(replace);
}
