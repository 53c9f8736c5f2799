/**
 * Which way a convolution is computed: as it stands, or by Winograd's minimal
 * filtering in tiles. A model of both times decides, by the shape alone: a run
 * that resumes, or another number of threads, comes to the same choice and the
 * same bits.
 */

import type { Images, Windows } from "./frame.ts";
import { toPanels } from "./weights.ts";
import {
  sizeOf,
  toVectors,
  type WinogradTile,
  winogradTiles,
} from "./_winograd_matrices.ts";

/** What decides between the ways. */
export interface ConvolutionShape {
  readonly images: Images;
  readonly windows: Windows;
  /** The channels of the outputs. */
  readonly columns: number;
}

/** The work of which a model's time consists, in ns each; only ratios matter. */
interface Costs {
  /** How many terms are summed at once, of the taps that lie in a row. */
  readonly rows: number;
  /** A multiplication and addition of the sum as it stands. */
  readonly direct: number;
  /** The terms that starting and ending a sum costs as much as. */
  readonly directTerms: number;
  /** A multiplication and addition between transforms. */
  readonly product: number;
}

const FORWARD: Costs = {
  rows: 1,
  direct: 0.037,
  directTerms: 17,
  product: 0.042,
};
const FILTER_GRADIENT: Costs = {
  rows: 6,
  direct: 0.047,
  directTerms: 0,
  product: 0.055,
};
/** Finding a tile, for each of its sides. */
const TILE = 60;
/** Transforming four channels of a patch, by an element of the patch. */
const ELEMENT = 0.8;
/** Storing or adding to a product, before it is transformed. */
const PRODUCT_ELEMENT = 0.08;
/** Widening a pixel to whole vectors, for each float. */
const WIDENED = 1.5;

function widening(pixels: number, channels: number): number {
  const whole = toVectors(channels);
  return whole === channels ? 0 : WIDENED * pixels * whole;
}

function directTime(shape: ConvolutionShape, costs: Costs): number {
  const { images, windows, columns } = shape;
  const run = windows.filterWidth * images.channels;
  const terms = windows.filterHeight * Math.ceil(run / costs.rows) * costs.rows;
  return images.count * windows.rows * windows.columns * toPanels(columns) *
    (terms + costs.directTerms) * costs.direct;
}

function winogradTime(
  { images, windows, columns }: ConvolutionShape,
  tile: WinogradTile,
  costs: Costs,
): number {
  const elements = sizeOf(tile) ** 2;
  const channels = toVectors(images.channels);
  const vectors = (channels + toVectors(columns)) / 4;
  const tiles = images.count * Math.ceil(windows.rows / tile.outputs) *
    Math.ceil(windows.columns / tile.outputs);
  const products = elements * toPanels(columns) *
    (channels * costs.product + PRODUCT_ELEMENT);
  const filter = elements * ELEMENT * channels * toPanels(columns) / 4;
  return tiles * (2 * TILE + vectors * elements * ELEMENT + products) + filter +
    widening(images.count * images.height * images.width, images.channels) +
    widening(images.count * windows.rows * windows.columns, columns);
}

function fastest(
  shape: ConvolutionShape,
  costs: Costs,
): WinogradTile | undefined {
  const { windows } = shape;
  const { filterHeight, filterWidth } = windows;
  const simple = windows.strideHeight === 1 && windows.strideWidth === 1 &&
    windows.dilationHeight === 1 && windows.dilationWidth === 1 &&
    filterHeight === filterWidth;
  if (!simple) return undefined;
  let best: WinogradTile | undefined;
  let least = directTime(shape, costs);
  for (const tile of winogradTiles) {
    if (tile.taps !== filterHeight) continue;
    const time = winogradTime(shape, tile, costs);
    if (time < least) [best, least] = [tile, time];
  }
  return best;
}

/** The tile for a convolution; none where it is faster as it stands. */
export function convolutionTile(
  shape: ConvolutionShape,
): WinogradTile | undefined {
  return fastest(shape, FORWARD);
}

/** The tile for a filter gradient; none where it is faster as it stands. */
export function filterGradientTile(
  shape: ConvolutionShape,
): WinogradTile | undefined {
  return fastest(shape, FILTER_GRADIENT);
}
