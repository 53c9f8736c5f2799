/**
 * tfjs's WebGPU backend with a cheaper way to the GPU: what a step sends again
 * and again (uniforms, bind groups) is kept, tensors are written by the queue,
 * buffers come back at once, and commands are submitted in large groups.
 */

import * as tf from "@tensorflow/tfjs";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { nextTurn } from "../../runtime/next_turn.ts";
import { BufferPool } from "./_buffer_pool.ts";
import { Commands } from "./_commands.ts";
import type { Deferred } from "./_deferred.ts";
import { deferTensor, dropDeferred } from "./_deferred_tensors.ts";
import type { Driver } from "./_driver.ts";
import type { PassTime } from "./_gpu_timer.ts";
import { mendShaderKey } from "./_mended_kernels.ts";
import {
  type BackendValues,
  bufferOf,
  type OpenBackend,
  type OpenBackendClass,
  type Program,
} from "./_open_backend.ts";
import { programUniforms } from "./_program_uniforms.ts";
import type { Shader, Shaders } from "./_shader.ts";
import { ShaderTexts } from "./_shader_texts.ts";
import type { StagingBuffer } from "./_staging_buffer.ts";
import { TensorBuffers } from "./_tensor_buffers.ts";
import { castWhole } from "./_casts.ts";
import type { Dispatch, TrainingBackend } from "./_training_backend.ts";
import { type Uniform, Uniforms } from "./_uniforms.ts";
import { isWholeType, WholePrograms, wholeUniforms } from "./_whole_numbers.ts";

/** What a {@linkcode createBackend} needs beside tfjs's class. */
export interface BackendParts {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly driver: Driver;
  readonly shaders: Shaders;
  /** How to read at once, where this runtime allows it. */
  readonly staging: StagingBuffer | undefined;
}

