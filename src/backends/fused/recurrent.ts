/**
 * tfjs's LSTM and GRU layers as one kernel over all time steps, with its
 * gradient.
 *
 * tfjs computes each step of a layer by some thirty small operations, each
 * recorded for the gradient. Where the current backend has the kernels, the
 * layers run them here, and do what tfjs does elsewhere: on other backends, with
 * a mask, with dropout in training, and with activations that the kernels have
 * not.
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import {
  gradientDepth,
  hasKernel,
  layerPrototype,
  runKernel,
} from "../_engine.ts";

/** The attributes of the recurrent kernels and of their gradients. */
export interface RecurrentAttrs {
  /** Whether gates are smooth sigmoids, or hard ones. */
  readonly soft: boolean;
  /** Whether the last time step comes first. */
  readonly goBackwards: boolean;
}

/** What both kinds of layers compute from. */
interface RecurrentInputs {
  /** Sequences, `[batch, time, features]`. */
  readonly x: TensorInfo;
  readonly kernel: TensorInfo;
  readonly recurrentKernel: TensorInfo;
  readonly bias: TensorInfo;
  /** The initial state. */
  readonly h: TensorInfo;
}

/** The inputs of `GRU`; its outputs are the states `[time + 1, batch, units]`,
 * z, and what resets left of the states. */
export type GRUInputs = RecurrentInputs;

/** The inputs of `LSTM`; its outputs are the states
 * `[2, time + 1, batch, units]`, first h and then c, and z. */
export interface LSTMInputs extends RecurrentInputs {
  readonly c: TensorInfo;
}

/** The inputs of `LSTMGrad`, whose outputs are the gradients of the inputs of
 * `LSTM`, in their order. */
export interface LSTMGradInputs {
  readonly dstates: TensorInfo;
  readonly x: TensorInfo;
  readonly kernel: TensorInfo;
  readonly recurrentKernel: TensorInfo;
  readonly states: TensorInfo;
  readonly z: TensorInfo;
}

/** The inputs of `GRUGrad`, whose outputs are the gradients of those of `GRU`. */
export interface GRUGradInputs extends LSTMGradInputs {
  readonly left: TensorInfo;
}

type Weight = tf.layers.Layer["weights"][number];
type Call = tf.layers.Layer["call"];

interface Cell extends tf.layers.Layer {
  readonly units: number;
  readonly kernel: Weight;
  readonly recurrentKernel: Weight;
  readonly bias?: Weight | null;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly activation: tf.serialization.Serializable;
  readonly recurrentActivation: tf.serialization.Serializable;
}

/** The fields of a recurrent layer that tfjs's types keep to themselves. */
interface RecurrentLayer extends tf.layers.Layer {
  readonly cell: Cell;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly stateful: boolean;
  readonly states_?: tf.Tensor[];
  resetStates(states?: tf.Tensor[], training?: boolean): void;
}

interface Settings {
  readonly mask?: tf.Tensor | tf.Tensor[] | null;
  readonly training?: boolean | null;
  readonly initialState?: tf.Tensor[] | null;
}

interface Kind {
  readonly kernel: "LSTM" | "GRU";
  readonly states: number;
}

const kinds: Record<string, Kind> = {
  LSTMCell: { kernel: "LSTM", states: 2 },
  GRUCell: { kernel: "GRU", states: 1 },
};

const cellCalls = new Map<string, Call>();

/** The kind of a layer whose cell is tfjs's own, as the kernels compute it. */
function kindOf(cell: Cell, training: boolean): Kind | undefined {
  const name = cell.getClassName();
  const kind = kinds[name];
  const dropped = training && (cell.dropout > 0 || cell.recurrentDropout > 0);
  const known = kind !== undefined && cell.call === cellCalls.get(name) &&
    hasKernel(kind.kernel) && gradientDepth() <= 1 && !dropped &&
    cell.activation.getClassName() === "tanh" &&
    gateNames.includes(cell.recurrentActivation.getClassName());
  return known ? kind : undefined;
}

