import { assertEquals } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import type * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import { createCifar10Full } from "../../../examples/models/cifar10_full.ts";
import { createCifar10FullSigmoid } from "../../../examples/models/cifar10_full_sigmoid.ts";
import { createCifar10Quick } from "../../../examples/models/cifar10_quick.ts";
import { createMiniGoogLeNet } from "../../../examples/models/minigooglenet.ts";
import { createMnistPerceptron } from "../../../examples/models/mnist_perceptron.ts";
import { ONNX_CONVERTERS } from "../../../examples/models/onnx_converters.ts";
import { toOnnx } from "../../../src/onnx/mod.ts";
import { ModelProtoSchema } from "../../../src/onnx/onnx_pb.ts";
import { assertAgrees } from "../../onnx/_agreement.ts";

// The CPU backend would take minutes for these.
await selectBackend({ backend: "wasm", threads: 1 });

const models: Record<string, () => tf.LayersModel> = {
  "Caffe's CIFAR-10 quick network": () => createCifar10Quick(),
  "Caffe's CIFAR-10 full network": () => createCifar10Full(),
  "the sigmoid variant of the full network": () => createCifar10FullSigmoid(),
  "the small GoogLeNet": () => createMiniGoogLeNet(),
  "the MNIST perceptron": () => createMnistPerceptron(),
};

for (const [name, create] of Object.entries(models)) {
  Deno.test(`toOnnx() agrees with tfjs on ${name}`, async () => {
    const model = create();
    await assertAgrees(model, { converters: ONNX_CONVERTERS });
    model.dispose();
  });
}

Deno.test("ONNX_CONVERTERS cost no transposes", async () => {
  const model = createCifar10Full();
  const { node } = fromBinary(
    ModelProtoSchema,
    await toOnnx(model, { converters: ONNX_CONVERTERS }),
  ).graph!;
  assertEquals(
    node.filter(({ opType }) => opType === "Transpose").length,
    1,
  );
  model.dispose();
});