/** tfjs's backend, made to train. */
export function createBackend(
  Base: OpenBackendClass,
  { device, info, driver, shaders, staging }: BackendParts,
): TrainingBackend {
  return new class extends Base implements TrainingBackend {
    readonly pool: BufferPool;
    readonly #buffers: TensorBuffers;
    readonly #uniforms: Uniforms;
    readonly #rates: Uniforms;
    readonly #commands: Commands;
    readonly #texts: ShaderTexts;
    readonly #wholePrograms = new WholePrograms();

    constructor() {
      super(device, info);
      this.pool = new BufferPool(device, {
        flush: () => this.flush(),
        onDestroy: () => this.#commands.forgetBuffers(),
        onVerdict: (verdict, size) =>
          driver.await(verdict, this.#buffers.refusalOf(size)),
      });
      this.bufferManager = this.pool;
      this.#buffers = new TensorBuffers(this, driver);
      this.#uniforms = new Uniforms(this.pool, device.queue);
      // Rates change at every step: few are kept, or their buffers never return.
      this.#rates = new Uniforms(this.pool, device.queue, 4);
      this.#commands = new Commands(this, { pool: this.pool, driver, staging });
      this.#texts = new ShaderTexts(device);
    }

    // --- Tensors and their buffers

    override uploadToGPU(dataId: object): void {
      this.#buffers.upload(this.tensorMap.get(dataId));
    }

    override readToGPU(dataId: object): unknown {
      if (this.tensorMap.get(dataId).deferred) this.uploadToGPU(dataId);
      return super.readToGPU(dataId);
    }

    override releaseResource(dataId: object): void {
      const data = this.tensorMap.get(dataId);
      if (data?.deferred) dropDeferred(this, data);
      if (data) this.#buffers.release(data);
      super.releaseResource(dataId);
    }

    allocate(shape: number[], dtype: DataType = "float32"): TensorInfo {
      const info = this.makeTensorInfo(shape, dtype);
      this.uploadToGPU(info.dataId);
      return info;
    }

    take(tensor: TensorInfo): TensorInfo {
      this.uploadToGPU(tensor.dataId);
      const from = this.tensorMap.get(tensor.dataId);
      const source = bufferOf(from);
      const taken = this.makeTensorInfo(tensor.shape, tensor.dtype);
      if (from.refCount === 1 && !from.external) {
        this.tensorMap.get(taken.dataId).resource = source;
        // When it is disposed of, the buffer stays.
        from.external = true;
        return taken;
      }
      this.uploadToGPU(taken.dataId);
      const target = bufferOf(this.tensorMap.get(taken.dataId));
      this.#commands.copy(source, target);
      return taken;
    }

    defer(shape: number[], deferred: Deferred): TensorInfo {
      return deferTensor(this, shape, deferred);
    }

    deferredOf({ dataId }: TensorInfo): Deferred | undefined {
      return this.tensorMap.get(dataId).deferred;
    }

    override shouldExecuteOnCPU(
      inputs: TensorInfo[],
      threshold?: number,
    ): boolean {
      return inputs.every((input) => !this.deferredOf(input)) &&
        super.shouldExecuteOnCPU(inputs, threshold);
    }

    override dispose(): void {
      super.dispose();
      this.#commands.forgetBuffers();
    }

    // --- Commands

    override makeUniforms(list: Uniform[]): GPUBufferBinding {
      return { buffer: this.#uniforms.of(list) };
    }

    override runWebGPUProgram(
      ...call: Parameters<OpenBackend["runWebGPUProgram"]>
    ): TensorInfo {
      const [program, inputs, dtype, uniforms, output] = call;
      mendShaderKey(program);
      if (output) {
        this.#buffers.uploadToChange(this.tensorMap.get(output.dataId));
      }
      const isWhole = isWholeType(dtype) &&
        inputs.every(({ dataId }) =>
          isWholeType(this.tensorMap.get(dataId).dtype)
        ) &&
        this.#wholePrograms.has(program);
      if (!isWhole) return super.runWebGPUProgram(...call);
      return this.#texts.ofWholeNumbers(() =>
        super.runWebGPUProgram(
          program,
          inputs,
          dtype,
          wholeUniforms(uniforms),
          output,
        )
      );
    }

    override recordAndSubmit(
      program: Program,
      output: TensorInfo,
      inputs: TensorInfo[],
      defined?: Uniform[],
    ): void {
      const buffers = [output, ...inputs].map(({ dataId }) =>
        bufferOf(this.tensorMap.get(dataId))
      );
      // Timed programs have a pass each, and pictures are no buffers.
      if (this.activeTimers != null || program.pixelsOpType != null) {
        for (const buffer of buffers) this.pool.use(buffer);
        return super.recordAndSubmit(program, output, inputs, defined);
      }
      const uniforms = programUniforms(program, { inputs, output, defined });
      buffers.push(this.#uniforms.of(uniforms));
      this.#commands.record(program.pipeline, buffers, program.dispatch);
    }

    run(
      shader: Shader,
      tensors: readonly TensorInfo[],
      { words = [], groups }: Dispatch,
    ): void {
      const converted: TensorInfo[] = [];
      const buffers = tensors.map((tensor) => {
        const data = this.tensorMap.get(tensor.dataId);
        if (data.dtype === "float32" || shader.takesWhole) {
          this.uploadToGPU(tensor.dataId);
          return bufferOf(data);
        }
        const floats = castWhole(this, tensor, "float32");
        converted.push(floats);
        return bufferOf(this.tensorMap.get(floats.dataId));
      });
      const uniforms = shader.changes ? this.#rates : this.#uniforms;
      for (const uniform of words) buffers.push(uniforms.ofWords(uniform));
      this.#commands.record(shaders.pipelineOf(shader), buffers, groups);
      for (const { dataId } of converted) this.disposeData(dataId);
    }

    flush(): void {
      this.#commands.flush();
    }

    override submitQueue(): void {
      driver.throwFailure();
      super.submitQueue();
      this.#commands.submitted();
    }

    timePasses(
      record: () => void,
      options?: { readonly each?: boolean },
    ): PassTime[] | undefined {
      return this.#commands.timePasses(record, options);
    }

    // --- Reads

    override async read(dataId: object): Promise<BackendValues> {
      // Read before the first await: tfjs's own read fails when the tensor is
      // disposed of while it waits.
      if (this.tensorMap.get(dataId).deferred) this.uploadToGPU(dataId);
      const values = staging ? this.readSync(dataId) : await super.read(dataId);
      // The driver's complaints arrive with the event loop's next turn, and
      // so do timers and signals, which a loop of reads would starve.
      await nextTurn();
      driver.throwFailure();
      return values;
    }

    override readSync(dataId: object): BackendValues {
      const data = this.tensorMap.get(dataId);
      // Complex tensors are put together from two, which come back here.
      if (data.values != null || data.complexTensorInfos) {
        return super.readSync(dataId);
      }
      return this.readTogether([{ dataId, ...data }])[0];
    }

    readTogether(tensors: readonly TensorInfo[]): BackendValues[] {
      const all = tensors.map(({ dataId }) => this.tensorMap.get(dataId));
      for (const data of all) {
        if (data.values == null && tf.util.sizeFromShape(data.shape) === 0) {
          data.values = tf.util.getTypedArrayFromDType(
            data.dtype as "float32",
            0,
          );
        }
      }
      const missing = all.filter(({ values }) => values == null);
      if (missing.length > 0) {
        if (!staging) {
          throw new Error(
            `Cannot read a tensor synchronously as ${driver.name} must be ` +
              "waited for in this runtime: use `await tensor.data()`",
          );
        }
        for (const { dataId } of tensors) {
          if (this.tensorMap.get(dataId).deferred) this.uploadToGPU(dataId);
        }
        const copies = this.#commands.read(staging, missing.map(bufferOf));
        missing.forEach((data, i) =>
          data.values = tf.util.convertBackendValuesAndArrayBuffer(
            copies[i],
            data.dtype,
          )
        );
      }
      return all.map(({ values }) => values!);
    }
  }();
}
