import type { OnnxGraph, OnnxShape, OnnxValue } from "./graph.ts";

/** A weight of a layer, read from its backend. */
export interface LayerWeight {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its values in row-major order. */
  readonly data: Float32Array;
}

/** One application of a layer, as a {@linkcode LayerConverter} sees it. */
export interface LayerToConvert {
  /** The name of the layer. */
  readonly name: string;
  /** The class name of the layer. */
  readonly className: string;
  /** What the layer's `getConfig()` returns. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What `getWeights()` returns, in that order. */
  readonly weights: readonly LayerWeight[];
  /**
   * The inputs of this application. A converter that is registered by its
   * user gets them in plain order; see {@linkcode OnnxValue.order}.
   */
  readonly inputs: readonly OnnxValue[];
  /**
   * Which steps of the first input count: 1 for those and 0 for the others, whole
   * numbers of 64 bits, [batch, steps]; absent where all do.
   */
  readonly mask?: OnnxValue;
  /** The shapes of the outputs that TensorFlow.js gives. */
  readonly outputShapes: readonly OnnxShape[];
}

/**
 * Writes one application of a layer as ONNX nodes and returns its output, or
 * its outputs.
 *
 * @example A layer that doubles its input
 * ```ts
 * import type { LayerConverter } from "@clr/clr/onnx";
 *
 * const double: LayerConverter = ({ inputs: [x] }, graph) =>
 *   graph.map("Mul", x, {}, [graph.scalar("two", 2)]);
 * ```
 */
export type LayerConverter = (
  layer: LayerToConvert,
  graph: OnnxGraph,
) => OnnxValue | readonly OnnxValue[];
