/** Many small matrix products as one job. */

import { PANEL } from "./_kernel.ts";
import { PRODUCT_WORDS } from "./_multiply_batch.ts";
import { scoped } from "../../../runtime/scoped.ts";
import type { Compute } from "./compute.ts";

/** Addresses of a product's operands and result. */
export interface BatchProduct {
  readonly a: number;
  readonly b: number;
  readonly out: number;
}

/** What all products of a batch share: sizes, and steps in bytes. */
export interface BatchShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly aRowStep: number;
  readonly aColumnStep: number;
  readonly bRowStep: number;
  readonly bColumnStep: number;
}

/** A panel of more rows than this does not stay in a first-level cache. */
const MOST_INNER = 512;
/** Products of more multiplications are shared by threads one by one. */
const LARGE_PRODUCT = 4_000_000;
/** With fewer products, threads would wait for each other. */
const LEAST_PRODUCTS = 8;

/** Whether products are better off as one job than as one each. */
export function isSmallBatch(
  { count, rows, inner, columns }: {
    readonly count: number;
    readonly rows: number;
    readonly inner: number;
    readonly columns: number;
  },
): boolean {
  return count >= LEAST_PRODUCTS && inner <= MOST_INNER &&
    rows * inner * columns <= LARGE_PRODUCT;
}

/** Multiplies pairs of matrices of the same shape. */
export function multiplyBatch(
  compute: Compute,
  products: readonly BatchProduct[],
  shape: BatchShape,
): void {
  const words = PRODUCT_WORDS * products.length;
  const panelBytes = 4 * PANEL * shape.inner;
  scoped((own) => {
    const scratch = own(
      compute.scratch(compute.threads * panelBytes + 4 * words),
    );
    const table = scratch.address + compute.threads * panelBytes;
    compute.integers(table, words).set(
      products.flatMap(({ a, b, out }) => [a, b, out]),
    );
    compute.run(
      "multiplyBatch",
      { table, scratch: scratch.address, ...shape },
      {
        chunks: products.length,
        multiplications: products.length * shape.rows * shape.inner *
          shape.columns,
      },
    );
  });
}
