/** How many bytes are turned into text at once: arguments of one call. */
const CHUNK = 0x8000;

/** Bytes in base 64, as of `Uint8Array.prototype.toBase64`, which Node lacks. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}
