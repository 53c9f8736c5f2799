/**
 * Operations of images whose channels come first, that tfjs (4.22) computes as if
 * they came last, on some backends in the forward pass and on all in the gradient.
 */

import * as tf from "@tensorflow/tfjs";
import { aroundKernels } from "../_engine.ts";

/** The kernels. */
const KERNELS = ["DepthToSpace", "DepthwiseConv2dNative"] as const;

interface Attrs {
  readonly dataFormat?: string;
  readonly pad?: number | string | readonly (readonly number[])[];
}

/** The attributes of the same with channels last. */
function channelsLast(attrs: Attrs): Attrs {
  const { pad } = attrs;
  if (!Array.isArray(pad)) return { ...attrs, dataFormat: "NHWC" };
  const [batch, channels, height, width] = pad;
  const last = [batch, height, width, channels];
  return { ...attrs, dataFormat: "NHWC", pad: last };
}

/** Moves their channels to the end and back, on all backends. */
export function moveChannels(): void {
  aroundKernels(KERNELS, (run) => (name, inputs, attrs) => {
    const given = attrs as Attrs | undefined;
    if (given?.dataFormat !== "NCHW") return run(name, inputs, attrs);
    const x = tf.transpose(inputs.x, [0, 2, 3, 1]);
    const last = channelsLast(given) as tf.NamedAttrMap;
    const y = run(name, { ...inputs, x }, last);
    return tf.transpose(y as tf.Tensor, [0, 3, 1, 2]);
  });
}
