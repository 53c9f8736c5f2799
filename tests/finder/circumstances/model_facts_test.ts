import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  drowningLayerOf,
  plainDepthOf,
} from "../../../src/finder/circumstances/model_facts.ts";

await tf.setBackend("cpu");

const { layers } = tf;
type Layer = tf.layers.Layer;

const dense = (activation: "relu" | "sigmoid" | "selu" = "relu") =>
  layers.dense({ units: 3, activation });

function network(between: readonly Layer[]): tf.Sequential {
  const first = layers.dense({ units: 3, inputShape: [3] });
  return tf.sequential({ layers: [first, ...between] });
}

Deno.test("drowningLayerOf() names the layer that leaves hardly anything but noise", () => {
  for (
    const [layer, option, value] of [
      [layers.dropout({ rate: 0.99 }), "rate", 0.99],
      [layers.gaussianDropout({ rate: 0.95 }), "rate", 0.95],
      [layers.gaussianNoise({ stddev: 100 }), "stddev", 100],
    ] as const
  ) {
    assertEquals(drowningLayerOf(network([dense(), layer])), {
      layer: layer.name,
      option,
      value,
    });
  }
  const lstm = layers.lstm({ units: 2, inputShape: [4, 1], dropout: 0.95 });
  assertEquals(
    drowningLayerOf(tf.sequential({ layers: [lstm] }))?.option,
    "dropout",
  );
  const wrapped = layers.bidirectional({
    layer: layers.gru({ units: 2, recurrentDropout: 0.92 }) as tf.RNN,
    inputShape: [4, 1],
  });
  assertEquals(
    drowningLayerOf(tf.sequential({ layers: [wrapped] }))?.value,
    0.92,
  );
});

Deno.test("drowningLayerOf() finds none where noise leaves something", () => {
  const usual = [
    layers.dropout({ rate: 0.5 }),
    layers.gaussianNoise({ stddev: 0.1 }),
    layers.batchNormalization({ momentum: 0.99 }),
  ];
  assertEquals(drowningLayerOf(network(usual)), undefined);
});

Deno.test("plainDepthOf() counts layers of units without normalization or a way around", () => {
  const many = () => Array.from({ length: 9 }, () => dense());
  assertEquals(plainDepthOf(network(many())), 9);
  assertEquals(plainDepthOf(network([...many(), dense("sigmoid")])), 10);
  assertEquals(plainDepthOf(network([...many(), dense("selu")])), 9);
  const normalized = [...many(), layers.batchNormalization()];
  assertEquals(plainDepthOf(network(normalized)), 0);
  const input = tf.input({ shape: [3] });
  const around = layers.add().apply([
    dense().apply(input) as tf.SymbolicTensor,
    input,
  ]) as tf.SymbolicTensor;
  const residual = tf.model({ inputs: input, outputs: around });
  assertEquals(plainDepthOf(residual), 0);
});
