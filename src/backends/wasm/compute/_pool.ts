import {
  add,
  type Code,
  convertI32,
  i32,
  larger,
  less,
  type Local,
  loopUntilNot,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
  zeroBytes,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { type Arguments, eachColumn, kernelFunction } from "./_kernel.ts";

/** Where the windows lie, and what they are read from and written to. */
type PoolArguments =
  & Omit<Arguments<"avgPoolGrad">, "dy" | "dx" | "scale">
  & Pick<Arguments<"avgPoolGrad">, "dy" | "dx">;

/** What one window of a pooling covers, for the gradients' loops. */
interface Window {
  /** Runs code for each pixel, with its offset from the image's start. */
  eachPixel(code: (offset: Local) => Code): Code;
  /** The address of the window's own pixel in dy, or in the output. */
  readonly dy: Local;
  readonly dx: Local;
  /** The offset of the current image in bytes. */
  readonly image: Local;
  /** How many pixels the window covers, and 1 where it covers none. */
  readonly covered: Code;
  /** Whether it covers none. */
  readonly isEmpty: Code;
}

function eachWindow(
  f: FunctionBuilder,
  { args, chunk, clear = true }: {
    readonly args: PoolArguments;
    readonly chunk: Local;
    readonly clear?: boolean;
  },
  code: (window: Window) => Code,
): Code {
  const [pixelBytes, rowBytes, imageBytes, image, dy, dx] = f.locals("i32", 6);
  const [oy, ox, x0, x1, y0, y1, y, x, rowAt, pixelAt] = f.locals("i32", 10);
  const pixels = mul(
    larger(sub(y1.get, y0.get), i32(0)),
    larger(sub(x1.get, x0.get), i32(0)),
  );
  const window: Window = {
    dy,
    dx,
    image,
    covered: larger(pixels, i32(1)),
    isEmpty: less(pixels, i32(1)),
    eachPixel: (code) => [
      y.set(y0.get),
      rowAt.set(
        add(mul(y0.get, rowBytes.get), mul(x0.get, pixelBytes.get)),
      ),
      loopWhile(
        less(y.get, y1.get),
        x.set(x0.get),
        pixelAt.set(rowAt.get),
        loopWhile(
          less(x.get, x1.get),
          code(pixelAt),
          pixelAt.add(pixelBytes.get),
          x.add(1),
        ),
        rowAt.add(rowBytes.get),
        y.add(1),
      ),
    ],
  };
  const clip = (
    {
      from,
      to,
      out,
      stride,
      before,
      taps,
      size,
    }: {
      readonly from: Local;
      readonly to: Local;
      readonly out: Local;
      readonly stride: Local;
      readonly before: Local;
      readonly taps: Local;
      readonly size: Local;
    },
  ) => [
    from.set(sub(mul(out.get, stride.get), before.get)),
    to.set(smaller(add(from.get, taps.get), size.get)),
    from.set(larger(from.get, i32(0))),
  ];
  return [
    pixelBytes.set(mul(args.channels.get, i32(4))),
    rowBytes.set(mul(args.width.get, pixelBytes.get)),
    imageBytes.set(mul(args.height.get, rowBytes.get)),
    image.set(mul(chunk.get, imageBytes.get)),
    dx.set(add(args.dx.get, image.get)),
    clear ? zeroBytes(dx.get, imageBytes.get) : [],
    dy.set(
      add(
        args.dy.get,
        mul(
          chunk.get,
          mul(
            mul(args.outHeight.get, args.outWidth.get),
            pixelBytes.get,
          ),
        ),
      ),
    ),
    oy.set(i32(0)),
    loopUntilNot(
      less(oy.get, args.outHeight.get),
      clip(
        {
          from: y0,
          to: y1,
          out: oy,
          stride: args.strideHeight,
          before: args.top,
          taps: args.filterHeight,
          size: args.height,
        },
      ),
      ox.set(i32(0)),
      loopUntilNot(
        less(ox.get, args.outWidth.get),
        clip(
          {
            from: x0,
            to: x1,
            out: ox,
            stride: args.strideWidth,
            before: args.left,
            taps: args.filterWidth,
            size: args.width,
          },
        ),
        code(window),
        dy.add(pixelBytes.get),
        ox.add(1),
      ),
      oy.add(1),
    ),
  ];
}

const MINUS_INFINITY = 0xff800000;
/** What the bits of −∞ lack to be NaN. */
const TO_NAN = 0x400000;

/** Whether a value comes before the largest so far: also the first NaN does. */
function isLarger(value: Local, largest: Local): Code {
  return v128.or(
    v128.greater(value.get, largest.get),
    v128.and(
      v128.different(value.get, value.get),
      v128.equal(largest.get, largest.get),
    ),
  );
}

/** The gradient of max pooling. */
export function maxPoolGrad(): FunctionBuilder {
  return kernelFunction("maxPoolGrad", (f, args, chunk) => {
    const [index, from] = f.locals("i32", 2);
    const [largest, where, value, mask, gradient] = f.locals("v128", 5);
    return eachWindow(f, { args, chunk }, ({ dy, dx, image, eachPixel }) => [
      from.set(add(args.x.get, image.get)),
      eachColumn(f, args.channels, (offset, load, store) => [
        largest.set(v128.splatI32(i32(MINUS_INFINITY))),
        where.set(v128.zero),
        index.set(i32(0)),
        eachPixel((pixel) => [
          value.set(load(add(add(from.get, pixel.get), offset.get))),
          mask.set(isLarger(value, largest)),
          largest.set(v128.select(value.get, largest.get, mask.get)),
          where.set(
            v128.select(v128.splatI32(index.get), where.get, mask.get),
          ),
          index.add(1),
        ]),
        gradient.set(load(add(dy.get, offset.get))),
        index.set(i32(0)),
        eachPixel((pixel) => [
          mask.set(v128.equalI32(where.get, v128.splatI32(index.get))),
          store(
            add(add(dx.get, pixel.get), offset.get),
            v128.add(
              load(add(add(dx.get, pixel.get), offset.get)),
              v128.and(gradient.get, mask.get),
            ),
          ),
          index.add(1),
        ]),
      ]),
    ]);
  });
}

/** The gradient of average pooling. */
export function avgPoolGrad(): FunctionBuilder {
  return kernelFunction("avgPoolGrad", (f, args, chunk) => {
    const gradient = f.local("v128");
    return eachWindow(f, { args, chunk }, ({ dy, dx, eachPixel }) => [
      eachColumn(f, args.channels, (offset, load, store) => [
        gradient.set(
          v128.mul(
            load(add(dy.get, offset.get)),
            v128.splatI32(args.scale.get),
          ),
        ),
        eachPixel((pixel) =>
          store(
            add(add(dx.get, pixel.get), offset.get),
            v128.add(
              load(add(add(dx.get, pixel.get), offset.get)),
              gradient.get,
            ),
          )
        ),
      ]),
    ]);
  });
}

/** The largest value of each window: the first NaN in it, and NaN of none at all. */
export function maxPool(): FunctionBuilder {
  return kernelFunction("maxPool", (f, args, chunk) => {
    const [largest, value] = f.locals("v128", 2);
    const own = { ...args, dy: args.out, dx: args.x };
    return eachWindow(
      f,
      { args: own, chunk, clear: false },
      ({ dy, dx, eachPixel, isEmpty }) =>
        eachColumn(f, args.channels, (offset, load, store) => [
          largest.set(
            v128.splatI32(
              add(i32(MINUS_INFINITY), mul(isEmpty, i32(TO_NAN))),
            ),
          ),
          eachPixel((pixel) => [
            value.set(load(add(add(dx.get, pixel.get), offset.get))),
            largest.set(
              v128.select(value.get, largest.get, isLarger(value, largest)),
            ),
          ]),
          store(add(dy.get, offset.get), largest.get),
        ]),
    );
  });
}

/** The mean of what each window covers. */
export function avgPool(): FunctionBuilder {
  return kernelFunction("avgPool", (f, args, chunk) => {
    const sum = f.local("v128");
    const own = { ...args, dy: args.out, dx: args.x };
    return eachWindow(
      f,
      { args: own, chunk, clear: false },
      ({ dy, dx, covered, eachPixel }) =>
        eachColumn(f, args.channels, (offset, load, store) => [
          sum.set(v128.zero),
          eachPixel((pixel) =>
            sum.set(
              v128.add(sum.get, load(add(add(dx.get, pixel.get), offset.get))),
            )
          ),
          store(
            add(dy.get, offset.get),
            v128.div(sum.get, convertI32(v128.splatI32(covered))),
          ),
        ]),
    );
  });
}
