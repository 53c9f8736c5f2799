/** Shaders of our own, and the pipelines that they were compiled to. */

/** A compute shader in WGSL with the entry point `main`. */
export interface Shader {
  /** A name that no other shader has. */
  readonly name: string;
  /** Its source: one bind group, tensors first, the uniform last. */
  readonly code: string;
  /** Whether it takes tensors of whole numbers as they are. */
  readonly takesWhole?: boolean;
  /** Whether its uniform is another at every step. */
  readonly changes?: boolean;
}

/** The pipelines of shaders, each compiled once. */
export class Shaders {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, GPUComputePipeline>();

  /** Pipelines on `device`. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The compiled shader. */
  pipelineOf({ name, code }: Shader): GPUComputePipeline {
    let pipeline = this.#pipelines.get(name);
    if (pipeline === undefined) {
      const module = this.#device.createShaderModule({ code, label: name });
      pipeline = this.#device.createComputePipeline({
        label: name,
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
      this.#pipelines.set(name, pipeline);
    }
    return pipeline;
  }
}
