/**
 * TensorBoard's event files: TFRecords of `Event` messages, of which this writes
 * the scalars and texts. The format is tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto.
 */

/** One scalar of an event. */
export interface Scalar {
  /** Its name; what precedes a slash groups it. */
  readonly tag: string;
  /** The value, which is kept as a float32. */
  readonly value: number;
}

const utf8 = new TextEncoder();

/** The table of CRC-32C (Castagnoli), reflected. */
const CRC_TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? 0x82f63b78 ^ (crc >>> 1) : crc >>> 1;
  }
  return crc;
});

/** CRC-32C, rotated and offset as TFRecords have it. */
export function maskedCrc(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Frames a message as a TFRecord. */
export function frameRecord(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(message.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(message, 12);
  view.setUint32(12 + message.length, maskedCrc(message), true);
  return record;
}

/** Writes fields of a protocol buffer one after another. */
class MessageWriter {
  readonly #bytes: number[] = [];

  varint(field: number, value: number): this {
    this.#bytes.push(field << 3);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    return this.#fixed(field, 1, new Float64Array([value]));
  }

  float(field: number, value: number): this {
    return this.#fixed(field, 5, new Float32Array([value]));
  }

  bytes(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    this.#bytes.push(field << 3 | 2);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #fixed(
    field: number,
    wireType: number,
    number: Float64Array | Float32Array,
  ): this {
    this.#bytes.push(field << 3 | wireType, ...new Uint8Array(number.buffer));
    return this;
  }

  #varint(value: number): void {
    // Shifts would cut a step above 2^31.
    while (value > 0x7f) {
      this.#bytes.push(value % 0x80 | 0x80);
      value = Math.floor(value / 0x80);
    }
    this.#bytes.push(value);
  }
}

function eventAt(seconds: number, step?: number): MessageWriter {
  const event = new MessageWriter().double(1, seconds);
  return step === undefined ? event : event.varint(2, step);
}

/** The record that an event file begins with. */
export function versionRecord(seconds: number): Uint8Array {
  return frameRecord(eventAt(seconds).bytes(3, "brain.Event:2").finish());
}

/** The scalars of a step as one record. */
export function scalarRecord(
  seconds: number,
  step: number,
  scalars: readonly Scalar[],
): Uint8Array {
  const summary = new MessageWriter();
  for (const { tag, value } of scalars) {
    summary.bytes(
      1,
      new MessageWriter().bytes(1, tag).float(2, value).finish(),
    );
  }
  return frameRecord(
    eventAt(seconds, step).bytes(5, summary.finish()).finish(),
  );
}

/** SessionLog.START of event.proto. */
const START = 1;

/**
 * The record from which on a run goes on: what was logged of this step and later
 * ones before, by a run that was stopped after them, does not count any more.
 */
export function startRecord(seconds: number, step: number): Uint8Array {
  const session = new MessageWriter().varint(1, START).finish();
  return frameRecord(eventAt(seconds, step).bytes(7, session).finish());
}

/** DT_STRING of tensorflow/core/framework/types.proto. */
const STRING = 7;

/** A text, which TensorBoard shows as Markdown. */
export function textRecord(
  seconds: number,
  step: number,
  { tag, text }: { readonly tag: string; readonly text: string },
): Uint8Array {
  const plugin = new MessageWriter().bytes(1, "text").finish();
  const metadata = new MessageWriter().bytes(1, plugin).finish();
  const tensor = new MessageWriter().varint(1, STRING).bytes(8, text).finish();
  const value = new MessageWriter()
    .bytes(1, tag).bytes(8, tensor).bytes(9, metadata).finish();
  const summary = new MessageWriter().bytes(1, value).finish();
  return frameRecord(eventAt(seconds, step).bytes(5, summary).finish());
}
