import {
  add,
  greater,
  i32,
  less,
  loopUntilNot,
  loopWhile,
  mul,
  smaller,
  v128,
  zeroBytes,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction, mulAdd, type Target } from "./_kernel.ts";

/** Depthwise convolutions. */
export function depthwise(target: Target): FunctionBuilder {
  return kernelFunction("depthwise", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [image, out, row, column, pixel, channelBytes] = f.locals("i32", 6);
    const [outerLeft, middleLeft, rowAt, at, weight] = f.locals("i32", 5);
    const sum = f.local("v128");
    return [
      channelBytes.set(mul(args.channels.get, i32(4))),
      image.set(add(args.a.get, mul(chunk.get, args.imageStep.get))),
      out.set(
        add(
          args.out.get,
          mul(
            chunk.get,
            mul(
              mul(args.imageRows.get, args.rowPixels.get),
              channelBytes.get,
            ),
          ),
        ),
      ),
      row.set(i32(0)),
      loopUntilNot(
        less(row.get, args.imageRows.get),
        pixel.set(image.get),
        column.set(i32(0)),
        loopUntilNot(
          less(column.get, args.rowPixels.get),
          eachColumn(f, args.channels, (offset, load, store) => [
            sum.set(v128.zero),
            weight.set(add(args.b.get, offset.get)),
            rowAt.set(add(pixel.get, offset.get)),
            outerLeft.set(args.outer.get),
            loopUntilNot(
              greater(outerLeft.get, i32(0)),
              at.set(rowAt.get),
              middleLeft.set(args.middle.get),
              loopUntilNot(
                greater(middleLeft.get, i32(0)),
                sum.set(madd(load(at.get), load(weight.get), sum.get)),
                at.add(args.middleStep.get),
                weight.add(channelBytes.get),
                middleLeft.add(-1),
              ),
              rowAt.add(args.outerStep.get),
              outerLeft.add(-1),
            ),
            store(add(out.get, offset.get), sum.get),
          ]),
          out.add(channelBytes.get),
          pixel.add(args.columnStep.get),
          column.add(1),
        ),
        image.add(args.rowStep.get),
        row.add(1),
      ),
    ];
  });
}

/** The filter gradients of depthwise convolutions. */
export function correlateDepthwise(target: Target): FunctionBuilder {
  return kernelFunction("correlateDepthwise", (f, args, chunk) => {
    const madd = mulAdd(target);
    const [channelBytes, imageBytes, image, last, out, base, dBase] = f.locals(
      "i32",
      7,
    );
    const [tapRow, tapColumn, to, row, column, rowAt, at, d] = f.locals(
      "i32",
      8,
    );
    const sum = f.local("v128");
    return [
      channelBytes.set(mul(args.channels.get, i32(4))),
      imageBytes.set(
        mul(mul(args.imageRows.get, args.rowPixels.get), channelBytes.get),
      ),
      out.set(
        add(
          args.out.get,
          mul(
            chunk.get,
            mul(mul(args.outer.get, args.middle.get), channelBytes.get),
          ),
        ),
      ),
      zeroBytes(
        out.get,
        mul(mul(args.outer.get, args.middle.get), channelBytes.get),
      ),
      image.set(mul(chunk.get, args.groupImages.get)),
      last.set(
        smaller(add(image.get, args.groupImages.get), args.images.get),
      ),
      loopWhile(
        less(image.get, last.get),
        dBase.set(add(args.d.get, mul(image.get, imageBytes.get))),
        to.set(out.get),
        tapRow.set(i32(0)),
        loopUntilNot(
          less(tapRow.get, args.outer.get),
          tapColumn.set(i32(0)),
          loopUntilNot(
            less(tapColumn.get, args.middle.get),
            base.set(
              add(
                add(args.a.get, mul(image.get, args.imageStep.get)),
                add(
                  mul(tapRow.get, args.outerStep.get),
                  mul(tapColumn.get, args.middleStep.get),
                ),
              ),
            ),
            eachColumn(f, args.channels, (offset, load, store) => [
              sum.set(load(add(to.get, offset.get))),
              rowAt.set(add(base.get, offset.get)),
              d.set(add(dBase.get, offset.get)),
              row.set(i32(0)),
              loopUntilNot(
                less(row.get, args.imageRows.get),
                at.set(rowAt.get),
                column.set(i32(0)),
                loopUntilNot(
                  less(column.get, args.rowPixels.get),
                  sum.set(madd(load(at.get), load(d.get), sum.get)),
                  at.add(args.columnStep.get),
                  d.add(channelBytes.get),
                  column.add(1),
                ),
                rowAt.add(args.rowStep.get),
                row.add(1),
              ),
              store(add(to.get, offset.get), sum.get),
            ]),
            to.add(channelBytes.get),
            tapColumn.add(1),
          ),
          tapRow.add(1),
        ),
        image.add(1),
      ),
    ];
  });
}
