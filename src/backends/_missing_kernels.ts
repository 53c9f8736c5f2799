/** What tfjs says of a kernel that a backend lacks, with a way out. */

import * as tf from "@tensorflow/tfjs";

/** The backends of ours that have a kernel, but for one. */
export function othersWith(kernel: string, backend: string): string[] {
  return ["webgpu", "wasm", "cpu"].filter((name) =>
    name !== backend && tf.getKernel(kernel, name) !== undefined
  );
}

/** The kernels of tfjs's WASM backend that know tensors of strings. */
const OF_STRINGS_ON_WASM: ReadonlySet<string> = new Set([
  "Cast",
  "Concat",
  "ExpandDims",
  "Identity",
  "Pack",
  "Reshape",
  "Slice",
  "StringNGrams",
  "StringSplit",
  "StringToHashBucketFast",
  "Unique",
  "Unpack",
]);

/** The others compute with where the strings would lie, or abort. */
function refuseStringsOnWasm(
  name: string,
  inputs: tf.NamedTensorMap,
  attrs: object | undefined,
): void {
  const isString = (x?: { dtype?: tf.DataType }) => x?.dtype === "string";
  if (OF_STRINGS_ON_WASM.has(name)) return;
  if (!isString(attrs) && !Object.values(inputs ?? {}).some(isString)) return;
  throw new TypeError(
    `Cannot run ${name} on the wasm backend as its tensors must hold numbers: ` +
      `current dtype is string; selectBackend({ backend: "cpu" }) starts one that has it`,
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
    if (backend === "wasm") refuseStringsOnWasm(name, inputs, attrs);
    return run(name, inputs, attrs);
  }) as typeof engine.runKernel;
}
