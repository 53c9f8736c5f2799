/**
 * Batches of more examples than a GPU starts workgroups along one dimension
 * (65,535), for kernels of tfjs's WebGPU backend (in version 4.22) that start one
 * for each: part by part.
 */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Own, replace, run } from "./_mend_kernel.ts";

type Inputs = Record<string, tf.TensorInfo>;

interface Attrs {
  readonly inputShape?: number[];
}

/** What of a kernel lies along the dimension that is cut. */
interface Batched {
  /** The inputs that have the examples along their first dimension. */
  readonly names: readonly string[];
  /** Whether each row of an image has a workgroup of its own. */
  readonly byRows?: boolean;
}

const BATCHED: Readonly<Record<string, Batched>> = {
  Conv2D: { names: ["x"] },
  FusedConv2D: { names: ["x"] },
  Conv2DBackpropInput: { names: ["dy"] },
  LRN: { names: ["x"], byRows: true },
  LRNGrad: { names: ["x", "y", "dy"], byRows: true },
};

/** A kernel's results for parts of the batch, one after the other. */
function byParts(
  { names, byRows = false }: Batched,
  { stock, call }: {
    readonly stock: Own<Inputs, Attrs>;
    readonly call: Parameters<Own<Inputs, Attrs>>[0];
  },
): tf.TensorInfo {
  const { inputs, attrs, backend } = call;
  const { maxComputeWorkgroupsPerDimension } = backend.device.limits;
  const [batch, height] = inputs[names[0]].shape;
  const most = byRows
    ? Math.max(1, Math.floor(maxComputeWorkgroupsPerDimension / height))
    : maxComputeWorkgroupsPerDimension;
  if (batch <= most) return stock(call);
  const parts = Array.from({ length: Math.ceil(batch / most) }, (_, i) => {
    const from = i * most;
    const count = Math.min(most, batch - from);
    const own = names.map((name): [string, tf.TensorInfo] => [
      name,
      rows(backend, inputs[name], { from, count }),
    ]);
    const { inputShape } = attrs;
    const part = stock({
      inputs: { ...inputs, ...Object.fromEntries(own) },
      attrs: {
        ...attrs,
        ...inputShape && { inputShape: [count, ...inputShape.slice(1)] },
      },
      backend,
    });
    for (const [, { dataId }] of own) backend.disposeData(dataId);
    return part;
  });
  const whole = run(backend, "Concat", {
    inputs: parts,
    attrs: { axis: 0 },
  });
  for (const { dataId } of parts) backend.disposeData(dataId);
  return whole;
}

/** Some entries along the first dimension. */
function rows(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  { from, count }: { readonly from: number; readonly count: number },
): tf.TensorInfo {
  return run(backend, "Slice", {
    inputs: { x },
    attrs: {
      begin: [from, ...x.shape.slice(1).map(() => 0)],
      size: [count, ...x.shape.slice(1)],
    },
  });
}

/** Products of matrices, of which there are as many on both sides. */
function products(stock: Own<Inputs, Attrs>): typeof stock {
  return (call) => {
    const { inputs } = call;
    const { a, b } = inputs;
    const batch = a.shape.slice(0, -2);
    if (!tf.util.arraysEqual(batch, b.shape.slice(0, -2))) return stock(call);
    const flat = (x: tf.TensorInfo) => ({
      ...x,
      shape: [tf.util.sizeFromShape(batch), ...x.shape.slice(-2)],
    });
    const product = byParts({ names: ["a", "b"] }, {
      stock,
      call: { ...call, inputs: { ...inputs, a: flat(a), b: flat(b) } },
    });
    return { ...product, shape: [...batch, ...product.shape.slice(-2)] };
  };
}

/** Registers them in the place of tfjs's. */
export function mendLargeBatches(): void {
  for (const [name, batched] of Object.entries(BATCHED)) {
    replace<Inputs, Attrs>(
      name,
      (stock) => (call) => byParts(batched, { stock, call }),
    );
  }
  replace<Inputs, Attrs>("BatchMatMul", products);
  replace<Inputs, Attrs>("_FusedMatMul", products);
}
