import * as tf from "@tensorflow/tfjs";
import { writeFile } from "../runtime/write_file.ts";
import {
  describeOptimizer,
  restoreOptimizer,
  type StateNode,
} from "../tfjs/optimizer_state.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  type TensorDtype,
} from "./_safetensors.ts";
import type {
  LearningRateScheduler,
  SchedulerState,
} from "./learning_rate_scheduler.ts";
import type { LayersModel, Tensor } from "../tfjs/types.ts";

/** What is saved of a training run, and restored. */
export interface CheckpointSubject {
  /** The compiled model, with its optimizer. */
  readonly model: LayersModel;
  /** The schedule that is followed, with its history. */
  readonly scheduler?: LearningRateScheduler;
}

/** Options of {@linkcode saveCheckpoint}. */
export interface SaveCheckpointOptions {
  /**
   * What else the run needs to go on, such as the seed of the data's order. Any
   * JSON.
   */
  data?: unknown;
  /**
   * How many checkpoints the folder keeps.
   *
   * @default {2}
   */
  keep?: number;
}

/** No checkpoint in the folder can be used, or it is of something else. */
export class CheckpointError extends Error {
  /** `"CheckpointError"`. */
  override name = "CheckpointError";
}

/** A checkpoint that was passed over, and why. */
export interface DamagedCheckpoint {
  /** Its folder. */
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;
}

interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly weights: readonly string[];
  readonly optimizer: {
    readonly className: string;
    readonly fields: { readonly [key: string]: StateNode };
  };
  readonly scheduler?: Omit<SchedulerState, "history" | "epochHistory">;
  readonly data: unknown;
  readonly tensors: { readonly bytes: number; readonly sha256: string };
}

type Histories = Pick<SchedulerState, "history" | "epochHistory">;

const FORMAT = "@clr/clr checkpoint";
const VERSION = 1;
const HEADER_FILE = "checkpoint.json";
const TENSORS_FILE = "tensors.safetensors";
const FOLDER = /^checkpoint-(\d{6,})$/;
const HISTORIES = ["history", "epochHistory"] as const;

const DTYPES: Partial<Record<string, TensorDtype>> = {
  float32: "F32",
  int32: "I32",
  bool: "BOOL",
};

async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

function checkModel(model: LayersModel, action: string): void {
  if (model.optimizer === undefined) {
    throw new TypeError(
      `Cannot ${action} as the model must be compiled: call model.compile first`,
    );
  }
  const stateful = model.layers.find((layer) => layer.stateful);
  if (stateful !== undefined) {
    throw new TypeError(
      `Cannot ${action} as the model must have no stateful recurrent layer: current value has "${stateful.name}"`,
    );
  }
}

function weightKeys(model: LayersModel): string[] {
  return model.weights.map(({ originalName }) => originalName);
}

/** Reads tensors from wherever they are; they may change meanwhile. */
async function readTensors(
  tensors: Map<string, Tensor>,
): Promise<NamedTensor[]> {
  const held = [...tensors].map(([name, tensor]) => ({
    name,
    tensor: tf.keep(tensor.clone()),
  }));
  try {
    return await Promise.all(held.map(async ({ name, tensor }) => {
      const dtype = DTYPES[tensor.dtype];
      if (dtype === undefined) {
        throw new TypeError(
          `Cannot save a checkpoint as ${name} must be of float32, int32 or bool: current value is ${tensor.dtype}`,
        );
      }
      return { name, dtype, shape: tensor.shape, data: await tensor.data() };
    }));
  } finally {
    tf.dispose(held.map(({ tensor }) => tensor));
  }
}

function historyTensors(histories: Histories): NamedTensor[] {
  return HISTORIES.flatMap((kind) =>
    Object.entries(histories[kind]).map(([column, values]) => ({
      name: `${kind}/${column}`,
      dtype: "F64" as const,
      shape: [values.length],
      data: Float64Array.from(values),
    }))
  );
}

/** The numbers of the checkpoints in `folder`, the oldest first. */
async function numbersIn(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const match = FOLDER.exec(name);
      if (match) numbers.push(Number(match[1]));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return numbers.sort((a, b) => a - b);
}

function pathOf(folder: string, number: number): string {
  return `${folder}/checkpoint-${String(number).padStart(6, "0")}`;
}

async function removeUnfinished(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("checkpoint-") && name.endsWith(".part")) {
      await Deno.remove(`${folder}/${name}`, { recursive: true });
    }
  }
}

