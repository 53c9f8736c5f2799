import type {
  KernelBackend,
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborInputs,
  TensorInfo,
} from "@tensorflow/tfjs";
import {
  type KernelCall,
  registeredKernel,
  replaceKernel,
} from "../_kernels.ts";
import { nearestSources } from "./nearest_sources.ts";

type Call<Backend> = KernelCall<
  ResizeNearestNeighborInputs,
  ResizeNearestNeighborAttrs,
  Backend
>;

/**
 * Resizes images of whole numbers to the nearest neighbour, by taking rows and
 * columns. tfjs's own kernels (in version 4.22) make floats of them on the way.
 */
export function resizeWholeImages<Backend extends KernelBackend>(
  backendName: string,
  { inputs: { images }, attrs, backend }: Call<Backend>,
): TensorInfo {
  const take = registeredKernel<Record<string, TensorInfo>>(
    "GatherV2",
    backendName,
  );
  const along = (x: TensorInfo, axis: 1 | 2) => {
    const resized = attrs.size[axis - 1];
    const sources = nearestSources(x.shape[axis], resized, attrs);
    const dataId = backend.write(sources, [resized], "int32");
    const indices: TensorInfo = { dataId, shape: [resized], dtype: "int32" };
    const taken = take({
      inputs: { x, indices },
      attrs: { axis, batchDims: 0 },
      backend,
    });
    backend.disposeData(dataId);
    return taken;
  };
  const rows = along(images, 1);
  const resized = along(rows, 2);
  backend.disposeData(rows.dataId);
  return resized;
}

/** Registers that in the place of a backend's own. */
export function replaceResizeOfWhole(backendName: "cpu" | "webgpu"): void {
  replaceKernel<
    ResizeNearestNeighborInputs,
    ResizeNearestNeighborAttrs,
    KernelBackend
  >(
    "ResizeNearestNeighbor",
    backendName,
    (stock) => (call) =>
      call.inputs.images.dtype === "int32"
        ? resizeWholeImages(backendName, call)
        : stock(call),
  );
}
