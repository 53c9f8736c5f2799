/**
 * The safetensors format: eight bytes with the length of a JSON header, the
 * header, and the tensors' bytes end to end, all little-endian.
 * {@link https://github.com/huggingface/safetensors#format}
 */

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
  const entries: Record<string, Entry> = {};
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const start = end;
    end += data.byteLength;
    entries[name] = { dtype, shape: [...shape], data_offsets: [start, end] };
  }
  const json = JSON.stringify(entries);
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

/** The tensors of a safetensors file that this package wrote, by name. */
export function decodeSafetensors(
  bytes: Uint8Array<ArrayBuffer>,
): Map<string, NamedTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = LENGTH_BYTES + Number(view.getBigUint64(0, true));
  const entries: Record<string, Entry> = JSON.parse(
    new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, start)),
  );
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
