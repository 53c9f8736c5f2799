/** Kernels that would compute with tensors of a type as if it were another. */

import type * as tf from "@tensorflow/tfjs";

/** Of those types, a backend's kernels that know them. */
const KNOWN: Readonly<
  Record<string, Readonly<Partial<Record<tf.DataType, ReadonlySet<string>>>>>
> = {
  wasm: {
    string: new Set([
      "Cast",
      "Concat",
      "ExpandDims",
      "Identity",
      "Pack",
      "Reshape",
      "Slice",
      "StringNGrams",
      "StringSplit",
      "StringToHashBucketFast",
      "Unique",
      "Unpack",
    ]),
  },
  webgpu: {
    complex64: new Set([
      "Add",
      "Cast",
      "Complex",
      "ComplexAbs",
      "Concat",
      "ExpandDims",
      "FFT",
      "IFFT",
      "Identity",
      "Imag",
      "Multiply",
      "OnesLike",
      "Real",
      "Reshape",
      "Sub",
      "Transpose",
      "ZerosLike",
    ]),
  },
};

/** Those that forget a part of them, where the others refuse them. */
const FORGETFUL: Readonly<Record<string, ReadonlySet<string>>> = {
  cpu: new Set(["Mean"]),
};

/** The first of the types that few kernels know, asked for or given. */
function rareType(
  inputs: tf.NamedTensorMap | undefined,
  attrs: { readonly dtype?: tf.DataType } | undefined,
): tf.DataType | undefined {
  const isRare = (dtype?: tf.DataType) =>
    dtype === "string" || dtype === "complex64";
  if (isRare(attrs?.dtype)) return attrs!.dtype;
  // Without a list of them: this runs before every kernel.
  for (const name in inputs) {
    if (isRare(inputs[name]?.dtype)) return inputs[name].dtype;
  }
}

/**
 * Refuses tensors of strings and complex numbers for kernels that would read
 * something else for them, abort, or give a part.
 */
export function refuseTypes(
  backend: string,
  name: string,
  { inputs, attrs }: {
    readonly inputs: tf.NamedTensorMap | undefined;
    readonly attrs: { readonly dtype?: tf.DataType } | undefined;
  },
): void {
  const dtype = rareType(inputs, attrs);
  if (dtype === undefined) return;
  const isForgotten = dtype === "complex64" && FORGETFUL[backend]?.has(name);
  const known = KNOWN[backend]?.[dtype];
  if (!isForgotten && (!known || known.has(name))) return;
  const remedy = backend === "cpu"
    ? "compute with their real and imaginary parts"
    : `selectBackend({ backend: "cpu" }) starts one that knows more of them`;
  throw new TypeError(
    `Cannot run ${name} on the ${backend} backend as its tensors must be of another type: ` +
      `current dtype is ${dtype}; ${remedy}`,
  );
}
