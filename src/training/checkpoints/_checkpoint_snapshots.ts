/**
 * Snapshots in a checkpoint. Each lies in a file of its own beside the
 * checkpoints, which is written once, as it never changes: a checkpoint costs
 * the snapshots that are new.
 */

import * as tf from "@tensorflow/tfjs";
import {
  all,
  type Check,
  count,
  type Fault,
  listOf,
  optional,
  record,
  that,
} from "../../runtime/check_data.ts";
import { columnsWith, copyColumn, readColumn } from "../../runtime/columns.ts";
import { digestText, sha256, toHex } from "../../runtime/sha256.ts";
import { writeFile } from "../../runtime/write_file.ts";
import type { LayerWeight } from "../../tfjs/trained_weights.ts";
import type { Tensor } from "../../tfjs/types.ts";
import type { RestoreAverages, SavedPlaces } from "./_checkpoint_averages.ts";
import { hasSize } from "./_checkpoint_folder.ts";
import { readPlainFile } from "./_read_plain_file.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
} from "./_safetensors.ts";
import type { CheckpointSubject } from "./checkpoint_content.ts";
import {
  restoreSnapshots,
  type Snapshot,
  snapshotsOf,
} from "../weights/cycle_snapshots.ts";

/** Where a snapshot lies. */
export interface SnapshotFile {
  /** The name of the file. */
  readonly file: string;
  readonly bytes: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

/** What a checkpoint says of snapshots, the oldest first. */
export interface SnapshotsContent {
  /** A row for each: its score, NaN for none. */
  readonly taken: { readonly score: readonly number[] };
  /** How many are kept as the last ones; one before them is the best. */
  readonly last: number;
  /** Which is the best, where one has a score. */
  readonly best?: number;
  /** Where each lies; up to version 2 among the checkpoint's tensors. */
  readonly files?: readonly SnapshotFile[];
}

const FILE = /^snapshot-[0-9a-f]{8}\.safetensors$/;

/** Whether a file of that name holds a snapshot. */
export function isSnapshotFile(name: string): boolean {
  return FILE.test(name);
}

/** Says what is wrong with how many snapshots there are said to be. */
function counted(value: unknown, path: string): Fault | undefined {
  const { taken, last, best, files } = value as SnapshotsContent;
  const { length } = taken.score;
  const fault = (name: string, must: string, given: number): Fault => ({
    path: `${path}.${name}`,
    must,
    value: given,
  });
  if (last > length) return fault("last", `be at most ${length}`, last);
  if (best !== undefined && best >= length) {
    return fault("best", `be less than ${length}`, best);
  }
  if (files && files.length !== length) {
    return fault("files", `be ${length}`, files.length);
  }
}

/** What {@linkcode SnapshotsContent} must be. */
export const snapshotsCheck: Check = all(
  record({
    taken: columnsWith("score"),
    last: count,
    best: optional(count),
    files: optional(listOf(record({
      // A name, and no way out of the folder.
      file: that(
        "be the name of a snapshot's file",
        (value) => typeof value === "string" && isSnapshotFile(value),
      ),
      bytes: count,
      sha256: digestText,
    }))),
  }),
  counted,
);

/** The name of a snapshot's tensor among all of a checkpoint. */
export function snapshotKey(
  snapshot: number,
  index: number,
  name: string,
): string {
  return `snapshot/${snapshot}/${index}/${name}`;
}

/** A snapshot to be saved, with its tensors by their names in its file. */
export interface TakenSnapshot {
  readonly snapshot: Snapshot;
  readonly tensors: Map<string, Tensor>;
}

/** The snapshots of `subject`, as they are. */
export function collectSnapshots(
  { model, snapshots }: CheckpointSubject,
  weights: readonly LayerWeight[],
): { content?: SnapshotsContent; taken: readonly TakenSnapshot[] } {
  if (!snapshots) return { taken: [] };
  const { last, best } = snapshotsOf(snapshots, model, "save a checkpoint");
  const isApart = best !== undefined && !last.includes(best);
  const all = isApart ? [best, ...last] : [...last];
  const content = {
    taken: { score: copyColumn(all.map(({ score = NaN }) => score)) },
    last: last.length,
    ...(best && { best: all.indexOf(best) }),
  };
  const taken = all.map((snapshot) => {
    const tensors = new Map<string, Tensor>();
    weights.forEach((weight, i) => {
      const value = snapshot.weights.get(weight);
      if (value) tensors.set(`${i}/${weight.originalName}`, value);
    });
    return { snapshot, tensors };
  });
  return { content, taken };
}

/** Where each snapshot is in each folder. */
const places = new WeakMap<Snapshot, Map<string, SnapshotFile>>();

function note(folder: string, snapshot: Snapshot, file: SnapshotFile): void {
  const noted = places.get(snapshot) ?? new Map();
  places.set(snapshot, noted.set(folder, file));
}

/**
 * Writes a snapshot into `folder` unless it is there.
 *
 * @param read Gives its tensors' values.
 */
export async function writeSnapshot(
  folder: string,
  snapshot: Snapshot,
  read: () => Promise<readonly NamedTensor[]>,
): Promise<SnapshotFile> {
  const noted = places.get(snapshot)?.get(folder);
  if (noted && await hasSize(folder, noted)) return noted;
  const bytes = encodeSafetensors(await read());
  const written = {
    file: `snapshot-${crypto.randomUUID().slice(0, 8)}.safetensors`,
    bytes: bytes.length,
    sha256: toHex(await sha256(bytes)),
  };
  await writeFile(`${folder}/${written.file}`, bytes);
  note(folder, snapshot, written);
  return written;
}

/**
 * Reads the snapshots' files in `folder` and adds their tensors to `tensors`.
 *
 * @throws {RangeError} If one is damaged; the message says how.
 * @throws What the file system throws.
 */
export async function readSnapshots(
  folder: string,
  { files = [] }: SnapshotsContent,
  { weights, tensors }: {
    readonly weights: readonly string[];
    readonly tensors: Map<string, NamedTensor>;
  },
): Promise<void> {
  for (const [k, { file, bytes: length, sha256: digest }] of files.entries()) {
    const bytes = await readPlainFile(`${folder}/${file}`);
    if (bytes.length !== length) {
      throw new RangeError(
        `${file} has ${bytes.length} bytes instead of ${length}`,
      );
    }
    if (toHex(await sha256(bytes)) !== digest) {
      throw new RangeError(`${file} does not match its checksum`);
    }
    // By the index: names may differ between one process and the next.
    for (const [name, tensor] of decodeSafetensors(bytes)) {
      const index = Number(name.slice(0, name.indexOf("/")));
      tensors.set(snapshotKey(k, index, weights[index]), tensor);
    }
  }
}

/** How to give `subject` its snapshots back; as text, what they lack. */
export function snapshotsFor(
  { model, snapshots }: CheckpointSubject,
  content: SnapshotsContent | undefined,
  { weights, from, names, folder }: SavedPlaces,
): RestoreAverages | string {
  if (!snapshots) return () => {};
  if (!content) return "it must hold snapshots: it was saved without";
  snapshotsOf(snapshots, model, "restore a checkpoint");
  return (tensor) => {
    const isInOrder = from.every((index, i) => index === i);
    const taken = readColumn(content.taken.score).map((score, k) => {
      const snapshot: Snapshot = {
        score: Number.isNaN(score) ? undefined : score,
        weights: new Map(weights.map((weight, i) => [
          weight,
          tf.keep(tensor(snapshotKey(k, from[i], names[from[i]]))),
        ])),
      };
      // Its file goes by the weights' order.
      if (content.files && isInOrder) note(folder, snapshot, content.files[k]);
      return snapshot;
    });
    restoreSnapshots(snapshots, {
      last: taken.slice(taken.length - content.last),
      best: content.best === undefined ? undefined : taken[content.best],
    });
  };
}
