/** Convolutions and filter gradients by Winograd's minimal filtering. */

import { type Compute, floatBits, type Scratch } from "./compute.ts";
import type { FilterGradient } from "./correlate.ts";
import type { Images, Windows } from "./frame.ts";
import type { Convolution } from "./multiply.ts";
import { resizeRows } from "./rows.ts";
import { packWeights, toPanels } from "./weights.ts";
import { TILE_ROWS } from "./_kernel.ts";
import { scoped } from "../../../runtime/scoped.ts";
import {
  sizeOf,
  toVectors,
  type WinogradTile,
  winogradTiles,
} from "./_winograd_matrices.ts";

/** How a convolution is cut into tiles. */
function tiling(
  { outputs }: WinogradTile,
  images: Images,
  windows: Windows,
) {
  const tilesDown = Math.ceil(windows.rows / outputs);
  const tilesAcross = Math.ceil(windows.columns / outputs);
  return {
    tilesDown,
    tilesAcross,
    tiles: images.count * tilesDown * tilesAcross,
  };
}

/** A block's operands and products stay in a second-level cache, or nearly. */
const MOST_BLOCK_TILES = 48;
/** As many blocks as there are tiles for keep several threads busy. */
const BLOCKS = 16;

/** How many tiles a block has, in whole sixes as products take them. */
function blockTilesOf(tiles: number): number {
  const wanted = Math.min(MOST_BLOCK_TILES, tiles / BLOCKS);
  return Math.max(1, Math.round(wanted / TILE_ROWS)) * TILE_ROWS;
}

/** Pixels with a whole number of vectors: where they are, or widened. */
class WholeVectors implements Disposable {
  readonly address: number;
  readonly #scratch?: Scratch;

