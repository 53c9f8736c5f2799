/** No kernel of the WASM backend writes beside its tensors. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import fc from "fast-check";
import { check } from "../ops/_check.ts";
import { operations } from "../ops/_operations.ts";
import { HeapGuard } from "./_guard.ts";

/** Operations that move values of any type, of a matrix of 3×3. */
const MOVES: Record<string, (x: tf.Tensor2D) => unknown> = {
  cast: (x) => [tf.cast(x, "bool"), tf.cast(x, "int32"), tf.cast(x, "float32")],
  concat: (x) => tf.concat([x, x], 1),
  cumsum: (x) => tf.cumsum(x, 1),
  diag: (x) => tf.diag(x),
  fill: (x) => tf.fill([5], 1, x.dtype as "int32"),
  gather: (x) => tf.gather(x, tf.tensor1d([2, 0, 2, 1], "int32"), 1),
  gatherND: (x) => tf.gatherND(x, tf.tensor2d([[1], [2]], [2, 1], "int32")),
  max: (x) => [tf.max(x, 1), tf.min(x, 0), tf.argMax(x, 0), tf.argMin(x, 1)],
  mirrorPad: (x) => tf.mirrorPad(x, [[1, 1], [1, 1]], "reflect"),
  oneHot: (x) => tf.oneHot(tf.cast(x, "int32"), 5, 1, 0, x.dtype as "int32"),
  onesLike: (x) => [tf.onesLike(x), tf.zerosLike(x), tf.clone(x)],
  pad: (x) => tf.pad(x, [[1, 2], [1, 0]], 1),
  prod: (x) => [tf.sum(x, 1), tf.mean(x, 0), tf.prod(x, 1)],
  reverse: (x) => tf.reverse(x, 1),
  slice: (x) => [tf.slice(x, [1, 0], [2, 2]), tf.split(x, 3, 1)],
  spaceToBatchND: (x) =>
    tf.spaceToBatchND(tf.reshape(x, [1, 3, 3, 1]), [2, 2], [[0, 1], [1, 0]]),
  stack: (x) => [tf.stack([x, x], 1), tf.unstack(x, 1)],
  stridedSlice: (x) => tf.stridedSlice(x, [0, 0], [3, 3], [2, 1]),
  tile: (x) => tf.tile(x, [2, 3]),
  topk: (x) => tf.topk(x, 2),
  transpose: (x) => tf.transpose(x),
  unique: (x) => tf.unique(x),
  unsortedSegmentSum: (x) =>
    tf.unsortedSegmentSum(x, tf.tensor1d([0, 3, 1], "int32"), 4),
  where: (x) => tf.where(tf.cast(x, "bool"), x, x),
};

/** What breaks the guard when it is run. */
function breaking(guard: HeapGuard, runs: Record<string, () => unknown>) {
  return Object.keys(runs).filter((name) => {
    tf.engine().startScope();
    runs[name]();
    const isBroken = guard.wasBroken();
    tf.engine().endScope();
    return isBroken;
  });
}

Deno.test("no kernel writes beside its tensors", async () => {
  await selectBackend({ backend: "wasm", threads: 1 });
  using guard = new HeapGuard();
  for (const dtype of ["float32", "int32", "bool"] as const) {
    const moves = Object.entries(MOVES).map((
      [name, move],
    ) => [
      name,
      () => move(tf.tensor2d([2, 0, 1, 0, 1, 3, 1, 0, 2], [3, 3], dtype)),
    ]);
    assertEquals(breaking(guard, Object.fromEntries(moves)), [], dtype);
  }
  const cases = operations.map((operation) => [
    operation.name,
    () =>
      fc.sample(operation.cases, { numRuns: 2, seed: 3 })
        .forEach((given) => check(operation, given)),
  ]);
  assertEquals(breaking(guard, Object.fromEntries(cases)), []);
  // It sees a byte.
  const x = tf.tensor1d([1, 2, 3]);
  const backend = tf.backend() as unknown as {
    readonly wasm: { readonly HEAPU8: Uint8Array };
    typedArrayFromHeap(x: tf.Tensor): Float32Array;
  };
  const y = tf.neg(x);
  const { byteOffset, byteLength } = backend.typedArrayFromHeap(y);
  backend.wasm.HEAPU8[byteOffset + byteLength]++;
  assert(guard.wasBroken());
  tf.dispose([x, y]);
});