/**
 * Saves a training run so that {@linkcode loadCheckpoint} goes on from here to
 * the same weights, bit for bit: the weights, every slot, count and cached
 * constant of the optimizer, the schedule with its history, and `data`.
 *
 * A checkpoint is a folder of two files within `folder`: `checkpoint.json`, with
 * a format version and checksums, and `tensors.safetensors`, which other tools
 * read. It is written beside and renamed, so that a process killed at any moment
 * leaves the ones before it whole; then all but the last `keep` are removed.
 *
 * @param folder Made if it is not there.
 * @returns The folder of the checkpoint.
 * @throws {TypeError} If the model is not compiled or has a stateful recurrent
 * layer, whose state is not saved.
 * @throws What the file system throws; the checkpoints before it remain.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({ optimizer: "adam", loss: "meanSquaredError" });
 *
 * const folder = await Deno.makeTempDir();
 * await saveCheckpoint(folder, { model });
 * const checkpoint = await loadCheckpoint(folder);
 * checkpoint?.restore({ model });
 * ```
 */
export async function saveCheckpoint(
  folder: string,
  subject: CheckpointSubject,
  options: SaveCheckpointOptions = {},
): Promise<string> {
  const { data = null, keep = 2 } = options;
  const { model, scheduler } = subject;
  checkModel(model, "save a checkpoint");
  if (!(Number.isSafeInteger(keep) && keep >= 1)) {
    throw new RangeError(
      `Cannot save a checkpoint as keep must be a whole number >= 1: current value is ${keep}`,
    );
  }
  await scheduler?.flush();
  const tensors = new Map<string, Tensor>();
  const weights = weightKeys(model);
  model.weights.forEach((weight, i) =>
    tensors.set(`model/${i}/${weights[i]}`, weight.read())
  );
  const fields = describeOptimizer(model.optimizer, tensors);
  const { history, epochHistory, ...schedulerState } = scheduler?.toJSON() ??
    { history: {}, epochHistory: {} };
  const histories = historyTensors({ history, epochHistory } as Histories);
  const bytes = encodeSafetensors([
    ...await readTensors(tensors),
    ...histories,
  ]);
  const header = {
    format: FORMAT,
    version: VERSION,
    weights,
    optimizer: { className: model.optimizer.getClassName(), fields },
    ...(scheduler && { scheduler: schedulerState }),
    data,
    tensors: { bytes: bytes.length, sha256: await sha256(bytes) },
  };
  const json = JSON.stringify(header);

  const numbers = await numbersIn(folder);
  const path = pathOf(folder, (numbers.at(-1) ?? 0) + 1);
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  await Deno.mkdir(folder, { recursive: true });
  await removeUnfinished(folder);
  try {
    await writeFile(`${beside}/${TENSORS_FILE}`, bytes);
    await writeFile(
      `${beside}/${HEADER_FILE}`,
      `{"sha256":"${await sha256(json)}","header":${json}}\n`,
    );
    await Deno.rename(beside, path);
  } catch (error) {
    await Deno.remove(beside, { recursive: true }).catch(() => {});
    throw error;
  }
  for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - keep))) {
    await Deno.remove(pathOf(folder, old), { recursive: true });
  }
  return path;
}

/** A checkpoint that was read and found whole. */
export interface Checkpoint {
  /** Its folder. */
  readonly path: string;
  /** Newer checkpoints that were found damaged, and passed over. */
  readonly damaged: readonly DamagedCheckpoint[];
  /** Batches trained when it was saved; 0 without a scheduler. */
  readonly iteration: number;
  /** The `data` it was saved with. */
  readonly data: unknown;
  /**
   * Gives `subject` what was saved. What goes on from here ends as the run that
   * was saved would have, bit for bit on the CPU and WASM backends.
   *
   * @throws {CheckpointError} If the model has other weights or another kind of
   * optimizer, or a scheduler is given and none was saved; nothing is then
   * changed.
   */
  restore(subject: CheckpointSubject): void;
}

class WholeCheckpoint implements Checkpoint {
  readonly #tensors: Map<string, NamedTensor>;

  constructor(
    readonly path: string,
    readonly damaged: readonly DamagedCheckpoint[],
    readonly header: Header,
    bytes: Uint8Array<ArrayBuffer>,
  ) {
    this.#tensors = decodeSafetensors(bytes);
  }

  get iteration(): number {
    return this.header.scheduler?.totalIterations ?? 0;
  }

  get data(): unknown {
    return this.header.data;
  }

