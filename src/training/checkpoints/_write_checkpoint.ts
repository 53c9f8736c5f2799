import { checkJson } from "../../runtime/check_json.ts";
import {
  hasSize,
  inTurn,
  namesIn,
  numbersIn,
  pathOf,
  removeUnfinished,
} from "./_checkpoint_folder.ts";
import {
  type CheckpointContent,
  readHeader,
  weightKey,
  writeContent,
} from "./_checkpoint_format.ts";
import { checkOwn, knownOf } from "./_checkpoint_owner.ts";
import { collectAverages } from "./_checkpoint_averages.ts";
import {
  collectSnapshots,
  isSnapshotFile,
  type SnapshotFile,
  writeSnapshot,
} from "./_checkpoint_snapshots.ts";
import {
  appendHistory,
  type Histories,
  type HistoryPosition,
  isHistoryFile,
  newHistoryFile,
  type RowCounts,
} from "./_history_file.ts";
import { saveData } from "./_saved_data.ts";
import { hold, readTensors } from "./_held_tensors.ts";
import type { NamedTensor } from "./_safetensors.ts";
import type { CheckpointSubject } from "./checkpoint_content.ts";
import {
  describeAlone,
  type LearningRateScheduler,
  recordsOf,
} from "../schedulers/learning_rate_scheduler.ts";
import { frozenLayers, weightsInOrder } from "../../tfjs/named_weights.ts";
import { describeOptimizer } from "../../tfjs/optimizer_state.ts";
import { weightsOfSlots } from "../../tfjs/slots.ts";
import { variableOf } from "../../tfjs/trained_weights.ts";
import { fileSystem } from "../../runtime/builtin.ts";
import { show } from "../../runtime/check_data.ts";
import type { Tensor } from "../../tfjs/types.ts";

/** How a checkpoint is written. */
export interface WriteOptions {
  readonly data: unknown;
  readonly keep: number;
  /** The newest checkpoint of another run that this one replaces. @default {none} */
  readonly replaces?: number;
  /** Which to keep besides, where they are there. */
  readonly spare?: readonly number[];
}

/**
 * How far the history of each scheduler is in the file of each folder; until the
 * scheduler is given another history, which its recorder tells.
 */
const positions = new WeakMap<object, Map<string, HistoryPosition>>();

/** Notes that the scheduler's history is in `folder` up to `position`. */
export function noteHistory(
  folder: string,
  scheduler: LearningRateScheduler,
  position: HistoryPosition,
): void {
  note(folder, recordsOf(scheduler).batches.generation, position);
}

function note(
  folder: string,
  generation: object,
  position: HistoryPosition,
): void {
  const noted = positions.get(generation) ?? new Map();
  positions.set(generation, noted.set(folder, position));
}

/** Throws unless so many checkpoints can be kept. */
export function checkKeep(keep: number): void {
  if (Number.isSafeInteger(keep) && keep >= 1) return;
  throw new RangeError(
    `Cannot save a checkpoint as keep must be a whole number >= 1: current value is ${
      show(keep)
    }`,
  );
}

/** Saves a checkpoint in `folder` and removes older ones. Gives its number. */
export function writeCheckpoint(
  folder: string,
  subject: CheckpointSubject,
  { data, keep, replaces = 0, spare = [] }: WriteOptions,
): Promise<number> {
  checkJson("save a checkpoint", { data });
  const { model } = subject;
  const own = knownOf(model);
  return inTurn(folder, async (path) => {
    const numbers = await numbersIn(path);
    const newest = numbers.at(-1) ?? 0;
    if (newest > replaces) {
      await checkOwn(path, { model, newest, named: folder });
    }
    const before = own.get(path)?.newest ?? 0;
    const isOwn = (saved: number) => saved <= before || saved > newest;
    const fs = fileSystem("save a checkpoint");
    await removeUnfinished(path);
    const number = newest + 1;
    await write(path, number, { subject, data });
    own.set(path, { newest: number, left: [] });
    const kept = [...numbers, number].filter((saved, i) =>
      isOwn(saved) && (spare.includes(saved) || i > numbers.length - keep)
    );
    for (const old of numbers) {
      if (kept.includes(old)) continue;
      await fs.rm(pathOf(path, old), { recursive: true });
    }
    await removeUnneeded(path, kept);
    return number;
  });
}

