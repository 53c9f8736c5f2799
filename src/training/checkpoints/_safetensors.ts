/**
 * The safetensors format: eight bytes with the length of a JSON header, the
 * header, and the tensors' bytes end to end, all little-endian.
 * {@link https://github.com/huggingface/safetensors#format}
 */

import {
  all,
  type Check,
  count,
  describeFault,
  listOf,
  mapOf,
  oneOf,
  record,
  that,
} from "../../runtime/check_data.ts";
import { errorMessage } from "../../runtime/error_message.ts";

/** The element types that are written here. */
export type TensorDtype = "F32" | "F64" | "I32" | "BOOL";

/** The data of a tensor. */
export type TensorData = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A tensor with its name. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

interface Entry {
  dtype: TensorDtype;
  shape: number[];
  data_offsets: [number, number];
}

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  BOOL: Uint8Array,
} as const;

const LENGTH_BYTES = 8;

/** The bytes of a safetensors file. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
): Uint8Array<ArrayBuffer> {
  const entries: [string, Entry][] = [];
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const start = end;
    end += data.byteLength;
    entries.push([name, {
      dtype,
      shape: [...shape],
      data_offsets: [start, end],
    }]);
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  let header = new TextEncoder().encode(json);
  // Spaces may follow it, which align the data.
  const padding = -header.length & 7;
  header = new TextEncoder().encode(json + " ".repeat(padding));
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const { data } of tensors) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      offset,
    );
    offset += data.byteLength;
  }
  return bytes;
}

/** Whether a header describes tensors within `size` bytes of data. */
function entriesWithin(size: number): Check {
  const place = that(
    `be two positions within ${size} bytes`,
    (value) => {
      const [from, to] = value as number[];
      return (value as number[]).length === 2 && from <= to && to <= size;
    },
  );
  const entry = record({
    dtype: oneOf(...Object.keys(ARRAYS)),
    shape: listOf(count),
    data_offsets: all(listOf(count), place),
  });
  const sized: Check = (value, path) => {
    const { dtype, shape, data_offsets: [from, to] } = value as Entry;
    const bytes = shape.reduce((a, b) => a * b, 1) *
      ARRAYS[dtype].BYTES_PER_ELEMENT;
    if (to - from === bytes) return undefined;
    return { path, must: `have ${bytes} bytes of data`, value: to - from };
  };
  return mapOf(all(entry, sized));
}

/**
 * The tensors of a safetensors file that this package wrote, by name.
 *
 * @throws {RangeError} If the bytes are no such file; the message says what is
 * wrong with it.
 */
export function decodeSafetensors(
  bytes: Uint8Array<ArrayBuffer>,
): Map<string, NamedTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < LENGTH_BYTES
    ? Infinity
    : Number(view.getBigUint64(0, true));
  const start = LENGTH_BYTES + length;
  if (!(start <= bytes.length)) {
    throw new RangeError(
      `its header must end within ${bytes.length} bytes: current value is ${start}`,
    );
  }
  let entries: Record<string, Entry>;
  try {
    entries = JSON.parse(
      new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, start)),
    );
  } catch (cause) {
    throw new RangeError(
      `its header must be JSON: ${errorMessage(cause)}`,
      {
        cause,
      },
    );
  }
  const fault = describeFault(entries, entriesWithin(bytes.length - start));
  if (fault !== undefined) throw new RangeError(`in its header, ${fault}`);
  return new Map(
    Object.entries(entries).map(([name, { dtype, shape, data_offsets }]) => {
      const [from, to] = data_offsets;
      const data = new ARRAYS[dtype](
        bytes.slice(start + from, start + to).buffer,
      );
      return [name, { name, dtype, shape, data }];
    }),
  );
}
