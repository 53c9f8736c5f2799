import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  loadModel,
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
