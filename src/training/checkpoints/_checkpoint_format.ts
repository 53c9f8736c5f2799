/** What a checkpoint's files hold, written and read back. */

import {
  all,
  anything,
  type Check,
  count,
  describeFault,
  listOf,
  oneOf,
  optional,
  record,
  text,
  that,
} from "../../runtime/check_data.ts";
import {
  averageKey,
  averagesCheck,
  type AveragesContent,
} from "./_checkpoint_averages.ts";
import {
  readSnapshots,
  snapshotKey,
  snapshotsCheck,
  type SnapshotsContent,
} from "./_checkpoint_snapshots.ts";
import { HEADER_FILE } from "./_checkpoint_folder.ts";
import { readPlainFile } from "./_read_plain_file.ts";
import { lostNumbersCheck, type SavedData, savedData } from "./_saved_data.ts";
import { digestText, sha256, toHex } from "../../runtime/sha256.ts";
import { writeFile } from "../../runtime/write_file.ts";
import {
  type OptimizerFields,
  optimizerFields,
} from "../../tfjs/optimizer_state.ts";
import {
  type Histories,
  type HistoryPosition,
  isHistoryFile,
  readHistory,
} from "./_history_file.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from "./_safetensors.ts";
import { CheckpointError } from "./checkpoint_error.ts";
import { setValue } from "../../runtime/columns.ts";
import type { StateAlone } from "../schedulers/scheduler_state.ts";

/** What a checkpoint says of itself. */
export interface CheckpointContent extends SavedData {
  /** The names of the weights, layer by layer; in version 1 the trained first. */
  readonly weights: readonly string[];
  /**
   * The names of their variables, which an optimizer may keep its slots by;
   * unknown in what earlier releases wrote.
   */
  readonly variables?: readonly string[];
  /**
   * Which of them the optimizer's slots are of, in their order: all that are
   * trained, then those that were before they were frozen.
   */
  readonly trained: readonly number[];
  /** The layers that were frozen; unknown in version 1. */
  readonly frozen?: readonly string[];
  readonly optimizer: {
    readonly className: string;
    readonly fields: OptimizerFields;
  };
  readonly scheduler?: StateAlone;
  /** Where the scheduler's history is; in version 1 among the tensors. */
  readonly history?: HistoryPosition;
  /** Of an exponential moving average. */
  readonly averages?: AveragesContent;
  readonly snapshots?: SnapshotsContent;
}

interface Header extends Omit<CheckpointContent, "trained"> {
  readonly format: typeof FORMAT;
  readonly version: 1 | 2 | 3;
  readonly trained?: readonly number[];
  readonly tensors: { readonly bytes: number; readonly sha256: string };
}

/** A checkpoint that was read and found whole. */
export interface WholeContent extends CheckpointContent {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly histories?: Histories;
}

const FORMAT = "@clr/clr checkpoint";
/** The newest, which is written. */
const VERSION = 3;
const TENSORS_FILE = "tensors.safetensors";

/** The name of the tensor of the weight at `index` of the header's list. */
export function weightKey(index: number, name: string): string {
  return `model/${index}/${name}`;
}

const COMMON = {
  format: oneOf(FORMAT),
  weights: listOf(text),
  optimizer: record({ className: text, fields: optimizerFields }),
  scheduler: optional(record({
    iteration: count,
    totalIterations: count,
    epochs: count,
  })),
  averages: averagesCheck,
  snapshots: optional(snapshotsCheck),
  data: anything,
  numbers: optional(lostNumbersCheck),
  tensors: record({ bytes: count, sha256: digestText }),
};

const LATER = {
  ...COMMON,
  trained: listOf(count),
  frozen: listOf(text),
  variables: optional(listOf(text)),
  history: optional(record({
    // A name, and no way out of the folder.
    file: that(
      "be the name of a history file",
      (value) => typeof value === "string" && isHistoryFile(value),
    ),
    bytes: count,
    sha256: digestText,
    rows: count,
    epochs: count,
  })),
};

const withFiles: Check = that(
  "have files",
  (value) => (value as SnapshotsContent).files !== undefined,
);

const HEADERS: ReadonlyMap<unknown, Check> = new Map([
  [1, record(COMMON)],
  [2, record(LATER)],
  [
    3,
    record({ ...LATER, snapshots: optional(all(snapshotsCheck, withFiles)) }),
  ],
]);

/** Writes a checkpoint's two files into `path`. */
export async function writeContent(
  path: string,
  content: CheckpointContent,
  tensors: readonly NamedTensor[],
): Promise<void> {
  const bytes = encodeSafetensors(tensors);
  const header: Header = {
    format: FORMAT,
    version: VERSION,
    ...content,
    tensors: { bytes: bytes.length, sha256: toHex(await sha256(bytes)) },
  };
  const json = JSON.stringify(header);
  await writeFile(`${path}/${TENSORS_FILE}`, bytes);
  await writeFile(
    `${path}/${HEADER_FILE}`,
    `{"sha256":"${toHex(await sha256(json))}","header":${json}}\n`,
  );
}

