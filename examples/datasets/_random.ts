/** Mixes the bits of a 32-bit integer (the finalizer of MurmurHash3). */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * One 32-bit seed from several whole numbers, so that, say, (seed, epoch) and
 * (seed + 1, epoch − 1) do not give related streams.
 */
export function combineSeeds(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash = mix(hash ^ (part >>> 0));
    hash = mix(hash + Math.floor(part / 2 ** 32) + 0x9e3779b9);
  }
  return hash;
}
