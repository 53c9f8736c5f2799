import { assertEquals } from "@std/assert";
import { layerRates } from "@clr/clr/training";
import * as tf from "@tensorflow/tfjs";
import { MODELS } from "../../../examples/paper/models.ts";

await tf.setBackend("cpu");

Deno.test("MODELS of Caffe let the biases learn at the rates of its definitions", () => {
  const expected = {
    cifar10_quick: { conv1: 2, conv2: 2, conv3: 2, ip1: 2, ip2: 2 },
    cifar10_full: { conv1: 2, conv2: 2, conv3: 1, ip1: 2 },
    cifar10_full_sigmoid: { conv1: 2, conv2: 2, conv3: 1, ip1: 0.2 },
  };
  for (const [name, biases] of Object.entries(expected)) {
    const paperModel = MODELS[name as keyof typeof expected];
    const optimizer = tf.train.sgd(1);
    const model = paperModel.create({ seed: 1, classes: 10, optimizer });
    using layers = layerRates(model, paperModel.layerRates);
    const factors = Object.fromEntries(
      layers.rates.map(({ weight, factor }) => [weight, factor]),
    );
    for (const [layer, factor] of Object.entries(biases)) {
      assertEquals(factors[`${layer}/bias`], factor, `${name}, ${layer}`);
      assertEquals(factors[`${layer}/kernel`], 1, `${name}, ${layer}`);
    }
    optimizer.dispose();
    model.dispose();
  }
});
