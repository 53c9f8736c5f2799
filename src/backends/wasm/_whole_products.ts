/** Products of matrices of whole numbers, which floats would round. */

/** The matrices of a product, row by row. */
interface Matrices {
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly out: Int32Array;
}

/** How the operands lie, in values. */
interface Layout {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly aRowStep: number;
  readonly aInnerStep: number;
  readonly bInnerStep: number;
  readonly bColumnStep: number;
}

/** Multiplies modulo 2³², as whole numbers of 32 bits do. */
export function multiplyWhole({ a, b, out }: Matrices, layout: Layout): void {
  const { rows, inner, columns } = layout;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) {
        const x = a[row * layout.aRowStep + i * layout.aInnerStep];
        const y = b[i * layout.bInnerStep + column * layout.bColumnStep];
        sum = sum + Math.imul(x, y) | 0;
      }
      out[row * columns + column] = sum;
    }
  }
}