  constructor(
    compute: Compute,
    { from, rows, columns }: {
      readonly from: number;
      readonly rows: number;
      readonly columns: number;
    },
  ) {
    const toColumns = toVectors(columns);
    if (toColumns === columns) {
      this.address = from;
      return;
    }
    this.#scratch = compute.scratch(4 * rows * toColumns);
    this.address = this.#scratch.address;
    resizeRows(compute, { from, rows, columns, to: this.address, toColumns });
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}

const LINE_BYTES = 64;

/**
 * From one element's plane to the next: an odd number of cache lines. The
 * transforms write to all planes at once, and where these lie a power of two
 * apart they all fall into a few sets of the cache.
 */
function planeStepOf(floats: number): number {
  return (2 * Math.ceil((4 * floats / LINE_BYTES - 1) / 2) + 1) * LINE_BYTES;
}

function zeroScratch(compute: Compute, floats: number): Scratch {
  const scratch = compute.scratch(4 * floats);
  compute.floats(scratch.address, floats).fill(0);
  return scratch;
}

/** Where the tiles lie, as both kernels take it. */
function geometryOf(tile: WinogradTile, images: Images, windows: Windows) {
  return {
    tile: winogradTiles.indexOf(tile),
    size: sizeOf(tile),
    outputs: tile.outputs,
    height: images.height,
    width: images.width,
    outHeight: windows.rows,
    outWidth: windows.columns,
    top: windows.top,
    left: windows.left,
  };
}

/** Lets whole vectors of each row be written, and leaves its columns of them. */
function intoColumns(
  compute: Compute,
  { rows, columns, out }: {
    readonly rows: number;
    readonly columns: number;
    readonly out: number;
  },
  write: (to: number) => void,
): void {
  const wide = toVectors(columns);
  if (wide === columns) return write(out);
  scoped((own) => {
    const widened = own(compute.scratch(4 * rows * wide));
    write(widened.address);
    resizeRows(compute, {
      from: widened.address,
      rows,
      columns: wide,
      to: out,
      toColumns: columns,
    });
  });
}

/** Convolves images with weights in tiles. */
export function convolveWinograd(
  compute: Compute,
  { images, windows, weights, out, finish }: Convolution,
  tile: WinogradTile,
): void {
  const size = sizeOf(tile);
  const elements = size * size;
  const number = winogradTiles.indexOf(tile);
  const { columns } = weights;
  const channels = toVectors(images.channels);
  const wide = toVectors(columns);
  const panelColumns = toPanels(columns);
  const pixels = images.count * windows.rows * windows.columns;
  scoped((own) => {
    const x = own(
      new WholeVectors(
        compute,
        {
          from: images.address,
          rows: images.count * images.height * images.width,
          columns: images.channels,
        },
      ),
    );
    const uStep = planeStepOf(channels * panelColumns);
    const u = own(compute.scratch(elements * uStep));
    if (channels !== images.channels) {
      compute.floats(u.address, elements * uStep / 4).fill(0);
    }
    scoped((own) => {
      const packed = own(packWeights(compute, weights));
      compute.run(
        "winogradFilter",
        {
          from: packed.address,
          to: u.address,
          tile: number,
          taps: tile.taps,
          taken: images.channels,
          channels,
          planeStep: uStep,
        },
        {
          chunks: panelColumns / 8,
          multiplications: elements * channels * panelColumns * tile.taps,
        },
      );
    });
    const bias = own(zeroScratch(compute, panelColumns));
    if (finish.bias !== undefined) {
      compute.floats(bias.address, columns).set(
        compute.floats(finish.bias, columns),
      );
    }
    const zeros = own(zeroScratch(compute, size * channels));
    const cut = tiling(tile, images, windows);
    const blockTiles = blockTilesOf(cut.tiles);
    const operandStep = planeStepOf(blockTiles * channels);
    const productStep = planeStepOf(blockTiles * panelColumns);
    const scratchBytes = elements * (operandStep + productStep);
    const scratch = own(compute.scratch(compute.threads * scratchBytes));
    intoColumns(compute, { rows: pixels, columns, out }, (to) =>
      compute.run(
        "winogradConvolve",
        {
          x: x.address,
          u: u.address,
          uStep,
          out: to,
          bias: bias.address,
          zeros: zeros.address,
          scratch: scratch.address,
          scratchBytes,
          operandStep,
          productStep,
          ...geometryOf(tile, images, windows),
          ...cut,
          blockTiles,
          channels,
          columns: wide,
          panelColumns,
          lowest: floatBits(finish.lowest),
          highest: floatBits(finish.highest),
        },
        {
          chunks: Math.ceil(cut.tiles / blockTiles),
          multiplications: cut.tiles * elements * channels * panelColumns,
        },
      ));
  });
}

/** Half of a second-level cache. */
const LARGE_SUM = 1 << 19;
const MOST_SUMMED_TILES = 96;

/** Groups are summed at the end, which costs the more the longer they are. */
function groupsFor(sumBytes: number): number {
  if (sumBytes <= 1 << 18) return 16;
  return sumBytes <= 1 << 20 ? 8 : 4;
}

/** The gradient of a convolution with respect to its weights, in tiles. */
export function correlateWinograd(
  compute: Compute,
  { images, windows, dy, columns, out }: FilterGradient,
  tile: WinogradTile,
): void {
  const size = sizeOf(tile);
  const elements = size * size;
  const number = winogradTiles.indexOf(tile);
  const channels = toVectors(images.channels);
  const wide = toVectors(columns);
  const panelColumns = toPanels(columns);
  scoped((own) => {
    const x = own(
      new WholeVectors(
        compute,
        {
          from: images.address,
          rows: images.count * images.height * images.width,
          columns: images.channels,
        },
      ),
    );
    const d = own(
      new WholeVectors(
        compute,
        {
          from: dy,
          rows: images.count * windows.rows * windows.columns,
          columns,
        },
      ),
    );
    const zeros = own(zeroScratch(compute, size * Math.max(channels, wide)));
    const cut = tiling(tile, images, windows);
    const outStep = planeStepOf(channels * panelColumns);
    const sumBytes = elements * outStep;
    const groupTiles = Math.ceil(cut.tiles / groupsFor(sumBytes));
    const groups = Math.ceil(cut.tiles / groupTiles);
    // Each block adds to all sums: those that a cache does not hold are to be met
    // by few blocks.
    const blockTiles = sumBytes > LARGE_SUM
      ? Math.min(groupTiles, MOST_SUMMED_TILES)
      : blockTilesOf(cut.tiles);
    const operandStep = planeStepOf(blockTiles * channels);
    const productStep = planeStepOf(blockTiles * panelColumns);
    const scratchBytes = elements * (operandStep + productStep);
    const scratch = own(compute.scratch(compute.threads * scratchBytes));
    const sums = own(compute.scratch(groups * sumBytes));
    compute.run(
      "winogradCorrelate",
      {
        x: x.address,
        d: d.address,
        out: sums.address,
        outStep,
        zeros: zeros.address,
        scratch: scratch.address,
        scratchBytes,
        operandStep,
        productStep,
        ...geometryOf(tile, images, windows),
        ...cut,
        groupTiles,
        blockTiles,
        channels,
        columns: wide,
        panelColumns,
      },
      {
        chunks: groups,
        multiplications: cut.tiles * elements * channels * panelColumns,
      },
    );
    const filterRows = tile.taps ** 2 * images.channels;
    intoColumns(
      compute,
      { rows: filterRows, columns, out },
      (to) =>
        compute.run(
          "winogradFilterGrad",
          {
            from: sums.address,
            to,
            tile: number,
            planeStep: outStep,
            groups,
            groupStep: sumBytes,
            taps: tile.taps,
            channels: images.channels,
            columns: wide,
            panelColumns,
          },
          {
            chunks: images.channels,
            multiplications: groups * elements * channels * wide,
          },
        ),
    );
  });
}
