/**
 * The matrices of Winograd's minimal filtering F(m, r), which gives m outputs
 * of a filter of r taps for m + r − 1 multiplications.
 *
 * S. Winograd, "Arithmetic Complexity of Computations" (1980); A. Lavin and
 * S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015). They
 * follow from Lagrange interpolation at n − 1 points and infinity: with
 * N_j = Π over l ≠ j of (a_j − a_l), row j of B^T holds the coefficients of
 * Π over l ≠ j of (x − a_l), row j of G the powers a_j^k / N_j, and column j of
 * A^T the powers a_j^i.
 */

/** The rows of a matrix. */
export type Matrix = readonly (readonly number[])[];

/** A Winograd tile: `outputs` × `outputs` outputs of `taps` × `taps` taps. */
export interface WinogradTile {
  readonly outputs: number;
  readonly taps: number;
}

/** The tiles that there are kernels for, in the order of their numbers. */
export const winogradTiles: readonly WinogradTile[] = [
  { outputs: 4, taps: 5 },
  { outputs: 4, taps: 3 },
  { outputs: 2, taps: 5 },
  { outputs: 2, taps: 3 },
];

/** The side of the input patch that a tile sees, and of its products. */
export function sizeOf({ outputs, taps }: WinogradTile): number {
  return outputs + taps - 1;
}

/** Rounds channels up to whole vectors, as which they are transformed. */
export function toVectors(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** The transforms of a tile, each applied to rows and columns. */
export interface WinogradMatrices {
  /** B^T, of an input patch. */
  readonly input: Matrix;
  /** G, of the filter. */
  readonly filter: Matrix;
  /** A^T, of the products to the outputs. */
  readonly output: Matrix;
  /** Of a tile of dy, for the gradient of the filter. */
  readonly outputGrad: Matrix;
  /** Of the products of inputs and dy to the gradient of the filter. */
  readonly filterGrad: Matrix;
}

// Small numbers and few bits keep the rounding errors small.
const POINTS = [0, 1, -1, 2, -2, 0.5, -0.5];

/** The coefficients of the polynomial with these roots, the constant first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce((coefficients, root) => {
    const product = [0, ...coefficients];
    coefficients.forEach((value, i) => product[i] -= root * value);
    return product;
  }, [1]);
}

function powers(base: number, count: number): number[] {
  return Array.from({ length: count }, (_, exponent) => base ** exponent);
}

/** What infinity contributes to a matrix: the last coefficient alone. */
function lastOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(i === count - 1));
}

function transposed(rows: Matrix): Matrix {
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

/** The matrices of a tile. */
export function winogradMatrices(tile: WinogradTile): WinogradMatrices {
  const { outputs, taps } = tile;
  const points = POINTS.slice(0, sizeOf(tile) - 1);
  const others = (point: number) => points.filter((other) => other !== point);
  const scales = points.map((point) =>
    others(point).reduce((product, other) => product * (point - other), 1)
  );
  const evaluate = (count: number) => [
    ...points.map((point) => powers(point, count)),
    lastOf(count),
  ];
  const interpolate = (count: number) => [
    ...points.map((point, j) =>
      powers(point, count).map((power) => power / scales[j])
    ),
    lastOf(count),
  ];
  return {
    input: [
      ...points.map((point) => [...polynomial(others(point)), 0]),
      polynomial(points),
    ],
    filter: interpolate(taps),
    output: transposed(evaluate(outputs)),
    // As F(r, m), with the scales left to the transform that is done once.
    outputGrad: evaluate(outputs),
    filterGrad: transposed(interpolate(taps)),
  };
}
