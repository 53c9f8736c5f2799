import * as tf from "@tensorflow/tfjs";
import { wrap } from "../runtime/wrap.ts";
import { allLayersWithin } from "./layers_within.ts";
import type { LayersModel, Variable } from "./types.ts";

/** What to do about a convolution on plain JavaScript; undefined: nothing. */
let remedy: string | undefined =
  'Before the model is made: await selectBackend(), of "@clr/clr/backends".';

/**
 * Says why the plain backend computes, where that was chosen: `reason` is what a
 * person can do about it, undefined where it was asked for by name.
 */
export function explainSlowBackend(reason: string | undefined): void {
  remedy = reason;
}

/** tfjs's plain backend, which advises at its first use. */
interface Plain {
  firstUse: boolean;
}

/**
 * Keeps tfjs from advising, at the first use of its plain backend, a package for
 * Node.js that Deno cannot load.
 */
export function silenceBanner(): void {
  const { registry, registryFactory } = tf.engine();
  if ("cpu" in registry) {
    (registry.cpu as unknown as Plain).firstUse = false;
    return;
  }
  const entry = registryFactory.cpu;
  // A program of WebGPU alone may have left it out.
  if (entry === undefined) return;
  const create = entry.factory;
  // tfjs makes it when it is first needed, which may be never.
  entry.factory = () => {
    const plain = create();
    (plain as unknown as Plain).firstUse = false;
    return plain;
  };
}

/** What is trained: a model, or the variables of a loop of one's own. */
type Trained = LayersModel | { readonly variables: readonly Variable[] };

function hasConvolution(trained: Trained): boolean {
  return trained instanceof tf.LayersModel
    ? [...allLayersWithin(trained)].some((layer) =>
      layer.getClassName().includes("Conv")
    )
    // Kernels of two and three dimensions; nothing else has as many axes.
    : trained.variables.some(({ rank }) => rank >= 4);
}

/**
 * Warns, once in a process, where a convolution is about to train on tfjs's plain
 * JavaScript backend.
 */
export function warnOfSlowBackend(trained: Trained): void {
  const isInOrder = remedy === undefined || tf.getBackend() !== "cpu" ||
    !hasConvolution(trained);
  if (isInOrder) return;
  const warning =
    "A convolution is about to train on tfjs's plain JavaScript " +
    `backend, hundreds of times slower than on WASM or a GPU. ${remedy}`;
  console.warn(wrap(warning, 80).join("\n"));
  remedy = undefined;
}
