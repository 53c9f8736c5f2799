import * as tf from "@tensorflow/tfjs";
import type { Optimizer, Tensor } from "./types.ts";
import { show } from "../runtime/check_data.ts";

/** What tfjs's Momentum hides: steps use `m`, `getConfig` says `momentum`. */
interface MomentumFields {
  momentum: number;
  m: Tensor;
}

/** What tfjs's Adam and Adamax hide. */
interface BetaFields {
  beta1: number;
  /** The product of the steps' beta1 so far, and of the next step's. */
  accBeta1: tf.Variable;
}

/** What tfjs's RMSProp hides; each step reads the number. */
interface RmsFields {
  momentum: number;
  accumulatedMoments: unknown;
}

interface Accessor {
  read(): number;
  write(momentum: number): void;
}

function accessorOf(optimizer: Optimizer, action: string): Accessor {
  const fields = optimizer as
    | Partial<MomentumFields & BetaFields & RmsFields>
    | null
    | undefined;
  if (typeof fields?.momentum === "number") {
    if (fields.m instanceof tf.Tensor) {
      return momentumAccessor(fields as MomentumFields);
    }
    if (fields.accumulatedMoments !== undefined) {
      return {
        read: () => fields.momentum!,
        write: (momentum) => fields.momentum = momentum,
      };
    }
  }
  if (typeof fields?.beta1 === "number" && fields.accBeta1 !== undefined) {
    return betaAccessor(fields as BetaFields);
  }
  const given = typeof optimizer?.getClassName === "function"
    ? optimizer.getClassName()
    : show(optimizer);
  throw new TypeError(
    `Cannot ${action} the momentum as the optimizer must be Momentum, Adam, Adamax or RMSProp: current value is ${given}`,
  );
}

function momentumAccessor(fields: MomentumFields): Accessor {
  return {
    read: () => fields.momentum,
    write(momentum) {
      // tfjs's own setMomentum forgets the tensor: it has no effect.
      fields.m.dispose();
      fields.m = tf.keep(tf.scalar(momentum));
      fields.momentum = momentum;
    },
  };
}

function betaAccessor(fields: BetaFields): Accessor {
  return {
    read: () => fields.beta1,
    write(momentum) {
      if (momentum === 0 || fields.beta1 === 0) {
        throw new RangeError(
          `Cannot set the momentum of Adam or Adamax as beta1 must be > 0 before and after: current value is ${fields.beta1}, then ${momentum}`,
        );
      }
      // The product that corrects the bias has the next step's factor already.
      tf.tidy(() =>
        fields.accBeta1.assign(
          fields.accBeta1.mul(momentum / fields.beta1),
        )
      );
      fields.beta1 = momentum;
    },
  };
}

/**
 * The momentum that the next step of `optimizer` uses: of Momentum (Nesterov's
 * too) and RMSProp the momentum, of Adam and Adamax beta1.
 *
 * @throws {TypeError} If the optimizer is none of these.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { getMomentum } from "@clr/clr/training";
 *
 * console.log(getMomentum(tf.train.adam(0.001))); // 0.9
 * ```
 */
export function getMomentum(optimizer: Optimizer): number {
  return accessorOf(optimizer, "read").read();
}

/**
 * Sets the momentum of `optimizer` so that its next step uses it, which tfjs's
 * own `setMomentum` does not. Adam's and Adamax's bias correction stays right:
 * it divides by one minus the product of the beta1 that the steps really had.
 *
 * @param momentum In [0, 1); for Adam and Adamax > 0.
 * @throws {TypeError} If the optimizer has no momentum.
 * @throws {RangeError} If the momentum is not in that range.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { getMomentum, setMomentum } from "@clr/clr/training";
 *
 * const optimizer = tf.train.momentum(0.1, 0.9);
 * setMomentum(optimizer, 0.8);
 * console.log(getMomentum(optimizer)); // 0.8
 * ```
 */
export function setMomentum(optimizer: Optimizer, momentum: number): void {
  const accessor = accessorOf(optimizer, "set");
  if (!(Number.isFinite(momentum) && momentum >= 0 && momentum < 1)) {
    throw new RangeError(
      `Cannot set the momentum as it must be >= 0 and < 1: current value is ${
        show(momentum)
      }`,
    );
  }
  if (accessor.read() !== momentum) accessor.write(momentum);
}
