/**
 * Operations of images whose channels come first, that tfjs (4.22) computes as if
 * they came last, on some backends in the forward pass and on all in the gradient.
 */

import * as tf from "@tensorflow/tfjs";

/** The kernels. */
const KERNELS: ReadonlySet<string> = new Set([
  "DepthToSpace",
  "DepthwiseConv2dNative",
]);

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

let mended = false;

/** Moves their channels to the end and back, once for all backends. */
export function moveChannels(): void {
  if (mended) return;
  mended = true;
  const engine = tf.engine();
  const run = engine.runKernel.bind(engine);
  engine.runKernel = ((name, inputs, attrs) => {
    const given = attrs as Attrs | undefined;
    if (!KERNELS.has(name) || given?.dataFormat !== "NCHW") {
      return run(name, inputs, attrs);
    }
    const x = tf.transpose((inputs as tf.NamedTensorMap).x, [0, 2, 3, 1]);
    const last = channelsLast(given) as tf.NamedAttrMap;
    const y = run(name, { ...inputs as tf.NamedTensorMap, x }, last);
    return tf.transpose(y as tf.Tensor, [0, 3, 1, 2]);
  }) as typeof engine.runKernel;
}
