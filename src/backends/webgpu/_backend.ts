/**
 * tfjs's WebGPU backend with a cheaper way to the GPU: what a step sends again
 * and again (uniforms, bind groups) is kept, tensors are written by the queue,
 * buffers come back at once, and commands are submitted in large groups.
 */

import * as tf from "@tensorflow/tfjs";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { nextTurn } from "../../runtime/next_turn.ts";
import { mendArithmetic } from "./_arithmetic_shaders.ts";
import { BatchMemory } from "./_batch_memory.ts";
import { BindGroups } from "./_bind_groups.ts";
import { BufferPool } from "./_buffer_pool.ts";
import { Constants } from "./_constants.ts";
import type { Deferred } from "./_deferred.ts";
import { type Driver, largestTensor } from "./_driver.ts";
import { GpuMemoryError } from "./errors.ts";
import { GpuTimer, type PassTime } from "./_gpu_timer.ts";
import { floatBits, wholeWords } from "./_words.ts";
import { mendIndexing } from "./_indexing_shaders.ts";
import { mendShaderKey } from "./_mended_kernels.ts";
import type {
  BackendValues,
  OpenBackend,
  OpenBackendClass,
  Program,
  TensorData,
} from "./_open_backend.ts";
import { bufferOf } from "./_open_backend.ts";
import type { Shader, Shaders } from "./_shader.ts";
import { groupsFor } from "./_shape.ts";
import type { StagingBuffer } from "./_staging_buffer.ts";
import {
  packTwoValued,
  type TwoValued,
  unpackTwoValued,
} from "./_two_valued.ts";
import { type Uniform, Uniforms } from "./_uniforms.ts";
import {
  WholePrograms,
  wholeUniforms,
  withWholeNumbers,
} from "./_whole_numbers.ts";

/**
 * Commands after which they are submitted, so that the GPU starts on a step
 * while the processor still records it.
 */
const COMMANDS_TOGETHER = 192;

/**
 * Submissions that may be under way. One more waits for the GPU: a loop that
 * reads nothing would queue its steps, and their memory, without bound.
 */
const MOST_AHEAD = 64;

