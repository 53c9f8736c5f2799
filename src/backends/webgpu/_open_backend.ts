/**
 * tfjs's WebGPU backend as a subclass needs to see it: its types hide what has
 * to change. A new release of tfjs is checked against this file.
 */

import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import type { Deferred } from "./_deferred.ts";
import type { Uniform } from "./_uniforms.ts";

/** What a tensor read back from the GPU is made of. */
export type BackendValues = ReturnType<WebGPUBackend["readSync"]>;

/** A shader as tfjs's kernels describe it. */
export interface Program {
  shaderKey: string;
  readonly outputShape: number[];
  readonly dispatch: [number, number, number];
  readonly size?: boolean;
  readonly outputComponent?: number;
  readonly pixelsOpType?: number;
  readonly pipeline: GPUComputePipeline;
  /** What it computes, in WGSL, as its key says. */
  getUserCode(): string;
}

/** The data behind a tensor, wherever they are. */
export interface TensorData {
  values: BackendValues | null;
  readonly dtype: DataType;
  readonly shape: number[];
  refCount: number;
  resource?: GPUBuffer | GPUTexture | GPUExternalTexture | null;
  /** Whether the buffer is somebody else's. */
  external?: boolean;
  readonly complexTensorInfos?: unknown;
  /** How to compute it, where that was not done yet; no part of tfjs. */
  deferred?: Deferred;
}

/** The buffer of a tensor on the GPU. Textures hold pictures, of which no kernel here is asked. */
export function bufferOf({ resource }: TensorData): GPUBuffer {
  return resource as GPUBuffer;
}

/** The members of tfjs's backend that are used or overridden. */
export interface OpenBackend {
  bufferManager: object;
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: {
    get(dataId: object): TensorData;
    set(dataId: object, data: TensorData): void;
    has(dataId: object): boolean;
    delete(dataId: object): boolean;
  };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  readonly activeTimers: unknown;

  write(values: BackendValues | null, shape: number[], dtype: DataType): object;
  makeTensorInfo(
    shape: number[],
    dtype: DataType,
    values?: BackendValues,
  ): TensorInfo;
  tensorToBinding(tensor: TensorInfo): GPUBindingResource;
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  disposeData(dataId: object, force?: boolean): boolean;
  releaseResource(dataId: object): void;
  uploadToGPU(dataId: object): void;
  makeUniforms(list: Uniform[]): GPUBufferBinding;
  runWebGPUProgram(
    program: Program,
    inputs: TensorInfo[],
    outputDtype: DataType,
    programDefinedUniform?: Uniform[],
    output?: TensorInfo,
  ): TensorInfo;
  recordAndSubmit(
    program: Program,
    output: TensorInfo,
    inputs: TensorInfo[],
    programDefinedUniform?: Uniform[],
  ): void;
  shouldExecuteOnCPU(inputs: TensorInfo[], threshold?: number): boolean;
  readToGPU(dataId: object): unknown;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  read(dataId: object): Promise<BackendValues>;
  readSync(dataId: object): BackendValues;
  dispose(): void;
}

/** tfjs's class, for a subclass to extend. */
export type OpenBackendClass = new (
  device: GPUDevice,
  info: GPUAdapterInfo,
) => OpenBackend;
