/**
 * A sum of many tensors on WebGPU. tfjs's kernel hands all of them to one
 * shader, and a shader can bind a handful of buffers (8 by default); past that
 * the driver refuses it and the sum is zeros. A regularized network of eight
 * parameters has such a sum in its loss.
 */

import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

let stock: tf.KernelFunc | undefined;

/** Registers an `AddN` that adds in groups a shader can bind. */
export function registerGroupedAddN(): void {
  if (stock) return;
  const kernel = tf.getKernel("AddN", "webgpu");
  stock = kernel.kernelFunc;
  tf.unregisterKernel("AddN", "webgpu");
  tf.registerKernel({ ...kernel, kernelFunc: addN });
}

const addN: tf.KernelFunc = ({ inputs, backend, attrs }) => {
  const webgpu = backend as WebGPUBackend;
  const tensors = inputs as unknown as tf.TensorInfo[];
  const add = (group: tf.TensorInfo[]) =>
    stock!({
      inputs: group as unknown as tf.NamedTensorInfoMap,
      backend,
      attrs,
    }) as tf.TensorInfo;

  // One binding is the result's.
  const most = webgpu.device.limits.maxStorageBuffersPerShaderStage - 1;
  let sum = add(tensors.slice(0, most));
  for (let i = most; i < tensors.length; i += most - 1) {
    const next = add([sum, ...tensors.slice(i, i + most - 1)]);
    webgpu.disposeData(sum.dataId);
    sum = next;
  }
  return sum;
};