const toFloats: Shader = {
  name: "to_floats",
  takesWhole: true,
  code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    result[i] = f32(x[i]);
  }
}`,
};

const STORAGE = () =>
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** The only number of a tensor as the GPU has it. */
function wordOf({ values, dtype }: TensorData): Uint32Array<ArrayBuffer> {
  const number = values as ArrayLike<number>;
  return dtype === "float32" ? floatBits([number[0]]) : wholeWords([number[0]]);
}

/** The bytes of a tensor's buffer: a shader binds a vector of four at least. */
function bytesOf({ shape }: { readonly shape: readonly number[] }): number {
  const size = tf.util.sizeFromShape([...shape]);
  return size === 0 ? 16 : 4 * size;
}

/** What a {@linkcode createBackend} needs beside tfjs's class. */
export interface BackendParts {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly driver: Driver;
  readonly shaders: Shaders;
  /** How to read at once, where this runtime allows it. */
  readonly staging: StagingBuffer | undefined;
}

/** How often a shader runs, and on which numbers. */
export interface Dispatch {
  /** Its uniforms, none by default. */
  readonly words?: readonly Uint32Array<ArrayBuffer>[];
  /** The workgroups in each dimension. */
  readonly groups: readonly [number, number?, number?];
}

/** What this backend adds to tfjs's. */
export interface TrainingBackend extends OpenBackend {
  /** The buffers. */
  readonly pool: BufferPool;
  /**
   * Runs a shader of our own on tensors, which it binds in their order; what it
   * writes must be among them. After them come its uniforms, if it has any.
   */
  run(
    shader: Shader,
    tensors: readonly TensorInfo[],
    dispatch: Dispatch,
  ): void;
  /** A tensor on the GPU with arbitrary contents. */
  allocate(shape: number[], dtype?: DataType): TensorInfo;
  /**
   * The data of `tensor` for a shader to change in place. They are taken from
   * it if nothing else shares them, and copied otherwise; the caller puts the
   * result in the place of `tensor`, which is not to be used any more.
   */
  take(tensor: TensorInfo): TensorInfo;
  /** A tensor that is computed when it is first used. */
  defer(shape: number[], deferred: Deferred): TensorInfo;
  /** How a tensor will be computed, if it was not yet. */
  deferredOf(tensor: TensorInfo): Deferred | undefined;
  /** Hands what was recorded to the GPU. */
  flush(): void;
  /**
   * The passes in which the GPU computes what `record` asks of it, where it has
   * a clock to read: with `each`, one for every dispatch.
   */
  timePasses(
    record: () => void,
    options?: { readonly each?: boolean },
  ): PassTime[] | undefined;
  /** The contents of tensors after one wait for the GPU, where that can be. */
  readTogether(tensors: readonly TensorInfo[]): BackendValues[];
}

/** tfjs's backend, made to train. */
export function createBackend(
  Base: OpenBackendClass,
  { device, info, driver, shaders, staging }: BackendParts,
): TrainingBackend {
  const maxTensorBytes = largestTensor(device);
  const memory = new BatchMemory();

  return new class extends Base implements TrainingBackend {
    readonly pool: BufferPool;
    readonly #constants: Constants;
    readonly #uniforms: Uniforms;
    readonly #rates: Uniforms;
    readonly #bindGroups: BindGroups;
    /** The shape of the tensor that memory is asked for. */
    #asking: readonly number[] = [];
    #commands = 0;
    #ahead = 0;
    #timer: GpuTimer | undefined;
    #passForEach = false;
    readonly #wholePrograms = new WholePrograms();
    /** Whether the program that runs has nothing but whole numbers. */
    #isWhole = false;

    constructor() {
      super(device, info);
      // tfjs puts the text of a shader together where it can only be seen here.
      const compile = device.createShaderModule.bind(device);
      device.createShaderModule = (given) => {
        const code = mendIndexing(given.code);
        return compile({
          ...given,
          code: this.#isWhole ? withWholeNumbers(code) : mendArithmetic(code),
        });
      };
      this.pool = new BufferPool(device, {
        flush: () => this.flush(),
        onDestroy: () => this.#bindGroups.clear(),
        onVerdict: (verdict, size) => {
          const error = this.#memoryError(size);
          driver.await(verdict, error);
        },
      });
      this.bufferManager = this.pool;
      this.#constants = new Constants(this.pool, device.queue, STORAGE());
      this.#uniforms = new Uniforms(this.pool, device.queue);
      // Rates change at every step: few are kept, or their buffers never return.
      this.#rates = new Uniforms(this.pool, device.queue, 4);
      this.#bindGroups = new BindGroups(device, this.pool);
    }

    #memoryError(bytes: number): () => GpuMemoryError {
      const shape = this.#asking;
      const bytesInUse = this.pool.numBytesUsed;
      const batch = memory.largestBatch(shape, bytes);
      return () =>
        new GpuMemoryError({
          device: driver.name,
          shape,
          bytes,
          bytesInUse,
          ...batch && { batch },
        });
    }

    // --- Tensors and their buffers

    override uploadToGPU(dataId: object): void {
      this.#upload(this.tensorMap.get(dataId));
    }

    /** Gives a tensor that a shader is to write into a buffer of its own. */
    #uploadToChange(dataId: object): void {
      const data = this.tensorMap.get(dataId);
      // What the processor still has may be one of the constants.
      if (data.values != null && data.external) {
        data.resource = null;
        data.external = false;
      }
      this.#upload(data, { changes: true });
    }

    #upload(data: TensorData, { changes = false } = {}): void {
      if (data.resource != null) return;
      if (data.deferred) return this.#compute(data, data.deferred);
      const bytes = bytesOf(data);
      // A wrong index can make a length negative, which Deno takes for a huge
      // one; tfjs cannot release such a buffer and fails ever after.
      if (!(bytes >= 0 && bytes <= maxTensorBytes)) {
        throw new RangeError(
          `Cannot hold a tensor of shape [${data.shape}] on ${driver.name} as ` +
            `it must take 0 to ${maxTensorBytes} bytes: current value is ${bytes}`,
        );
      }
      this.#asking = data.shape;
      const isOne = data.values?.length === 1 && bytes === 4;
      const constant = isOne && !changes
        ? this.#constants.of(wordOf(data))
        : undefined;
      if (constant !== undefined) {
        data.resource = constant;
        // It stays when the tensor is disposed of, and is copied to be written.
        data.external = true;
        return;
      }
      driver.attempt(() => {
        data.resource = data.values
          ? this.#write(data, bytes)
          : this.pool.acquireBuffer(bytes, STORAGE());
      });
      memory.count(data.shape, bytes);
      // Once they are on the GPU, they may change there.
      data.values = null;
    }

    #write(data: TensorData, bytes: number): GPUBuffer {
      const { values, dtype } = data;
      const isWhole = dtype === "int32" || dtype === "bool";
      const length = bytes / 4;
      if (!isWhole && values!.length === length) {
        const packed = packTwoValued(values);
        if (packed) return this.#unpack(packed, bytes);
      }
      const buffer = this.pool.acquireForWriting(bytes, STORAGE());
      const Words = isWhole ? Int32Array : Float32Array;
      let words = values instanceof Words
        ? values as Float32Array<ArrayBuffer>
        : Words.from(values as Float32Array);
      // tfjs takes what there is; Deno would abort.
      if (words.length !== length) {
        const whole = new Words(length);
        whole.set(words.subarray(0, length));
        words = whole;
      }
      if (length > 0) device.queue.writeBuffer(buffer, 0, words);
      return buffer;
    }

    defer(shape: number[], deferred: Deferred): TensorInfo {
      for (const { dataId } of deferred.inputs) this.incRef(dataId);
      const info = this.makeTensorInfo(shape, "float32");
      this.tensorMap.get(info.dataId).deferred = deferred;
      return info;
    }

    deferredOf({ dataId }: TensorInfo): Deferred | undefined {
      return this.tensorMap.get(dataId).deferred;
    }

    #compute(data: TensorData, deferred: Deferred): void {
      delete data.deferred;
      const { dataId } = deferred.compute();
      const computed = this.tensorMap.get(dataId);
      data.resource = computed.resource;
      computed.resource = null;
      this.disposeData(dataId);
      this.#release(deferred);
    }

    /** Lets go of what a deferred tensor is computed from. */
    #release({ inputs }: Deferred): void {
      for (const { dataId } of inputs) {
        // The engine asked in vain if it disposed of the tensor meanwhile.
        if (this.disposeData(dataId)) {
          tf.engine().removeDataId(dataId, this as unknown as tf.KernelBackend);
        }
      }
    }

    override shouldExecuteOnCPU(
      inputs: TensorInfo[],
      threshold?: number,
    ): boolean {
      return inputs.every((input) => !this.deferredOf(input)) &&
        super.shouldExecuteOnCPU(inputs, threshold);
    }

    override readToGPU(dataId: object): unknown {
      if (this.tensorMap.get(dataId).deferred) this.uploadToGPU(dataId);
      return super.readToGPU(dataId);
    }

    /** Writes the values as bits, of which the GPU makes numbers. */
    #unpack({ bits, value }: TwoValued, bytes: number): GPUBuffer {
      const source = this.makeTensorInfo([bits.length], "int32");
      const target = this.makeTensorInfo([bytes / 4], "float32");
      this.tensorMap.get(source.dataId).values = bits;
      const words = [floatBits([value, 0, 0, 0])];
      this.run(unpackTwoValued, [target, source], {
        words,
        groups: groupsFor(bytes / 4),
      });
      this.disposeData(source.dataId);
      const unpacked = this.tensorMap.get(target.dataId);
      const buffer = bufferOf(unpacked);
      memory.count(unpacked.shape, -bytes);
      unpacked.resource = null;
      this.disposeData(target.dataId);
      return buffer;
    }

    override releaseResource(dataId: object): void {
      const data = this.tensorMap.get(dataId);
      if (data?.deferred) {
        const { deferred } = data;
        delete data.deferred;
        this.#release(deferred);
      }
      if (data?.resource && !data.external) {
        memory.count(data.shape, -bytesOf(data));
      }
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
      this.ensureCommandEncoderReady();
      this.endComputePassEncoder();
      this.pool.use(source);
      this.pool.use(target);
      this.commandEncoder!.copyBufferToBuffer(
        source,
        0,
        target,
        0,
        source.size,
      );
      return taken;
    }

    override dispose(): void {
      super.dispose();
      this.#bindGroups.clear();
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
      if (output) this.#uploadToChange(output.dataId);
      const stored = inputs.map(({ dataId }) =>
        this.tensorMap.get(dataId).dtype
      );
      if (
        !this.#wholePrograms.has(program, { output: dtype, inputs: stored })
      ) {
        return super.runWebGPUProgram(...call);
      }
      this.#isWhole = true;
      try {
        return super.runWebGPUProgram(
          program,
          inputs,
          dtype,
          wholeUniforms(uniforms),
          output,
        );
      } finally {
        this.#isWhole = false;
      }
    }

    override recordAndSubmit(
      program: Program,
      output: TensorInfo,
      inputs: TensorInfo[],
      defined?: Uniform[],
    ): void {
      // Timed programs have a pass each, and pictures are no buffers.
      if (this.activeTimers != null || program.pixelsOpType != null) {
        for (const { dataId } of [output, ...inputs]) {
          this.pool.use(bufferOf(this.tensorMap.get(dataId)));
        }
        return super.recordAndSubmit(program, output, inputs, defined);
      }
      const list: Uniform[] = [
        { type: "float32", data: [NaN] },
        { type: "float32", data: [Infinity] },
      ];
      const buffers: GPUBuffer[] = [];
      const describe = ({ dataId, shape }: TensorInfo) => {
        list.push({ type: "int32", data: shape });
        list.push({ type: "int32", data: tf.util.computeStrides(shape) });
        return bufferOf(this.tensorMap.get(dataId));
      };
      for (const input of inputs) buffers.push(describe(input));
      buffers.unshift(describe(output));
      if (program.size) {
        const size = tf.util.sizeFromShape(program.outputShape);
        list.push({
          type: "int32",
          data: [size / (program.outputComponent || 1)],
        });
      }
      if (defined) list.push(...defined);
      buffers.push(this.#uniforms.of(list));
      this.#record(program.pipeline, buffers, program.dispatch);
    }

    run(
      shader: Shader,
      tensors: readonly TensorInfo[],
      { words = [], groups }: Dispatch,
    ): void {
      const converted: TensorInfo[] = [];
      const buffers = tensors.map((tensor) => {
        const data = this.tensorMap.get(tensor.dataId);
        // A cast to floats changes the tensor alone, and not what it holds.
        const floats = data.dtype === "float32" || shader.takesWhole
          ? tensor
          : this.#toFloats(tensor, converted);
        this.uploadToGPU(floats.dataId);
        return bufferOf(this.tensorMap.get(floats.dataId));
      });
      const uniforms = shader.changes ? this.#rates : this.#uniforms;
      for (const uniform of words) buffers.push(uniforms.ofWords(uniform));
      this.#record(shaders.pipelineOf(shader), buffers, groups);
      for (const { dataId } of converted) this.disposeData(dataId);
    }

    #toFloats(tensor: TensorInfo, converted: TensorInfo[]): TensorInfo {
      const floats = this.allocate(tensor.shape);
      converted.push(floats);
      const groups = groupsFor(tf.util.sizeFromShape(tensor.shape));
      this.run(toFloats, [floats, tensor], { groups: groups });
      return floats;
    }

    #record(
      pipeline: GPUComputePipeline,
      buffers: readonly GPUBuffer[],
      [x, y = 1, z = 1]: readonly [number, number?, number?],
    ): void {
      const group = this.#bindGroups.of(pipeline, buffers);
      this.ensureCommandEncoderReady();
      const pass = this.computePassEncoder ??= this.commandEncoder!
        .beginComputePass(
          this.#timer?.pass(`${pipeline.label} ${x}x${y}x${z}`),
        );
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y, z);
      if (this.#passForEach) this.endComputePassEncoder();
      if (++this.#commands >= COMMANDS_TOGETHER) this.flush();
    }

    flush(): void {
      this.endComputePassEncoder();
      if (this.commandEncoder) this.submitQueue();
    }

    override submitQueue(): void {
      driver.throwFailure();
      super.submitQueue();
      this.#commands = 0;
      this.pool.submitted();
      if (++this.#ahead > MOST_AHEAD && staging) {
        driver.attempt(() => staging.wait());
        this.#ahead = 0;
      }
    }

    timePasses(
      record: () => void,
      { each = false }: { readonly each?: boolean } = {},
    ): PassTime[] | undefined {
      if (!staging || !device.features.has("timestamp-query")) return undefined;
      this.flush();
      const timer = this.#timer = new GpuTimer(device);
      this.#passForEach = each;
      try {
        record();
        this.flush();
        return timer.read(staging);
      } finally {
        this.#timer = undefined;
        this.#passForEach = false;
        timer[Symbol.dispose]();
      }
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
        const sources = missing.map(bufferOf);
        const copies = driver.attempt(() => {
          this.ensureCommandEncoderReady();
          this.endComputePassEncoder();
          return staging.read(
            sources,
            this.commandEncoder!,
            () => this.submitQueue(),
          );
        });
        this.#ahead = 0;
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
