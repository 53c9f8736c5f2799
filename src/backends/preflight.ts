import { checkModel } from "../tfjs/check_model.ts";
import * as tf from "@tensorflow/tfjs";
import { layersWithin } from "../tfjs/layers_within.ts";
import { scoped } from "../runtime/scoped.ts";
import { warnOfSlowBackend } from "../tfjs/slow_backend.ts";
import { othersWith } from "./refused/missing_kernels.ts";
import type { LayersModel, Tensor } from "../tfjs/types.ts";
import { errorMessage } from "../runtime/error_message.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    inputs: 0,
  } satisfies Record<keyof PreflightOptions, 0>,
);

/** Options of {@linkcode preflight}. */
export interface PreflightOptions {
  /**
   * The batch to try, one tensor for each input of the model. By default, two
   * examples of the model's input shapes (32 for sizes that it leaves open):
   * small random numbers, or zeros where the input takes whole numbers.
   *
   * @default {undefined}
   */
  readonly inputs?: Tensor | readonly Tensor[];
}

/** What {@linkcode preflight} found to be in order. */
export interface PreflightReport {
  /** The backend that the pass ran on. */
  readonly backend: string;
  /** The kernels that a training step of the model uses, sorted by name. */
  readonly kernels: readonly string[];
}

/**
 * Thrown by {@linkcode preflight} for a model that cannot train on the current
 * backend.
 */
export class PreflightError extends Error {
  /** The name of the layer that cannot train. */
  readonly layer: string;
  /** The kernel or the gradient that is missing, if that is the reason. */
  readonly kernel?: string;
  /** The backend that the model cannot train on. */
  readonly backend: string;
  /** What to do about it. */
  readonly remedy: string;

  /** An error from its parts; see the fields. */
  constructor(
    parts: {
      layer: string;
      kernel?: string;
      backend: string;
      reason: string;
      remedy: string;
    },
    options?: ErrorOptions,
  ) {
    const { layer, kernel, backend, reason, remedy } = parts;
    super(
      `Cannot train layer ${layer} on the ${backend} backend as ${reason}. ${remedy}`,
      options,
    );
    this.name = "PreflightError";
    this.layer = layer;
    this.kernel = kernel;
    this.backend = backend;
    this.remedy = remedy;
  }
}

/** The layers of a model, of nested models those within them. */
function layersOf(model: LayersModel): tf.layers.Layer[] {
  return [...layersWithin(model)].filter((layer) => !("layers" in layer));
}

function nameOf(layer: tf.layers.Layer): string {
  return `"${layer.name}" (${layer.getClassName()})`;
}

/** A tiny batch for the model's inputs. */
function sampleInputs(model: LayersModel): Tensor[] {
  return model.inputs.map(({ shape, dtype }, i) => {
    const [batch, ...rest] = shape;
    const size = [batch ?? 2, ...rest.map((length) => length ?? 32)];
    const takesIndices = layersOf(model).some((layer) =>
      layer.getClassName() === "Embedding"
    );
    return dtype !== "float32" || takesIndices
      ? tf.zeros(size, dtype)
      : tf.randomUniform(size, -1, 1, "float32", i + 1);
  });
}

/**
 * Knows at every moment which layer computes, forwards and backwards, by
 * wrapping the layers and what they leave on the gradient tape.
 */
class LayerTracker implements Disposable {
  current = "of the loss";
  readonly #layers: tf.layers.Layer[];
  readonly #owners: string[] = [];

  constructor(model: LayersModel) {
    this.#layers = layersOf(model);
    for (const layer of this.#layers) {
      const call = layer.call.bind(layer);
      layer.call = (inputs, kwargs) => {
        const outer = this.current;
        this.current = nameOf(layer);
        const output = call(inputs, kwargs);
        this.#claim();
        this.current = outer;
        return output;
      };
    }
  }

  /** Gives what is new on the tape to the current layer. */
  #claim(): void {
    const length = tf.engine().state.activeTape?.length ?? 0;
    while (this.#owners.length < length) this.#owners.push(this.current);
  }

  /** Follows the tape backwards from here on. */
  followBackwards(): void {
    this.#claim();
    tf.engine().state.activeTape?.forEach((node, i) => {
      const { gradient } = node;
      if (!gradient) return;
      node.gradient = (dys) => {
        this.current = this.#owners[i];
        const inputs = gradient(dys);
        // Each input's gradient is computed by a function of its own, later.
        return Object.fromEntries(
          Object.entries(inputs).map(([name, compute]) => [name, () => {
            this.current = this.#owners[i];
            return compute();
          }]),
        );
      };
    });
  }

