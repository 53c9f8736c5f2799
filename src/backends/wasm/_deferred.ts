import { engine } from "@tensorflow/tfjs";
import type { BackendWasm, TensorInfo } from "./_wasm_kernel.ts";

type DataId = TensorInfo["dataId"];

/** A computation that was left for later. */
export interface Deferred {
  /** What it reads; it is kept until then. */
  readonly inputs: readonly TensorInfo[];
  /** Writes the values. */
  readonly compute: () => void;
  /** Makes another tensor of the values as ReLU would, in the same pass. */
  readonly computeRelu?: () => TensorInfo;
}

const backends = new WeakMap<BackendWasm, WeakMap<DataId, Deferred>>();

/** Gives back a tensor that was held for a computation. */
function letGo(backend: BackendWasm, { dataId }: TensorInfo): void {
  // The engine forgets a tensor when the backend frees its data, which it does
  // not while we hold it.
  if (backend.disposeData(dataId)) engine().removeDataId(dataId, backend);
}

/**
 * Makes a backend look for pending values wherever a kernel looks a tensor up.
 */
function watch(backend: BackendWasm): WeakMap<DataId, Deferred> {
  const pending = new WeakMap<DataId, Deferred>();
  const { dataIdMap } = backend;
  const get = dataIdMap.get.bind(dataIdMap);
  dataIdMap.get = (dataId) => {
    const work = pending.get(dataId);
    if (work !== undefined) {
      pending.delete(dataId);
      work.compute();
      work.inputs.forEach((input) => letGo(backend, input));
    }
    return get(dataId);
  };
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const work = pending.get(dataId);
    if (work !== undefined && (force || get(dataId).refCount === 1)) {
      pending.delete(dataId);
      work.inputs.forEach((input) => letGo(backend, input));
    }
    return dispose(dataId, force);
  };
  backends.set(backend, pending);
  return pending;
}

/**
 * Leaves the values of `out` for later: they are computed when they are first
 * read, and not at all if nobody reads them.
 *
 * tfjs computes the gradient of a fused convolution with respect to its input
 * even where nothing needs it, as in a network's first layer; and a normalized
 * batch goes through ReLU before anybody looks at it.
 */
export function defer(
  backend: BackendWasm,
  out: TensorInfo,
  deferred: Deferred,
): void {
  const pending = backends.get(backend) ?? watch(backend);
  for (const { dataId } of deferred.inputs) backend.incRef(dataId);
  pending.set(out.dataId, deferred);
}

/** What makes the ReLU of a tensor that is not computed yet, if there is one. */
export function deferredRelu(
  backend: BackendWasm,
  x: TensorInfo,
): (() => TensorInfo) | undefined {
  return backends.get(backend)?.get(x.dataId)?.computeRelu;
}