async function write(
  folder: string,
  number: number,
  { subject, data }: {
    readonly subject: CheckpointSubject;
    readonly data: unknown;
  },
): Promise<void> {
  const { model, scheduler } = subject;
  const records = scheduler && recordsOf(scheduler);
  // What is trained while the device is read would not be in it.
  do await scheduler?.flush(); while (
    records?.batches.isReading || records?.epochs.isReading
  );
  const slots = weightsOfSlots(model);
  // From here to the first wait, all is of one moment.
  const tensors = new Map<string, Tensor>();
  const weights = weightsInOrder(model);
  const names = weights.map(({ originalName }) => originalName);
  weights.forEach((weight, i) =>
    tensors.set(weightKey(i, names[i]), weight.read())
  );
  const content: CheckpointContent = {
    weights: names,
    variables: weights.map((weight) => variableOf(weight).name),
    trained: slots.map((weight) => weights.indexOf(weight)),
    frozen: frozenLayers(model),
    optimizer: {
      className: model.optimizer.getClassName(),
      fields: describeOptimizer(model.optimizer, tensors),
    },
    ...(scheduler && { scheduler: describeAlone(scheduler) }),
    averages: collectAverages(subject, weights, tensors),
    ...saveData(data),
  };
  const recorded = scheduler && recordedOf(scheduler);
  const snapshots = collectSnapshots(subject, weights);
  const held = hold(tensors);
  const taken = snapshots.taken.map(({ snapshot, tensors }) => ({
    snapshot,
    held: hold(tensors),
  }));
  let read: NamedTensor[];
  const files: SnapshotFile[] = [];
  try {
    read = await readTensors(held);
    for (const { snapshot, held } of taken) {
      const values = () => readTensors(held);
      files.push(await writeSnapshot(folder, snapshot, values));
    }
  } finally {
    for (const { tensor } of [held, ...taken.map(({ held }) => held)].flat()) {
      tensor.dispose();
    }
  }
  const history = recorded && await appendTo(folder, recorded);
  await writeFolder(pathOf(folder, number), {
    ...content,
    ...(snapshots.content && { snapshots: { ...snapshots.content, files } }),
    history,
  }, read);
}

/** Writes a checkpoint's folder, whole or not at all. */
async function writeFolder(
  path: string,
  content: CheckpointContent,
  tensors: readonly NamedTensor[],
): Promise<void> {
  const fs = fileSystem("save a checkpoint");
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await writeContent(beside, content, tensors);
    await fs.rename(beside, path);
  } catch (error) {
    await fs.rm(beside, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** What is recorded at a moment, whatever is recorded after it. */
interface Recorded extends Histories {
  readonly generation: object;
  readonly to: RowCounts;
}

function recordedOf(scheduler: LearningRateScheduler): Recorded {
  const { history, epochHistory } = scheduler;
  return {
    // The columns as they are: they may grow, or be replaced by thinner ones.
    history: { ...history },
    epochHistory: { ...epochHistory },
    generation: recordsOf(scheduler).batches.generation,
    to: {
      rows: history.iterations.length,
      epochs: epochHistory.iterations.length,
    },
  };
}

/** Appends to the history's file what it lacks, or starts a new one. */
async function appendTo(
  folder: string,
  recorded: Recorded,
): Promise<HistoryPosition> {
  const { generation, to } = recorded;
  const noted = positions.get(generation)?.get(folder);
  const goesOn = noted !== undefined && noted.rows <= to.rows &&
    noted.epochs <= to.epochs && await hasSize(folder, noted);
  const position = await appendHistory(folder, recorded, {
    position: goesOn ? noted : newHistoryFile(),
    to,
  });
  note(folder, generation, position);
  return position;
}

/** Removes files of histories and snapshots that no kept checkpoint needs. */
async function removeUnneeded(
  folder: string,
  kept: readonly number[],
): Promise<void> {
  const files = (await namesIn(folder)).filter((name) =>
    isHistoryFile(name) || isSnapshotFile(name)
  );
  const needed = new Set<string | undefined>();
  // Mostly the newest needs them all.
  for (const number of kept.toReversed()) {
    if (files.every((file) => needed.has(file))) return;
    try {
      const { history, snapshots } = await readHeader(pathOf(folder, number));
      needed.add(history?.file);
      for (const { file } of snapshots?.files ?? []) needed.add(file);
    } catch (error) {
      // A damaged one needs nothing; of what cannot be read, nobody knows.
      if (!(error instanceof RangeError)) return;
    }
  }
  const fs = fileSystem("save a checkpoint");
  for (const file of files) {
    if (!needed.has(file)) await fs.rm(`${folder}/${file}`);
  }
}