/**
 * The header of the checkpoint in `path`.
 *
 * @throws {CheckpointError} If a newer release wrote it.
 * @throws {RangeError} If it is damaged; the message says how.
 */
export async function readHeader(path: string): Promise<Header> {
  const text = new TextDecoder().decode(
    await readPlainFile(`${path}/${HEADER_FILE}`),
  );
  let file: { sha256: unknown; header: Header } | null;
  try {
    file = JSON.parse(text);
  } catch {
    throw new RangeError(`${HEADER_FILE} is cut off or damaged`);
  }
  const header = file?.header;
  const json = JSON.stringify(header ?? null);
  if (toHex(await sha256(json)) !== file?.sha256) {
    throw new RangeError(`${HEADER_FILE} does not match its checksum`);
  }
  const { format, version } = Object(header) as Partial<Header>;
  if (format === FORMAT && typeof version === "number" && version > VERSION) {
    throw new CheckpointError(
      `Cannot read ${path} as it must be of version 1 to ${VERSION}: current value is ${version}, of a newer release of @clr/clr`,
    );
  }
  const check = format === FORMAT ? HEADERS.get(version) : undefined;
  if (check === undefined) {
    throw new RangeError(
      `${HEADER_FILE} must be of format "${FORMAT}", version 1 to ${VERSION}: it is "${format}", version ${version}`,
    );
  }
  const fault = describeFault(header, check);
  if (fault !== undefined) throw new RangeError(`in ${HEADER_FILE}, ${fault}`);
  return header as Header;
}

/**
 * Reads and checks the checkpoint in `path`, its snapshots, whose files lie in
 * `folder`, and as much of its history's file there as belongs to it.
 *
 * @throws {RangeError} If it is damaged; the message says how.
 */
export async function readContent(
  folder: string,
  path: string,
): Promise<WholeContent> {
  const header = await readHeader(path);
  const bytes = await readPlainFile(`${path}/${TENSORS_FILE}`);
  if (bytes.length !== header.tensors.bytes) {
    throw new RangeError(
      `${TENSORS_FILE} has ${bytes.length} bytes instead of ${header.tensors.bytes}`,
    );
  }
  if (toHex(await sha256(bytes)) !== header.tensors.sha256) {
    throw new RangeError(`${TENSORS_FILE} does not match its checksum`);
  }
  const tensors = decodeSafetensors(bytes);
  const { weights } = header;
  // Version 1 wrote the trained weights first.
  const trained = header.trained ?? weights.map((_, i) => i);
  checkReferences(weights, trained, tensors);
  if (header.snapshots) {
    await readSnapshots(folder, header.snapshots, { weights, tensors });
  }
  checkAverages(header, tensors);
  const histories = header.scheduler === undefined
    ? undefined
    : header.history === undefined
    ? historiesAmong(tensors)
    : await readHistory(folder, header.history);
  return { ...header, data: savedData(header), trained, tensors, histories };
}

function checkReferences(
  weights: readonly string[],
  trained: readonly number[],
  tensors: ReadonlyMap<string, NamedTensor>,
): void {
  const lost = weights.findIndex((name, i) => !tensors.has(weightKey(i, name)));
  if (lost >= 0) {
    throw new RangeError(`${TENSORS_FILE} lacks ${weights[lost]}`);
  }
  const unknown = trained.find((index) => index >= weights.length);
  if (unknown !== undefined) {
    throw new RangeError(
      `in ${HEADER_FILE}, trained must name one of ${weights.length} weights: current value is ${unknown}`,
    );
  }
}

/** Throws unless each average and snapshot of a weight is there, and like it. */
function checkAverages(
  { weights, averages, snapshots }: Header,
  tensors: ReadonlyMap<string, NamedTensor>,
): void {
  const requireLike = (index: number, key: string) => {
    const { shape, dtype } = tensors.get(weightKey(index, weights[index]))!;
    const found = tensors.get(key);
    if (found?.dtype === dtype && `${found.shape}` === `${shape}`) return;
    throw new RangeError(
      found
        ? `${key} must be ${dtype} of shape [${shape}]: current value is ${found.dtype} of shape [${found.shape}]`
        : `${TENSORS_FILE} lacks ${key}`,
    );
  };
  for (const index of averages?.of ?? []) {
    if (index >= weights.length) {
      throw new RangeError(
        `in ${HEADER_FILE}, averages must be of ${weights.length} weights: current value is ${index}`,
      );
    }
    requireLike(index, averageKey(index, weights[index]));
  }
  for (let k = 0; k < (snapshots?.taken.score.length ?? 0); k++) {
    weights.forEach((name, i) => requireLike(i, snapshotKey(k, i, name)));
  }
}

/** The histories of a checkpoint of version 1. */
function historiesAmong(
  tensors: ReadonlyMap<string, NamedTensor>,
): Histories {
  const columns = (kind: string) => {
    const found: { [column: string]: number[] } = {};
    for (const [name, { data }] of tensors) {
      if (!name.startsWith(`${kind}/`)) continue;
      setValue(found, name.slice(kind.length + 1), Array.from(data));
    }
    return found;
  };
  return {
    history: columns("history"),
    epochHistory: columns("epochHistory"),
  } as unknown as Histories;
}
