/**
 * Batch normalization as tfjs (4.22) does not train it: without scale or offset,
 * of more than two dimensions of space, and frozen.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype, replaceGradient } from "../_engine.ts";

/** Those that there are: a normalization may be without scale or offset. */
class PresentInputs extends Array<string> {
  override map<T>(
    callback: (name: string, index: number, all: string[]) => T,
  ): T[] {
    return Array.from(this, (name, i) => callback(name, i, this))
      .filter((input) => input !== undefined);
  }
}

/**
 * The engine saves, and follows back, inputs that were not given. It asks the
 * array of their names for them.
 */
function mendGradient(): void {
  replaceGradient("FusedBatchNorm", (stock) => ({
    ...stock,
    inputsToSave: PresentInputs.from(stock.inputsToSave!),
  }));
  const engine = tf.engine() as unknown as {
    addTapeNode(name: string, inputs: tf.NamedTensorMap, ...rest: never): void;
  };
  const add = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (name, inputs, ...rest) =>
    add(
      name,
      name === "FusedBatchNorm"
        ? Object.fromEntries(
          Object.entries(inputs).filter(([, input]) => input !== undefined),
        )
        : inputs,
      ...rest,
    );
}

/** What the layer computes by, as its types hide it. */
interface BatchNormalization extends tf.layers.Layer {
  readonly axis: number;
  readonly gamma?: Readable | null;
  readonly beta?: Readable | null;
}

interface Readable {
  read(): tf.Tensor;
  readonly trainable?: boolean;
}

/** A factor or an offset that the layer was made without. */
function constant(value: number, length: number): Readable {
  return { read: () => tf.fill([length], value) };
}

/** Lets the layer normalize its input, with what it is without in the place of null. */
function mendLayer(): void {
  const prototype = layerPrototype<BatchNormalization>("BatchNormalization");
  const stock = prototype.call;
  prototype.call = function (inputs, kwargs) {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const { shape, rank } = x;
    const isWhole = Boolean(this.gamma && this.beta);
    if (rank <= 4 && (isWhole || !kwargs.training)) {
      return stock.call(this, inputs, kwargs);
    }
    const axis = this.axis < 0 ? this.axis + rank : this.axis;
    const length = shape[axis];
    const inner = tf.util.sizeFromShape(shape.slice(axis + 1));
    const flat = axis === rank - 1 ? [-1, length] : [-1, length, inner];
    const layer = Object.create(this, {
      gamma: { value: this.gamma ?? constant(1, length) },
      beta: { value: this.beta ?? constant(0, length) },
      axis: { value: rank > 4 ? 1 : this.axis },
    });
    return tf.tidy(() => {
      const input = rank > 4 ? tf.reshape(x, flat) : x;
      const y = stock.call(layer, input, kwargs) as tf.Tensor;
      return tf.reshape(y, shape);
    });
  };
}

/** Whether it, or a model around it, was set not to train. */
function isFrozen({ trainable, gamma, beta }: BatchNormalization): boolean {
  const own = [gamma, beta].filter((weight) => weight != null);
  return !trainable ||
    (own.length > 0 && own.every((weight) => weight.trainable === false));
}

/**
 * Lets a frozen layer normalize by the statistics that it has, and keep them, as
 * Keras does; tfjs's own takes those of the batch, and moves its own by them.
 */
function mendFrozen(): void {
  const prototype = layerPrototype<BatchNormalization>("BatchNormalization");
  const apply = prototype.apply;
  prototype.apply = function (inputs, kwargs) {
    const isKept = kwargs?.training && isFrozen(this);
    const own = isKept ? { ...kwargs, training: false } : kwargs;
    return apply.call(this, inputs, own);
  };
}

/** Registers the gradient and mends the layer. */
export function mendBatchNormalization(): void {
  mendGradient();
  mendLayer();
  mendFrozen();
}