const SOFT = "sigmoid";
const gateNames = [SOFT, "hardSigmoid"];

type Differentiable = Parameters<typeof tf.customGrad>[0];

/** The states before the first step and after each, as one tensor. */
function statesOf(
  { kernel }: Kind,
  { cell, goBackwards }: RecurrentLayer,
  given: { readonly x: tf.Tensor; readonly initial: readonly tf.Tensor[] },
): tf.Tensor {
  const recurrentWeights = cell.recurrentKernel.read();
  const [, outputs = 0] = recurrentWeights.shape;
  const weights = [
    cell.kernel.read(),
    recurrentWeights,
    cell.bias?.read() ?? tf.zeros([outputs]),
  ];
  const attrs: RecurrentAttrs = {
    soft: cell.recurrentActivation.getClassName() === SOFT,
    goBackwards,
  };
  const forward = (...args: unknown[]) => {
    const save = args.pop() as (tensors: tf.Tensor[]) => void;
    const [x, kernelWeights, recurrentKernel, bias, h, c] = args as tf.Tensor[];
    const [states, z, left] = runKernel<tf.Tensor[]>(
      kernel,
      { x, kernel: kernelWeights, recurrentKernel, bias, h, ...c && { c } },
      attrs,
    );
    save([x, kernelWeights, recurrentKernel, states, z, ...left ? [left] : []]);
    return {
      value: states,
      gradFunc: (dstates: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, kernelWeights, recurrentKernel, states, z, left] = saved;
        return runKernel<tf.Tensor[]>(
          `${kernel}Grad`,
          {
            dstates,
            x,
            kernel: kernelWeights,
            recurrentKernel,
            states,
            z,
            ...left && { left },
          },
          attrs,
        );
      },
    };
  };
  return tf.customGrad(forward as Differentiable)(
    given.x,
    ...weights,
    ...given.initial,
  );
}

function call(original: Call): Call {
  return function (this: RecurrentLayer, inputs, settings) {
    const { mask, training, initialState }: Settings = settings ?? {};
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const kind = kindOf(this.cell, training === true);
    const fits = kind !== undefined && mask == null &&
      !(Array.isArray(inputs) && inputs.length > 1) && x.rank === 3 &&
      x.dtype === "float32" && x.size > 0;
    if (!fits) return original.call(this, inputs, settings);
    return tf.tidy(() => {
      const [batch, steps] = x.shape;
      const { units } = this.cell;
      const initial = initialState ??
        (this.stateful ? this.states_ : undefined) ??
        Array.from({ length: kind.states }, () => tf.zeros([batch, units]));
      const states = tf.reshape(
        statesOf(kind, this, { x, initial }),
        [kind.states, steps + 1, batch, units],
      );
      const last = initial.map((_, k) =>
        tf.reshape(
          tf.slice(states, [k, steps, 0, 0], [1, 1, batch, units]),
          [batch, units],
        )
      );
      // For the gradient, the old ones live on, as tfjs keeps them.
      if (this.stateful) this.resetStates(last, training === true);
      const output = this.returnSequences
        ? tf.transpose(
          tf.reshape(
            tf.slice(states, [0, 1, 0, 0], [1, steps, batch, units]),
            [steps, batch, units],
          ),
          [1, 0, 2],
        )
        : last[0];
      return this.returnState ? [output, ...last] : output;
    });
  };
}

let fused = false;

/**
 * Lets tfjs's LSTM and GRU layers, those that exist already too, run as one
 * kernel wherever the current backend has it.
 */
export function fuseRecurrentLayers(): void {
  if (fused) return;
  fused = true;
  for (const name of Object.keys(kinds)) {
    cellCalls.set(name, layerPrototype(name).call);
  }
  // Both kinds of layers, and those of a cell of one's choice, are of one class.
  const prototype = layerPrototype("RNN");
  prototype.call = call(prototype.call);
}