  restore(subject: CheckpointSubject): void {
    const { model, scheduler } = subject;
    checkModel(model, "restore a checkpoint");
    const { weights, optimizer, scheduler: schedulerState } = this.header;
    const keys = weights.map((name, i) => `model/${i}/${name}`);
    const shapes = keys.map((key) => this.#tensors.get(key)!.shape);
    const given = model.weights.map(({ shape }) => shape);
    if (JSON.stringify(shapes) !== JSON.stringify(given)) {
      throw new CheckpointError(
        `Cannot restore ${this.path} as the model must have weights of shapes ${
          JSON.stringify(shapes)
        }: current value is ${JSON.stringify(given)}`,
      );
    }
    const className = model.optimizer.getClassName();
    if (className !== optimizer.className) {
      throw new CheckpointError(
        `Cannot restore ${this.path} as the optimizer must be ${optimizer.className}: current value is ${className}`,
      );
    }
    if (scheduler && !schedulerState) {
      throw new CheckpointError(
        `Cannot restore ${this.path} as it must hold a schedule: it was saved without`,
      );
    }
    if (scheduler && schedulerState) {
      const histories = {
        history: this.#columns("history"),
        epochHistory: this.#columns("epochHistory"),
      } as unknown as Histories;
      scheduler.restore({ ...schedulerState, ...histories });
    }
    tf.tidy(() => {
      model.weights.forEach((weight, i) =>
        (weight.read() as tf.Variable).assign(this.#tensor(keys[i]))
      );
      restoreOptimizer(
        model.optimizer,
        optimizer.fields,
        (name) => this.#tensor(name),
      );
    });
  }

  #tensor(name: string): Tensor {
    const { dtype, shape, data } = this.#tensors.get(name)!;
    const type = dtype === "F32"
      ? "float32"
      : dtype === "I32"
      ? "int32"
      : "bool";
    // A copy, as tfjs may keep the array it is given and a restore may follow.
    return tf.tensor(data.slice() as Float32Array, [...shape], type);
  }

  #columns(kind: typeof HISTORIES[number]): Record<string, number[]> {
    const columns: Record<string, number[]> = {};
    for (const [name, { data }] of this.#tensors) {
      if (name.startsWith(`${kind}/`)) {
        columns[name.slice(kind.length + 1)] = Array.from(data);
      }
    }
    return columns;
  }
}

/** Reads and checks the checkpoint in `path`. */
async function readCheckpoint(
  path: string,
  damaged: readonly DamagedCheckpoint[],
): Promise<Checkpoint> {
  const text = await Deno.readTextFile(`${path}/${HEADER_FILE}`);
  let file: { sha256: string; header: Header };
  try {
    file = JSON.parse(text);
  } catch {
    throw new CheckpointError(`${HEADER_FILE} is cut off or damaged`);
  }
  if (await sha256(JSON.stringify(file?.header ?? null)) !== file?.sha256) {
    throw new CheckpointError(`${HEADER_FILE} does not match its checksum`);
  }
  const { header } = file;
  if (header.format !== FORMAT || header.version !== VERSION) {
    throw new CheckpointError(
      `${HEADER_FILE} must be of format "${FORMAT}", version ${VERSION}: it is "${header.format}", version ${header.version}`,
    );
  }
  const bytes = await Deno.readFile(`${path}/${TENSORS_FILE}`);
  if (bytes.length !== header.tensors.bytes) {
    throw new CheckpointError(
      `${TENSORS_FILE} has ${bytes.length} bytes instead of ${header.tensors.bytes}`,
    );
  }
  if (await sha256(bytes) !== header.tensors.sha256) {
    throw new CheckpointError(`${TENSORS_FILE} does not match its checksum`);
  }
  return new WholeCheckpoint(path, damaged, header, bytes);
}

/**
 * The newest checkpoint in `folder` that is whole. One that was cut off or
 * changed is found by its checksums and passed over; `damaged` of the result
 * says which and why.
 *
 * @returns Undefined if there is no checkpoint.
 * @throws {CheckpointError} If there are checkpoints and all are damaged.
 *
 * @example
 * ```ts
 * import { loadCheckpoint } from "@clr/clr/training";
 *
 * const checkpoint = await loadCheckpoint("no/such/folder");
 * console.log(checkpoint); // undefined
 * ```
 */
export async function loadCheckpoint(
  folder: string,
): Promise<Checkpoint | undefined> {
  const numbers = await numbersIn(folder);
  const damaged: DamagedCheckpoint[] = [];
  for (const number of numbers.reverse()) {
    const path = pathOf(folder, number);
    try {
      return await readCheckpoint(path, damaged);
    } catch (error) {
      const missing = error instanceof Deno.errors.NotFound;
      if (!missing && !(error instanceof CheckpointError)) throw error;
      const reason = missing ? "a file is missing" : error.message;
      damaged.push({ path, reason });
    }
  }
  if (damaged.length === 0) return undefined;
  throw new CheckpointError(
    `Cannot resume from ${folder} as one of its checkpoints must be whole: ${
      damaged.map(({ path, reason }) => `${path}: ${reason}`).join("; ")
    }`,
  );
}
