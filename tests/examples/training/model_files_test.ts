import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  loadModel,
  ModelFilesError,
  saveModel,
} from "../../../examples/training/model_files.ts";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function createModel(seed: number): tf.Sequential {
  const kernelInitializer = tf.initializers.randomNormal({ seed });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], kernelInitializer }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 2, kernelInitializer }),
    ],
  });
}

const weightsOf = (model: tf.LayersModel) =>
  model.getWeights().map((weight) => [...weight.dataSync()]);

Deno.test("saveModel() writes what loadModel() and plain tfjs read back", () =>
  withFolder(async (folder) => {
    await saveModel(createModel(1), folder);
    const model = createModel(2);
    const path = await saveModel(model, folder);
    assertEquals(weightsOf(await loadModel(folder)), weightsOf(model));
    assertEquals([...Deno.readDirSync(folder)].length, 2);

    const fetchFunc = async (url: string) =>
      new Response(await Deno.readFile(new URL(url).pathname));
    const plain = await tf.loadLayersModel(
      tf.io.http(`file://${path}`, { fetchFunc: fetchFunc as typeof fetch }),
    );
    assertEquals(weightsOf(plain), weightsOf(model));
  }));

Deno.test("loadModel() refuses weights that are cut short", () =>
  withFolder(async (folder) => {
    await saveModel(createModel(1), folder);
    const weights = [...Deno.readDirSync(folder)]
      .find(({ name }) => name.endsWith(".bin"))!;
    await Deno.truncate(join(folder, weights.name), 20);
    await assertRejects(() => loadModel(folder), Error, "current value is 20");
  }));

Deno.test("loadModel() refuses weights of which a bit has changed, and takes those of plain tfjs", () =>
  withFolder(async (folder) => {
    const model = createModel(1);
    const path = await saveModel(model, folder);
    const { name } = [...Deno.readDirSync(folder)]
      .find(({ name }) => name.endsWith(".bin"))!;
    const bytes = await Deno.readFile(join(folder, name));
    for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
      const changed = bytes.slice();
      changed[at] ^= 1;
      await Deno.writeFile(join(folder, name), changed);
      await assertRejects(
        () => loadModel(folder),
        ModelFilesError,
        `${name} must hold what it is named after: it was changed`,
      );
    }
    // tfjs names its files otherwise, which then say nothing of their contents.
    await Deno.writeFile(join(folder, "group1-shard1of1.bin"), bytes);
    const json = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, json.replace(name, "group1-shard1of1.bin"));
    assertEquals(weightsOf(await loadModel(folder)), weightsOf(model));
  }));
