import { type Check, that } from "./check_data.ts";

/** The SHA-256 digest of bytes, or of a text's UTF-8. */
export async function sha256(
  data: string | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Bytes in hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** The bytes of such text, as of `Uint8Array.fromHex`, which Node lacks. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16),
  );
}

/** A SHA-256 digest as text. */
export const digestText: Check = that(
  "be a SHA-256 digest in hexadecimal",
  (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
);
