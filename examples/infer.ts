/**
 * Classifies image files with an ONNX model, such as the one that
 * `examples/cifar10.ts --onnx` writes:
 *
 * ```sh
 * deno run -A examples/infer.ts output/cifar10/model.onnx cat.png dog.jpg
 * ```
 *
 * An image of another size than the model's is cropped in the middle and scaled.
 * Scores that are no probabilities, of a model without a softmax, are shown plain.
 * `--help` lists the flags.
 *
 * @module
 */

import {
  type FlagValues,
  OWN_VERSION,
  runCommand,
  systemCode,
  UsageError,
} from "@clr/clr/command";
import {
  createSession,
  type OnnxSession,
  ProviderUnavailableError,
} from "@clr/clr/onnx";
import {
  fitImage,
  ImageFileError,
  readImageFile,
} from "./datasets/image_file.ts";
import type { RgbImage } from "./datasets/rgb_image.ts";

/** The flags of this program. */
export const FLAGS = {
  top: {
    kind: "integer",
    min: 1,
    default: 3,
    help: "classes shown for an image",
  },
  provider: {
    kind: "choice",
    choices: ["wasm", "webgpu"],
    default: "wasm",
    help: "what computes",
  },
  threads: {
    kind: "integer",
    min: 1,
    max: 64,
    help: "threads of the wasm provider (default: half of the cores)",
  },
} as const;

/** The model cannot classify images; the message says why. */
class ModelError extends Error {
  override name = "ModelError";
}

interface Classifier {
  readonly session: OnnxSession;
  readonly layout: "NHWC" | "NCHW";
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
}

/** What the inputs, outputs and metadata of the model say of it. */
function describeClassifier(session: OnnxSession): Classifier {
  const [input] = session.inputs;
  const [output] = session.outputs;
  const classes = output.shape[1];
  const [, a, b, c] = input.shape;
  const layout = c === 3 ? "NHWC" : a === 3 ? "NCHW" : undefined;
  const [height, width] = layout === "NHWC" ? [a, b] : [b, c];
  if (
    session.inputs.length !== 1 || input.shape.length !== 4 ||
    layout === undefined || typeof height !== "number" ||
    typeof width !== "number" || output.shape.length !== 2 ||
    typeof classes !== "number"
  ) {
    throw new ModelError(
      `Cannot classify images as the model must take [batch, height, width, 3] or [batch, 3, height, width] and give [batch, classes]: current value is [${
        session.inputs.map(({ shape }) => shape.join(", ")).join("] and [")
      }] to [${output.shape.join(", ")}]`,
    );
  }
  return {
    ...{ session, layout, height, width },
    classNames: readClassNames(session.metadata.classNames, classes),
  };
}

/** The names of the classes that the file lists, or their numbers. */
function readClassNames(listed: string | undefined, count: number): string[] {
  if (listed === undefined) {
    return Array.from({ length: count }, (_, i) => `class ${i}`);
  }
  try {
    const names: unknown = JSON.parse(listed);
    if (Array.isArray(names) && names.length === count) return names;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ModelError(
    `Cannot classify images as the model's metadata "classNames" must be a JSON list of ${count} names: current value is ${listed}`,
  );
}

/** The pixels as the model takes them. */
function arrangePixels({ pixels }: RgbImage, layout: string): Float32Array {
  if (layout === "NHWC") return Float32Array.from(pixels);
  const plane = pixels.length / 3;
  return Float32Array.from(
    pixels,
    (_, i) => pixels[i % plane * 3 + Math.floor(i / plane)],
  );
}

/** The scores of the classes for one image. */
async function classify(
  { session, layout, height, width }: Classifier,
  path: string,
): Promise<ArrayLike<number>> {
  const image = fitImage(await readImageFile(path), width, height);
  const results = await session.run({
    [session.inputs[0].name]: {
      data: arrangePixels(image, layout),
      shape: layout === "NHWC" ? [1, height, width, 3] : [1, 3, height, width],
    },
  });
  return results[session.outputs[0].name].data;
}

/** Whether the scores are probabilities: a model without a softmax gives others. */
function isDistribution(scores: ArrayLike<number>): boolean {
  const all = Array.from(scores);
  const sum = all.reduce((sum, score) => sum + score, 0);
  return all.every((score) => score >= 0 && score <= 1) &&
    Math.abs(sum - 1) < 1e-3;
}

async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  const [modelPath, ...images] = values._;
  if (modelPath === undefined || images.length === 0) {
    throw new UsageError(
      `Missing ${modelPath === undefined ? "the model" : "the images"}`,
    );
  }
  await using session = await createSession(await Deno.readFile(modelPath), {
    provider: values.provider,
    threads: values.threads,
  });
  const classifier = describeClassifier(session);
  let failed = 0;
  for (const path of images) {
    try {
      const scores = await classify(classifier, path);
      const show = isDistribution(scores)
        ? (score: number) => `${(100 * score).toFixed(1)} %`
        : (score: number) => String(Number(score.toPrecision(4)));
      const best = Array.from(scores, (score, i) => ({ score, i }))
        .sort((a, b) => b.score - a.score)
        .slice(0, values.top)
        .map(({ score, i }) => `${classifier.classNames[i]} ${show(score)}`);
      console.log(`${path}: ${best.join(", ")}`);
    } catch (error) {
      // One bad file is no reason to leave the others out.
      const isOfFile = error instanceof ImageFileError ||
        systemCode(error) !== undefined;
      if (!isOfFile) throw error;
      console.error(`error: ${(error as Error).message}`);
      failed++;
    }
  }
  return failed > 0 ? 1 : 0;
}

if (import.meta.main) {
  await runCommand({
    summary: "Classifies image files (PNG, JPEG) with an ONNX model.",
    usage: "deno run -A examples/infer.ts MODEL IMAGE... [flags]",
    version: OWN_VERSION,
    flags: FLAGS,
    positional: true,
    main,
    expected: [TypeError, ModelError, ProviderUnavailableError],
  });
}
