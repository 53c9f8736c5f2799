import type { OnnxConstant, OnnxGraph, OnnxNode } from "./graph.ts";

/** The dimension of the kernel that counts the output channels, by operator. */
const outputChannels: Readonly<Record<string, number>> = {
  Conv: 0,
  ConvTranspose: 1,
  Gemm: 0,
};

function floats(graph: OnnxGraph, name: string): Float32Array {
  return graph.constants.get(name)!.data as Float32Array;
}

/** The kernel with the weights of each output channel multiplied by its factor. */
function scaleChannels(
  kernel: OnnxConstant,
  axis: number,
  factor: Float64Array,
): Float32Array {
  const inner = kernel.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return (kernel.data as Float32Array).map((weight, i) =>
    weight * factor[Math.floor(i / inner) % factor.length]
  );
}

function foldInto(
  graph: OnnxGraph,
  producer: OnnxNode,
  norm: OnnxNode,
): void {
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((name) =>
    floats(graph, name)
  );
  const epsilon = (norm.attributes.epsilon as { readonly float: number }).float;
  const factor = Float64Array.from(
    gamma,
    (scale, i) => scale / Math.sqrt(variance[i] + epsilon),
  );
  const [, kernelName, biasName] = producer.inputs;
  const kernel = graph.constants.get(kernelName)!;
  const bias = biasName
    ? floats(graph, biasName)
    : new Float32Array(factor.length);
  const folded = {
    name: graph.unique(`${kernelName}_folded`),
    dims: kernel.dims,
    data: scaleChannels(kernel, outputChannels[producer.opType], factor),
  };
  const shifted = {
    name: graph.unique(`${producer.name}/bias_folded`),
    dims: [factor.length],
    data: bias.map((b, i) => (b - mean[i]) * factor[i] + beta[i]),
  };
  graph.constants.set(folded.name, folded);
  graph.constants.set(shifted.name, shifted);
  producer.inputs = [producer.inputs[0], folded.name, shifted.name];
  producer.outputs = norm.outputs;
}

/**
 * Takes batch normalization into the kernel and bias of the layer before it.
 * That is exact where the layer applies no activation and nothing else reads
 * its output. The constants are computed in double precision.
 */
export function foldBatchNormalization(
  graph: OnnxGraph,
  outputs: readonly string[],
): void {
  const uses = new Map<string, number>();
  for (
    const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...outputs]
  ) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node])),
  );
  for (const norm of [...graph.nodes]) {
    if (norm.opType !== "BatchNormalization") continue;
    const producer = producers.get(norm.inputs[0]);
    if (producer === undefined || !(producer.opType in outputChannels)) {
      continue;
    }
    if (uses.get(norm.inputs[0]) !== 1) continue;
    foldInto(graph, producer, norm);
    graph.nodes.splice(graph.nodes.indexOf(norm), 1);
    producers.set(norm.outputs[0], producer);
  }
}

/** Removes nodes whose outputs nothing reads, and constants that no node reads. */
export function removeUnused(
  graph: OnnxGraph,
  outputs: readonly string[],
): void {
  const read = new Set(outputs);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (node.outputs.some((name) => read.has(name))) {
      for (const name of node.inputs) read.add(name);
    } else {
      graph.nodes.splice(i, 1);
    }
  }
  for (const name of [...graph.constants.keys()]) {
    if (!read.has(name)) graph.constants.delete(name);
  }
}
