import * as tf from "@tensorflow/tfjs";
import { writeFile } from "@clr/clr/command";

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
    if (/^weights-[0-9a-f]+\.bin$/.test(name) && name !== weightsName) {
      await Deno.remove(`${folder}/${name}`);
    }
  }
  return path;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(
    new Uint8Array(hash, 0, 6),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/**
 * Loads a model that {@linkcode saveModel} or another tfjs wrote in `folder`.
 *
 * @throws {Error} If the files are not complete; the message names them.
 */
export async function loadModel(folder: string): Promise<tf.LayersModel> {
  const path = `${folder}/model.json`;
  const { weightsManifest, ...topology } = JSON.parse(
    await Deno.readTextFile(path),
  ) as tf.io.ModelJSON;
  const parts = await Promise.all(
    weightsManifest.flatMap(({ paths }) => paths)
      .map((path) => Deno.readFile(`${folder}/${path.split("/").at(-1)}`)),
  );
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const weightData = tf.io.concatenateArrayBuffers(
    parts.map((part) => part.buffer),
  );
  const expected = weightSpecs.reduce(
    (sum, { shape }) => sum + 4 * tf.util.sizeFromShape(shape),
    0,
  );
  if (weightData.byteLength !== expected) {
    throw new Error(
      `Cannot load the model in ${folder} as its weights must be ${expected} bytes: current value is ${weightData.byteLength}`,
    );
  }
  return await tf.loadLayersModel(
    tf.io.fromMemory({ ...topology, weightSpecs, weightData }),
  );
}
