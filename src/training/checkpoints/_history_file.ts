/**
 * The history of a run beside its checkpoints: one file that only grows, so that
 * a checkpoint costs the rows that are new, however long the run is. A
 * checkpoint's header says how far it goes into the file, and what is behind
 * that is of no concern to it.
 *
 * The file is a chain of blocks: eight bytes with the length of what follows the
 * digest, 32 bytes of SHA-256 over the digest before (zeros for the first) and
 * what follows, and rows in columns as a safetensors file. The digest of the last
 * block thus stands for all.
 */

import { type GrowingColumns, setValue } from "../../runtime/columns.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from "./_safetensors.ts";
import { requirePlainFile } from "./_read_plain_file.ts";
import { fileSystem } from "../../runtime/builtin.ts";
import { writeAt } from "../../runtime/write_file.ts";
import { fromHex, sha256, toHex } from "../../runtime/sha256.ts";
import type { SchedulerState } from "../schedulers/scheduler_state.ts";
import type { Columns } from "../history/history.ts";

/** Batches and epochs, each in columns. */
export type Histories = Pick<SchedulerState, "history" | "epochHistory">;

/** How far a history goes into its file. */
export interface HistoryPosition {
  /** The name of the file. */
  readonly file: string;
  /** Bytes from its start. */
  readonly bytes: number;
  /** The digest of the last block, in hexadecimal. */
  readonly sha256: string;
  /** Rows of `history` up to there. */
  readonly rows: number;
  /** Rows of `epochHistory` up to there. */
  readonly epochs: number;
}

const KINDS = ["history", "epochHistory"] as const;
const LENGTH_BYTES = 8;
const DIGEST_BYTES = 32;
const FILE = /^history-[0-9a-f]{8}\.bin$/;

/** The position before the first row of a file of its own. */
export function newHistoryFile(): HistoryPosition {
  return {
    file: `history-${crypto.randomUUID().slice(0, 8)}.bin`,
    bytes: 0,
    sha256: "0".repeat(2 * DIGEST_BYTES),
    rows: 0,
    epochs: 0,
  };
}

/** Whether a file of that name holds a history. */
export function isHistoryFile(name: string): boolean {
  return FILE.test(name);
}

function tensorsFrom(
  kind: typeof KINDS[number],
  columns: Columns,
  { from, to }: { readonly from: number; readonly to: number },
): NamedTensor[] {
  return Object.entries(columns).map(([column, values]) => {
    const data = Float64Array.from(values.slice(from, to));
    return {
      name: `${kind}/${column}`,
      dtype: "F64",
      shape: [data.length],
      data,
    };
  });
}

async function digestOf(
  previous: string,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(DIGEST_BYTES + payload.length);
  bytes.set(fromHex(previous));
  bytes.set(payload, DIGEST_BYTES);
  return await sha256(bytes);
}

/** How many rows there are. */
export type RowCounts = Pick<HistoryPosition, "rows" | "epochs">;

/**
 * Appends the rows beyond `position`. The file ends where it says, or there is
 * none where that is 0.
 *
 * @param to Which rows are the last ones: the columns may grow meanwhile.
 * @returns The position behind them.
 * @throws What the file system throws; the file then ends where it did.
 */
export async function appendHistory(
  folder: string,
  { history, epochHistory }: Histories,
  { position, to: { rows, epochs } }: {
    readonly position: HistoryPosition;
    readonly to: RowCounts;
  },
): Promise<HistoryPosition> {
  const isUpToDate = rows === position.rows && epochs === position.epochs;
  if (isUpToDate && position.bytes > 0) return position;
  const payload = encodeSafetensors([
    ...tensorsFrom("history", history, { from: position.rows, to: rows }),
    ...tensorsFrom("epochHistory", epochHistory, {
      from: position.epochs,
      to: epochs,
    }),
  ]);
  const digest = await digestOf(position.sha256, payload);
  const block = new Uint8Array(LENGTH_BYTES + DIGEST_BYTES + payload.length);
  new DataView(block.buffer).setBigUint64(0, BigInt(payload.length), true);
  block.set(digest, LENGTH_BYTES);
  block.set(payload, LENGTH_BYTES + DIGEST_BYTES);
  const path = `${folder}/${position.file}`;
  const file = await fileSystem("save a history").open(
    path,
    position.bytes === 0 ? "wx" : "r+",
  );
  try {
    await writeAt(file, block, position.bytes);
    await file.sync();
  } catch (error) {
    await file.truncate(position.bytes).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  return {
    file: position.file,
    bytes: position.bytes + block.length,
    sha256: toHex(digest),
    rows,
    epochs,
  };
}

/**
 * The histories up to `position`.
 *
 * @throws {RangeError} If the file is cut off or damaged before that; the
 * message says where.
 * @throws What the file system throws.
 */
export async function readHistory(
  folder: string,
  position: HistoryPosition,
): Promise<Histories> {
  const bytes = await readStart(`${folder}/${position.file}`, position.bytes);
  const columns = { history: {}, epochHistory: {} };
  const rows = { history: 0, epochHistory: 0 };
  const view = new DataView(bytes.buffer);
  let last = newHistoryFile().sha256;
  for (let at = 0; at < bytes.length;) {
    const start = at + LENGTH_BYTES + DIGEST_BYTES;
    const end = start <= bytes.length
      ? start + Number(view.getBigUint64(at, true))
      : Infinity;
    const payload = bytes.subarray(start, end);
    const digest = toHex(bytes.subarray(at + LENGTH_BYTES, start));
    if (
      end > bytes.length || toHex(await digestOf(last, payload)) !== digest
    ) {
      throw new RangeError(
        `${position.file} does not match its checksum from byte ${at} on`,
      );
    }
    const tensors = decodeSafetensors(payload);
    for (const kind of KINDS) {
      rows[kind] = addBlock(
        columns[kind],
        { before: rows[kind], kind },
        tensors,
      );
    }
    last = digest;
    at = end;
  }
  if (last !== position.sha256) {
    throw new RangeError(
      `${position.file} is of another run than its checkpoint`,
    );
  }
  return columns as Histories;
}

async function readStart(
  path: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  await requirePlainFile(path);
  const file = await fileSystem("read a history").open(path, "r");
  try {
    const { size } = await file.stat();
    if (size < length) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      throw new RangeError(`${name} has ${size} bytes instead of ${length}`);
    }
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const { bytesRead } = await file.read(bytes, at, length - at, at);
      if (bytesRead === 0) throw new RangeError(`${path} became shorter`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Adds a block's rows to columns of `before` rows; gives how many there are then. */
function addBlock(
  columns: GrowingColumns,
  { before, kind }: { readonly before: number; readonly kind: string },
  tensors: ReadonlyMap<string, NamedTensor>,
): number {
  let after = before;
  for (const [name, { data }] of tensors) {
    if (!name.startsWith(`${kind}/`)) continue;
    const column = name.slice(kind.length + 1);
    if (!Object.hasOwn(columns, column)) {
      setValue(columns, column, new Array<number>(before).fill(NaN));
    }
    for (const value of data) columns[column].push(value);
    after = before + data.length;
  }
  const lacking = Object.values(columns).some(({ length }) => length !== after);
  if (lacking) throw new RangeError("its columns have different lengths");
  return after;
}
