/** The tensors that are computed when they are first used. */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Deferred } from "./_deferred.ts";
import type { OpenBackend, TensorData } from "./_open_backend.ts";

/** A tensor that is computed as `deferred` says. */
export function deferTensor(
  backend: OpenBackend,
  shape: number[],
  deferred: Deferred,
): TensorInfo {
  for (const { dataId } of deferred.inputs) backend.incRef(dataId);
  const info = backend.makeTensorInfo(shape, "float32");
  backend.tensorMap.get(info.dataId).deferred = deferred;
  return info;
}

/** Computes a deferred tensor, whose buffer is then that of the result. */
export function computeDeferred(backend: OpenBackend, data: TensorData): void {
  const deferred = data.deferred!;
  delete data.deferred;
  const { dataId } = deferred.compute();
  const computed = backend.tensorMap.get(dataId);
  data.resource = computed.resource;
  computed.resource = null;
  backend.disposeData(dataId);
  release(backend, deferred);
}

/** Forgets how to compute a tensor, which is disposed of. */
export function dropDeferred(backend: OpenBackend, data: TensorData): void {
  const deferred = data.deferred!;
  delete data.deferred;
  release(backend, deferred);
}

/** Lets go of what a deferred tensor is computed from. */
function release(backend: OpenBackend, { inputs }: Deferred): void {
  for (const { dataId } of inputs) {
    // The engine asked in vain if it disposed of the tensor meanwhile.
    if (backend.disposeData(dataId)) {
      tf.engine().removeDataId(dataId, backend as unknown as tf.KernelBackend);
    }
  }
}
