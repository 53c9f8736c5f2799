import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import { toOnnx, type ToOnnxOptions } from "@clr/clr/onnx";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";

const COLORS = {
  red: [220, 20, 30],
  green: [20, 200, 40],
  blue: [10, 30, 210],
};

const run = (...args: string[]) => runProgram("examples/infer.ts", ...args);

/** A model that tells which channel of a 4×6 image is the strongest. */
async function writeModel(path: string, options: ToOnnxOptions = {}) {
  await tf.setBackend("cpu");
  const model = tf.sequential({
    layers: [
      tf.layers.globalAveragePooling2d({
        inputShape: [4, 6, 3],
        dataFormat: "channelsLast",
      }),
      tf.layers.activation({ activation: "softmax" }),
    ],
  });
  await Deno.writeFile(
    path,
    await toOnnx(model, {
      normalization: { mean: [0], scale: [1 / 50] },
      ...options,
    }),
  );
  model.dispose();
}

function pixels(
  color: number[],
  { width, height, alpha = 255 }: {
    readonly width: number;
    readonly height: number;
    readonly alpha?: number;
  },
) {
  return Uint8Array.from(
    { length: width * height * 4 },
    (_, i) => i % 4 === 3 ? alpha : color[i % 4],
  );
}

async function writeImages(folder: string): Promise<string[]> {
  const png = (color: number[], width: number, height: number) =>
    encodePng({
      width,
      height,
      channels: 4,
      data: pixels(color, { width, height }),
    });
  const files: Record<string, Uint8Array> = {
    "small.png": png(COLORS.red, 6, 4),
    "large.png": png(COLORS.green, 61, 37),
    "photo.jpg": encodeJpeg({
      width: 30,
      height: 40,
      data: pixels(COLORS.blue, { width: 30, height: 40 }),
    }, 90).data,
  };
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(join(folder, name), bytes);
  }
  return Object.keys(files).map((name) => join(folder, name));
}

for (const inputLayout of ["NHWC", "NCHW"] as const) {
  Deno.test(`infer.ts names the classes of PNG and JPEG files, ${inputLayout}`, () =>
    withFolder(async (folder) => {
      const model = join(folder, "model.onnx");
      await writeModel(model, {
        inputLayout,
        metadata: { classNames: JSON.stringify(Object.keys(COLORS)) },
      });
      const images = await writeImages(folder);
      const { code, stdout, stderr } = await run(
        ...[model, ...images, "--top", "2", "--threads", "1"],
      );
      assertEquals(code, 0, stderr);
      const lines = stdout.trim().split("\n");
      assertEquals(lines.length, 3);
      ["red", "green", "blue"].forEach((name, i) => {
        assertStringIncludes(lines[i], `${images[i]}: ${name} 9`);
        assertEquals(lines[i].split(",").length, 2);
      });
    }));
}

Deno.test("infer.ts shows scores that are no probabilities as they are", () =>
  withFolder(async (folder) => {
    await tf.setBackend("cpu");
    const path = join(folder, "logits.onnx");
    const model = tf.sequential({
      layers: [
        tf.layers.globalAveragePooling2d({
          inputShape: [4, 6, 3],
          dataFormat: "channelsLast",
        }),
      ],
    });
    await Deno.writeFile(path, await toOnnx(model));
    model.dispose();
    const [image] = await writeImages(folder);
    const { code, stdout, stderr } = await run(path, image, "--threads", "1");
    assertEquals(code, 0, stderr);
    assertEquals(stdout, `${image}: class 0 220, class 2 30, class 1 20\n`);
  }));

Deno.test("infer.ts goes on after a file that is no image", () =>
  withFolder(async (folder) => {
    const model = join(folder, "model.onnx");
    await writeModel(model);
    const [image] = await writeImages(folder);
    const damaged = join(folder, "damaged.png");
    await Deno.writeFile(damaged, (await Deno.readFile(image)).slice(0, 40));
    const { code, stdout, stderr } = await run(
      ...[model, model, damaged, join(folder, "absent.png"), folder],
      ...[join(image, "below.png"), image],
      ...["--threads", "1"],
    );
    assertEquals(code, 1);
    assertStringIncludes(stderr, `${model} as it must be a PNG or JPEG image`);
    assertStringIncludes(stderr, `${damaged} as it must be a whole image`);
    assertStringIncludes(stderr, "absent.png");
    assertStringIncludes(
      stderr,
      `${folder} as it must be a PNG or JPEG image: current value is a folder`,
    );
    assertStringIncludes(stderr, "below.png");
    assertStringIncludes(stdout, `${image}: class 0 9`);
  }));

Deno.test("infer.ts refuses what is no model, and models that take no images", () =>
  withFolder(async (folder) => {
    const [image] = await writeImages(folder);
    const noModel = await run(image, image);
    assertEquals(noModel.code, 1);
    assertStringIncludes(noModel.stderr, "it must be a whole ONNX file");

    const vectors = join(folder, "vectors.onnx");
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [3] })],
    });
    await Deno.writeFile(vectors, await toOnnx(model));
    model.dispose();
    const wrong = await run(vectors, image, "--threads", "1");
    assertEquals(wrong.code, 1);
    assertStringIncludes(
      wrong.stderr,
      "current value is [batch, 3] to [batch, 2]",
    );
    assert(!wrong.stderr.includes("    at "), "an error without a stack");

    const missing = await run(vectors);
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "Missing the images");
  }));
