/** The compute kernels by their names, and what each is called with. */

import { keysOf } from "../../../runtime/records.ts";
import { convolutionArguments } from "./_convolution_arguments.ts";
import { elementArguments } from "./_element_arguments.ts";
import { imageArguments } from "./_image_arguments.ts";
import { productArguments } from "./_product_arguments.ts";
import { recurrentArguments } from "./_recurrent_arguments.ts";
import { rowArguments } from "./_row_arguments.ts";

/**
 * The arguments of each kernel, in their order in memory. Pointers, steps and
 * sizes named `…Step` and `…Bytes` are in bytes, other sizes in elements.
 */
export const kernelArguments = {
  ...productArguments,
  ...convolutionArguments,
  ...imageArguments,
  ...rowArguments,
  ...elementArguments,
  ...recurrentArguments,
} as const;

/** The name of a compute kernel. */
export type ComputeKernel = keyof typeof kernelArguments;

/** The arguments of a compute kernel by name. */
export type KernelArguments<Kernel extends ComputeKernel> = Record<
  typeof kernelArguments[Kernel][number],
  number
>;

/** The kernels in the order of their numbers. */
export const kernelNames = keysOf(kernelArguments);

/** The number by which a job names its kernel. */
export function kernelNumber(kernel: ComputeKernel): number {
  return kernelNames.indexOf(kernel);
}
