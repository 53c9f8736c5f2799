/** What tfjs says of a kernel that a backend lacks, with a way out. */

import * as tf from "@tensorflow/tfjs";
import { refuseTypes } from "./_types.ts";

/** The backends of ours that have a kernel, but for one. */
export function othersWith(kernel: string, backend: string): string[] {
  return ["webgpu", "wasm", "cpu"].filter((name) =>
    name !== backend && tf.getKernel(kernel, name) !== undefined
  );
}

let explained = false;

/** Lets the engine name the backends that have what the current one lacks. */
export function explainMissingKernels(): void {
  if (explained) return;
  explained = true;
  const engine = tf.engine();
  const run = engine.runKernel.bind(engine);
  engine.runKernel = ((name, inputs, attrs) => {
    const backend = engine.backendName;
    if (backend && tf.getKernel(name, backend) === undefined) {
      const others = othersWith(name, backend);
      const remedy = others.length > 0
        ? `selectBackend({ backend: "${others[0]}" }) starts one that has it`
        : "no backend has it";
      throw new Error(
        `Cannot run ${name} on the ${backend} backend as it must have a kernel for it: ` +
          `Kernel '${name}' not registered for backend '${backend}'; ${remedy}`,
      );
    }
    if (backend) refuseTypes(backend, name, { inputs, attrs });
    return run(name, inputs, attrs);
  }) as typeof engine.runKernel;
}
