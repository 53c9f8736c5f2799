import * as tf from "@tensorflow/tfjs";
import {
  both,
  indicesOtherThanZero,
  type LostMask,
  type Mask,
  stepsThatDiffer,
} from "./_mask.ts";
import type { OnnxGraph, OnnxValue } from "./graph.ts";

type Layer = tf.SymbolicTensor["sourceLayer"];

const RECURRENT = new Set(["RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional"]);
/** Layers that compute something else where a mask is given. */
const HEEDING = new Set([...RECURRENT, "Softmax"]);
/** Layers that combine masks as TensorFlow.js's recurrent layers cannot use them. */
const LOSING = new Set(["Add", "Average", "Maximum", "Minimum", "Multiply"]);

/** The masks that a layer is given with its inputs. */
interface Given {
  readonly inputs: readonly OnnxValue[];
  readonly masks: readonly (Mask | LostMask | undefined)[];
  readonly scope: string;
}

/**
 * Who makes, hands on and heeds masks when TensorFlow.js's `predict` runs a
 * model. It hands a mask to every layer after the one that has it, also where
 * that has another or none: a layer that heeds masks and has none of its own is
 * refused in a model that masks.
 */
export class MaskRules {
  readonly #graph: OnnxGraph;
  /** A layer that masks. */
  #masking: string | undefined;
  /** A layer that would heed a mask and has none. */
  #unmasked: string | undefined;

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
  }

  /**
   * The mask that the layer heeds, of its first input.
   *
   * @throws {TypeError} If it heeds one that is not to be had.
   */
  taken(
    layer: Layer,
    mask: Mask | LostMask | undefined,
    scope: string,
  ): Mask | undefined {
    const className = layer.getClassName();
    if (!HEEDING.has(className)) {
      return mask && "lostBy" in mask ? undefined : mask;
    }
    const name = `"${scope}${layer.name}" (${className})`;
    if (mask === undefined) {
      this.#unmasked ??= name;
      this.#check();
      return undefined;
    }
    if ("lostBy" in mask) {
      throw new TypeError(
        `Cannot export the model as layer ${name} must have a mask of its steps: current value is what ${mask.lostBy} makes of several`,
      );
    }
    if (className === "Softmax") {
      throw new TypeError(
        `Cannot export the model as layer ${name} must have no mask: current value has one`,
      );
    }
    return mask;
  }

  /** The mask of the layer's outputs. */
  given(
    layer: Layer,
    { inputs, masks, scope }: Given,
  ): Mask | LostMask | undefined {
    const graph = this.#graph;
    if (layer instanceof tf.LayersModel) return undefined;
    const className = layer.getClassName();
    const config = layer.getConfig();
    const name = `"${scope}${layer.name}" (${className})`;
    if (className === "Masking") {
      this.#note(name);
      return stepsThatDiffer(graph, inputs[0], Number(config.maskValue ?? 0));
    }
    if (className === "Embedding") {
      if (!config.maskZero) return undefined;
      this.#note(name);
      return indicesOtherThanZero(graph, inputs[0]);
    }
    const found = masks.filter((mask) => mask !== undefined);
    if (!layer.supportsMasking || found.length === 0) return undefined;
    if (RECURRENT.has(className)) {
      const returns = layer as { readonly returnSequences?: boolean };
      return returns.returnSequences ? masks[0] : undefined;
    }
    if (className === "Dot") return undefined;
    if (className === "Concatenate") {
      const last = inputs[0].shape.length - 1;
      const isLast = config.axis === -1 || config.axis === last;
      const lost = found.find((mask) => "lostBy" in mask);
      if (lost) return lost;
      if (!isLast || last !== 2) return { lostBy: name };
      return (found as Mask[]).reduce((all, mask) => both(graph, all, mask));
    }
    if (LOSING.has(className)) return { lostBy: name };
    return masks[0];
  }

  #note(masking: string): void {
    this.#masking ??= masking;
    this.#check();
  }

  #check(): void {
    if (this.#masking === undefined || this.#unmasked === undefined) return;
    throw new TypeError(
      `Cannot export the model as layer ${this.#unmasked} must have a mask of its own where layer ${this.#masking} masks: current value is none, for which TensorFlow.js takes that of another layer`,
    );
  }
}
