import * as tf from "@tensorflow/tfjs";
import { basename, join } from "@std/path";
import { systemCode, writeAll, writeFile } from "@clr/clr/command";

/** A file of weights that {@linkcode saveModel} wrote, named after its contents. */
const WEIGHTS_FILE = /^weights-([0-9a-f]{12})\.bin$/;

/**
 * Saves `model` in tfjs's own format: `model.json` and a file of weights that
 * it names, as `tf.loadLayersModel` reads them.
 *
 * The weights are named after their contents and `model.json` is replaced last,
 * so that it names complete weights at any moment.
 *
 * @returns The path of `model.json`.
 */
export async function saveModel(
  model: tf.LayersModel,
  folder: string,
): Promise<string> {
  const path = `${folder}/model.json`;
  let weightsName = "";
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    const { weightData, weightSpecs, ...topology } = artifacts;
    const bytes = new Uint8Array(
      tf.io.concatenateArrayBuffers([weightData!].flat()),
    );
    weightsName = `weights-${await digest(bytes)}.bin`;
    await writeFile(`${folder}/${weightsName}`, bytes);
    const manifest = [{ paths: [weightsName], weights: weightSpecs }];
    await writeFile(
      path,
      JSON.stringify({ ...topology, weightsManifest: manifest }),
    );
    return {
      modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts),
    };
  }));
  for await (const { name } of Deno.readDir(folder)) {
    if (WEIGHTS_FILE.test(name) && name !== weightsName) {
      await Deno.remove(`${folder}/${name}`);
    }
  }
  return path;
}

/**
 * Throws where {@linkcode saveModel} could not write into `folder`, before there is
 * a trained model to lose.
 *
 * @throws {Deno.errors.NotADirectory} If something else is there.
 */
export async function checkModelFolder(folder: string): Promise<void> {
  try {
    if ((await Deno.stat(folder)).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new Deno.errors.NotADirectory(
    `Cannot save a model as ${folder} must be a folder: current value is a file`,
  );
}

/**
 * Throws where `out` has no room for the weights of `model`, before these are
 * trained and then lost.
 *
 * @throws What the file system throws.
 */
export async function checkModelRoom(
  out: string,
  model: tf.LayersModel,
): Promise<void> {
  const bytes = 4 * model.countParams();
  // Whoever takes the folder next removes it, if this process is killed.
  const path = `${out}/room.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    using file = await Deno.open(path, { write: true, createNew: true });
    const zeros = new Uint8Array(Math.min(bytes, 1 << 20));
    for (let left = bytes; left > 0; left -= zeros.length) {
      await writeAll(file, zeros.subarray(0, left));
    }
  } catch (error) {
    if (systemCode(error) !== undefined) {
      (error as Error).message =
        `Cannot save a model of ${bytes} bytes into ${out}: ${
          (error as Error).message
        }`;
    }
    throw error;
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}

/** Whether there is a model in `folder`. */
export async function hasModel(folder: string): Promise<boolean> {
  try {
    return (await Deno.stat(`${folder}/model.json`)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(hash, 0, 6),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** What is wrong with the files of a model; the message says it. */
export class ModelFilesError extends Error {
  override name = "ModelFilesError";
}

/** Whether the part of `model.json` that says where the weights are is whole. */
function isManifest(value: unknown): value is tf.io.WeightsManifestConfig {
  return Array.isArray(value) &&
    value.every((group) =>
      Array.isArray(group?.paths) && Array.isArray(group.weights) &&
      group.paths.every((path: unknown) => typeof path === "string") &&
      group.weights.every((weight: Partial<tf.io.WeightsManifestEntry>) =>
        typeof weight?.name === "string" && Array.isArray(weight.shape) &&
        weight.shape.every((size) => Number.isSafeInteger(size) && size >= 0)
      )
    );
}

/** Bytes of a number of each type that tfjs saves as it is. */
const BYTES: { readonly [dtype: string]: number | undefined } = {
  float32: 4,
  int32: 4,
  bool: 1,
};

/**
 * Loads a model that {@linkcode saveModel} or another tfjs wrote in `folder`.
 *
 * @throws {ModelFilesError} If the files are not complete, or no model's.
 */
export async function loadModel(folder: string): Promise<tf.LayersModel> {
  const fail = (why: string, cause?: unknown) =>
    new ModelFilesError(`Cannot load the model in ${folder} as ${why}`, {
      cause,
    });
  const json = await Deno.readTextFile(join(folder, "model.json"));
  let model: tf.io.ModelJSON;
  try {
    model = JSON.parse(json);
  } catch (cause) {
    throw fail(`model.json must be JSON: ${(cause as Error).message}`, cause);
  }
  const { weightsManifest, ...topology } = model ?? {};
  if (!isManifest(weightsManifest)) {
    throw fail("model.json must list its weights: it is of another kind");
  }
  const names = weightsManifest.flatMap(({ paths }) => paths).map((path) =>
    basename(path)
  );
  const parts = await Promise.all(
    names.map((name) => Deno.readFile(join(folder, name))),
  );
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const weightData = tf.io.concatenateArrayBuffers(
    parts.map((part) => part.buffer),
  );
  const expected = weightSpecs.reduce(
    (sum, { shape, dtype }) =>
      sum + (BYTES[dtype] ?? NaN) * tf.util.sizeFromShape(shape),
    0,
  );
  if (weightData.byteLength !== expected) {
    throw fail(
      `its weights must be ${expected} bytes: current value is ${weightData.byteLength}`,
    );
  }
  for (const [i, name] of names.entries()) {
    const [, sum] = WEIGHTS_FILE.exec(name) ?? [];
    if (sum === undefined || sum === await digest(parts[i])) continue;
    throw fail(`${name} must hold what it is named after: it was changed`);
  }
  try {
    return await tf.loadLayersModel(
      tf.io.fromMemory({ ...topology, weightSpecs, weightData }),
    );
  } catch (cause) {
    throw fail(
      `model.json must be a model of tfjs: ${(cause as Error).message}`,
      cause,
    );
  }
}
