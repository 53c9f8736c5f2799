import { type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs";
import type { UpdateKernelAttrs } from "../fused/optimizers.ts";
import {
  MOST_SLOTS,
  PIECE_WORDS,
  type UpdateRule,
  updateRules,
} from "./compute/_update.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import { scoped } from "../../runtime/scoped.ts";
import {
  type BackendWasm,
  type KernelCall,
  wasmKernel,
} from "./_wasm_kernel.ts";
import { keysOf } from "../../runtime/records.ts";

/** How many numbers a thread updates before it claims the next piece. */
const PIECE = 8192;

/** What a backend knows of a tensor; `BackendWasm` declares only part of it. */
interface Stored {
  readonly id: number;
  readonly memoryOffset: number;
  readonly refCount: number;
}

/** The tensor itself where nobody else has its values, else a new one. */
function reuse(backend: BackendWasm, tensor: TensorInfo): TensorInfo {
  const { dataId, shape } = tensor;
  const stored = backend.dataIdMap.get(dataId);
  if (stored.refCount > 1) return backend.makeOutput(shape, "float32");
  // XNNPACK, which some of tfjs's kernels use, keeps weights in an order of its
  // own for as long as their tensor's number is known.
  const { tfjs } = backend.wasm;
  tfjs.disposeData(stored.id);
  tfjs.registerTensor(
    stored.id,
    util.sizeFromShape(shape),
    stored.memoryOffset,
  );
  backend.incRef(dataId);
  return { dataId, shape, dtype: "float32" };
}

function update(
  rule: UpdateRule,
  { inputs, attrs, backend }: KernelCall<TensorInfo[], UpdateKernelAttrs>,
): TensorInfo[] {
  const tensors = Object.values(inputs);
  const compute = Compute.of(backend);
  const perWeight = 2 + attrs.slots;
  const numbers = [...tensors.slice(0, attrs.scalars), ...attrs.constants];
  const weights: { from: TensorInfo[]; to: TensorInfo[]; size: number }[] = [];
  for (let at = attrs.scalars; at < tensors.length; at += perWeight) {
    const from = tensors.slice(at, at + perWeight);
    const to = from.filter((_, i) => i !== 1).map((tensor) =>
      reuse(backend, tensor)
    );
    weights.push({ from, to, size: util.sizeFromShape(from[0].shape) });
  }
  const table: number[] = [];
  for (const { from, to, size } of weights) {
    // Looking a tensor up may compute it.
    const sources = from.map((tensor) => addressOf(backend, tensor));
    const targets = to.map((tensor) => addressOf(backend, tensor));
    for (let start = 0; start < size; start += PIECE) {
      const piece = new Array<number>(PIECE_WORDS).fill(0);
      sources.forEach((address, i) => piece[i] = address + 4 * start);
      targets.forEach((address, i) => {
        piece[2 + MOST_SLOTS + i] = address + 4 * start;
      });
      piece[PIECE_WORDS - 1] = Math.min(PIECE, size - start);
      table.push(...piece);
    }
  }
  const values = numbers.map((number) =>
    typeof number === "number"
      ? number
      : compute.floats(addressOf(backend, number), 1)[0]
  );
  return scoped((own) => {
    const scratch = own(compute.scratch(4 * (values.length + table.length)));
    const { address } = scratch;
    compute.floats(address, values.length).set(values);
    compute.integers(address + 4 * values.length, table.length).set(table);
    const all = weights.reduce((sum, { size }) => sum + size, 0);
    compute.run(
      rule,
      { table: address + 4 * values.length, constants: address },
      {
        chunks: table.length / PIECE_WORDS,
        multiplications: all * (2 + perWeight),
      },
    );
    return weights.flatMap(({ to }) => to);
  });
}

/** The updates of all of tfjs's optimizers, each one pass over all weights. */
export const optimizerUpdateKernels: readonly KernelConfig[] = keysOf(
  updateRules,
).map((rule) =>
  wasmKernel<TensorInfo[], UpdateKernelAttrs>(
    rule[0].toUpperCase() + rule.slice(1),
    (call) => update(rule, call),
  )
);
