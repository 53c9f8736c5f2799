import {
  add,
  bitAnd,
  call,
  type Code,
  divide,
  equal,
  greater,
  i32,
  larger,
  less,
  type Local,
  mul,
  remainder,
  shiftLeft,
  smaller,
  sub,
  when,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { PATCH_ROWS } from "./_winograd_transform.ts";

/** Calls the function of the tile at hand. */
export function ofTile(
  indices: readonly number[],
  tile: Local,
  ...args: Code[]
): Code {
  return indices.map((index, number) =>
    when(equal(tile.get, i32(number)), call(index, ...args))
  );
}

/** Images that are read tile by tile. */
export interface TiledImages {
  readonly address: Local;
  readonly height: Local;
  readonly width: Local;
  readonly channels: Local;
  /** Where the first tile's patch begins, before the image's first pixel. */
  readonly top: Code;
  readonly left: Code;
}

/** The arguments that the kernels over tiles share. */
type TileArguments = Record<
  "zeros" | "tile" | "outputs" | "tilesDown" | "tilesAcross",
  Local
>;

/** A walk over the tiles of all images, one after another. */
export class TileWalk {
  readonly row: Local;
  readonly column: Local;
  readonly image: Local;
  readonly #args: TileArguments;
  readonly #rows: Local[];
  readonly #y: Local;
  readonly #x: Local;
  readonly #mask: Local;
  readonly #address: Local;
  readonly #rowBytes: Local;

  constructor(f: FunctionBuilder, args: TileArguments) {
    [this.row, this.column, this.image] = f.locals("i32", 3);
    [this.#y, this.#x, this.#mask, this.#address, this.#rowBytes] = f.locals(
      "i32",
      5,
    );
    this.#rows = f.locals("i32", PATCH_ROWS);
    this.#args = args;
  }

  /** Goes to a tile by its number. */
  start(tile: Code): Code {
    const { tilesAcross, tilesDown } = this.#args;
    return [
      this.row.set(divide(tile, tilesAcross.get)),
      this.column.set(remainder(tile, tilesAcross.get)),
      this.image.set(divide(this.row.get, tilesDown.get)),
      this.row.set(remainder(this.row.get, tilesDown.get)),
    ];
  }

  /** Goes to the next tile. */
  next(): Code {
    return [
      this.column.add(1),
      when(
        equal(this.column.get, this.#args.tilesAcross.get),
        this.column.set(i32(0)),
        this.row.add(1),
        when(
          equal(this.row.get, this.#args.tilesDown.get),
          this.row.set(i32(0)),
          this.image.add(1),
        ),
      ),
    ];
  }

  /** Transforms the tile's patch of `side` rows and columns. */
  transform(
    indices: readonly number[],
    images: TiledImages,
    side: Code,
    [to, step]: [to: Code, step: Code],
  ): Code {
    const { address, height, width, channels } = images;
    const { outputs, tile, zeros } = this.#args;
    const [y, x, mask, at, rowBytes] = [
      this.#y,
      this.#x,
      this.#mask,
      this.#address,
      this.#rowBytes,
    ];
    const pixelBytes = mul(channels.get, i32(4));
    const bit = (index: Code) => shiftLeft(i32(1), index);
    return [
      y.set(sub(mul(this.row.get, outputs.get), images.top)),
      x.set(sub(mul(this.column.get, outputs.get), images.left)),
      // Bits of the columns below the image's end, less those before its start.
      mask.set(
        sub(
          bit(larger(smaller(sub(width.get, x.get), side), i32(0))),
          i32(1),
        ),
      ),
      when(
        less(x.get, i32(0)),
        mask.set(
          bitAnd(
            mask.get,
            sub(i32(0), bit(smaller(sub(i32(0), x.get), side))),
          ),
        ),
      ),
      rowBytes.set(mul(width.get, pixelBytes)),
      at.set(
        add(
          address.get,
          add(
            mul(
              add(mul(this.image.get, height.get), y.get),
              rowBytes.get,
            ),
            mul(x.get, pixelBytes),
          ),
        ),
      ),
      // Rows outside the image are read from zeros.
      this.#rows.map((row) => [
        row.set(zeros.get),
        when(
          mul(less(y.get, height.get), greater(y.get, i32(-1))),
          row.set(at.get),
        ),
        y.add(1),
        at.add(rowBytes.get),
      ]),
      ofTile(
        indices,
        tile,
        ...this.#rows.map((row) => row.get),
        pixelBytes,
        mask.get,
        divide(channels.get, i32(4)),
        to,
        step,
      ),
    ];
  }
}
