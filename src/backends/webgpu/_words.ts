/** Numbers as the words of a uniform. */

/** 32-bit floats as the words of a uniform. */
export function floatBits(
  values: readonly number[],
): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Float32Array.from(values).buffer);
}

/** Whole numbers as the words of a uniform. */
export function wholeWords(
  values: readonly number[],
): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Int32Array.from(values).buffer);
}
