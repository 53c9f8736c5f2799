import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

const products: [equation: string, ...shapes: number[][]][] = [
  ["ij,jk->ik", [3, 4], [4, 5]],
  ["ij,kj->ik", [3, 4], [5, 4]],
  ["bij,bjk->bik", [2, 3, 4], [2, 4, 5]],
  ["bqhd,bkhd->bhqk", [2, 3, 4, 5], [2, 6, 4, 5]],
  ["bhqk,bkhd->bqhd", [2, 4, 3, 6], [2, 6, 4, 5]],
  ["i,j->ij", [3], [4]],
  ["i,i->", [7], [7]],
  ["ij,ij->ij", [3, 4], [3, 4]],
  ["ijk->kij", [2, 3, 4]],
  ["ij->ij", [2, 3]],
  ["ij->i", [2, 3]],
  ["ij->", [2, 3]],
];

for (const [equation, ...shapes] of products) {
  Deno.test(`einsum() is as on the CPU backend: ${equation}`, async () => {
    await assertAsOnCpu(
      () => [
        tf.einsum(equation, ...shapes.map((shape, i) => values(shape, i))),
      ],
      equation,
    );
  });
}