  /** The layer that used a kernel, by the tape. */
  userOf(kernel: string): string {
    const index =
      tf.engine().state.activeTape?.findIndex((node) =>
        node.kernelName === kernel
      ) ?? -1;
    return this.#owners[index] ?? this.current;
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) {
      Reflect.deleteProperty(layer, "call");
    }
  }
}

/** Frees what the tape holds, which tfjs forgets when a gradient throws. */
function disposeTape(): void {
  const { state } = tf.engine();
  state.activeTape?.forEach(({ saved }) => tf.dispose(saved ?? []));
  state.activeTape = [];
}

function explain(error: unknown, tracker: LayerTracker): PreflightError {
  const backend = tf.getBackend();
  const message = errorMessage(error);
  const noGradient = /gradient function not found for (\w+)/.exec(message)?.[1];
  if (noGradient) {
    return new PreflightError({
      layer: tracker.userOf(noGradient),
      kernel: noGradient,
      backend,
      reason: `TensorFlow.js has no gradient for ${noGradient}`,
      remedy:
        "No backend can train it: replace the layer, or place it where nothing before it trains.",
    }, { cause: error });
  }
  const missing = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  if (missing) {
    const others = othersWith(missing, backend);
    const elsewhere = others.length > 0
      ? `or choose the ${others.join(" or ")} backend, which has it`
      : "or choose another backend";
    return new PreflightError({
      layer: tracker.current,
      kernel: missing,
      backend,
      reason: `it needs the kernel ${missing}, which is not registered`,
      remedy: backend === "wasm"
        ? `Call selectBackend() or enableWasmTraining() first, ${elsewhere}.`
        : `Replace the layer, ${elsewhere}.`,
    }, { cause: error });
  }
  return new PreflightError({
    layer: tracker.current,
    backend,
    reason: `its tiny trial step failed: ${message}`,
    remedy:
      "Change the layer so that the step works, or choose another backend.",
  }, { cause: error });
}

/**
 * Tries one tiny training step of a model on the current backend, forwards and
 * backwards, so that what the backend lacks is found before a long run is
 * started. The model is as it was afterwards. Where a convolution is about to
 * train on tfjs's plain JavaScript backend, which nobody asked for by name, a
 * warning says so, once; so do `fit` with a scheduler and `findLearningRate`.
 *
 * @param model The model that is to be trained; it need not be compiled.
 * @param options What to try it with.
 * @returns The kernels that training will use.
 * @throws {PreflightError} Naming the layer, the missing kernel or gradient,
 * and the remedy.
 *
 * @example Find out before a long run
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { preflight, selectBackend } from "@clr/clr/backends";
 *
 * await selectBackend({ backend: "wasm" });
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3 }),
 *     tf.layers.flatten(),
 *     tf.layers.dense({ units: 10 }),
 *   ],
 * });
 * const { kernels } = await preflight(model);
 * console.log(kernels.includes("Conv2DBackpropFilter")); // true
 * ```
 */
export async function preflight(
  model: LayersModel,
  options: PreflightOptions = {},
): Promise<PreflightReport> {
  checkModel("try the model out", model);
  checkNames("try the model out", options, NAMES);
  await tf.ready();
  warnOfSlowBackend(model);
  const given = options.inputs === undefined
    ? undefined
    : [options.inputs].flat();
  // Batch normalisation moves its statistics in every training pass.
  const before = model.weights.map((weight) => weight.read().clone());
  return await scoped(async (own) => {
    const tracker = own(new LayerTracker(model));
    let failure: PreflightError | undefined;
    const loss = (inputs: Tensor[]) => {
      const outputs = model.apply(inputs, { training: true });
      const sums = [outputs].flat().map((output) =>
        tf.sum(tf.cast(output as Tensor, "float32"))
      );
      const total = tf.addN(sums) as tf.Scalar;
      tracker.followBackwards();
      return total;
    };
    const pass = async () => {
      const grads = tf.tidy(() => {
        const inputs = given ?? sampleInputs(model);
        return tf.variableGrads(() => loss(inputs)).grads;
      });
      try {
        // Read, as some failures show only then; a browser's GPU must be waited
        // for.
        await Promise.all(Object.values(grads).map((grad) => grad.data()));
      } finally {
        tf.dispose(grads);
      }
    };
    const { kernelNames } = await tf.profile(async () => {
      try {
        await pass();
      } catch (error) {
        failure = explain(error, tracker);
        disposeTape();
      }
      return [];
    });
    model.weights.forEach((weight, i) => weight.write(before[i]));
    tf.dispose(before);
    if (failure) throw failure;
    return Object.freeze({
      backend: tf.getBackend(),
      kernels: Object.freeze([...kernelNames].sort()),
    });
  });
}
