/** Layer normalization and its gradient. */
import {
  add,
  type Code,
  convertI32,
  i32,
  type Local,
  mul,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction, mulAdd, type Target } from "./_kernel.ts";
import { eachRow, rowRange } from "./_row_range.ts";

/** The sum of a vector's lanes, in every lane. */
function total(sum: Local): Code {
  const swap = (lanes: number[]) =>
    sum.set(v128.add(sum.get, v128.shuffle(sum.get, sum.get, lanes)));
  return [swap([2, 3, 0, 1]), swap([1, 0, 3, 2])];
}

/** Normalizes each row. */
export function layerNorm(target: Target): FunctionBuilder {
  return kernelFunction("layerNorm", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const left = f.local("i32");
    const [sum, mean, deviation, distance, size, epsilon] = f.locals(
      "v128",
      6,
    );
    const x = (offset: Local) => add(args.x.get, offset.get);
    return [
      range.set,
      args.x.add(range.skip.get),
      args.out.add(range.skip.get),
      args.moments.add(mul(mul(chunk.get, args.chunkRows.get), i32(8))),
      size.set(convertI32(v128.splatI32(args.columns.get))),
      epsilon.set(v128.splatI32(args.epsilon.get)),
      eachRow(
        left,
        range.count.get,
        sum.set(v128.zero),
        eachColumn(
          f,
          args.columns,
          (offset, load) => sum.set(v128.add(sum.get, load(x(offset)))),
        ),
        total(sum),
        mean.set(v128.div(sum.get, size.get)),
        sum.set(v128.zero),
        eachColumn(f, args.columns, (offset, load, _, lanes) => [
          distance.set(lanes(v128.sub(load(x(offset)), mean.get))),
          sum.set(madd(distance.get, distance.get, sum.get)),
        ]),
        total(sum),
        deviation.set(
          v128.div(
            v128.constant(1),
            v128.sqrt(v128.add(v128.div(sum.get, size.get), epsilon.get)),
          ),
        ),
        v128.storeLane(args.moments.get, mean.get, 0),
        v128.storeLane(args.moments.get, deviation.get, 0, 4),
        eachColumn(f, args.columns, (offset, load, store) =>
          store(
            add(args.out.get, offset.get),
            madd(
              v128.mul(v128.sub(load(x(offset)), mean.get), deviation.get),
              load(add(args.scale.get, offset.get)),
              load(add(args.offset.get, offset.get)),
            ),
          )),
        args.x.add(range.rowBytes.get),
        args.out.add(range.rowBytes.get),
        args.moments.add(8),
      ),
    ];
  });
}

/** The gradient of normalized rows. */
export function layerNormGrad(target: Target): FunctionBuilder {
  return kernelFunction("layerNormGrad", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const [left, sums] = f.locals("i32", 2);
    const [mean, deviation, gradient, normal, first, second, size] = f.locals(
      "v128",
      7,
    );
    const at = (address: Local, offset: Local) => add(address.get, offset.get);
    const row = (
      code: (
        offset: Local,
        load: (address: Code) => Code,
        store: (address: Code, value: Code) => Code,
        lanes: (value: Code) => Code,
      ) => Code,
    ) =>
      eachColumn(f, args.columns, (offset, load, store, lanes) => [
        normal.set(
          v128.mul(
            lanes(v128.sub(load(at(args.x, offset)), mean.get)),
            deviation.get,
          ),
        ),
        code(offset, load, store, lanes),
      ]);
    return [
      range.set,
      args.x.add(range.skip.get),
      args.dy.add(range.skip.get),
      args.dx.add(range.skip.get),
      args.moments.add(mul(mul(chunk.get, args.chunkRows.get), i32(8))),
      sums.set(
        add(args.sums.get, mul(chunk.get, mul(range.rowBytes.get, i32(2)))),
      ),
      eachColumn(f, args.columns, (offset, _, store) => [
        store(at(sums, offset), v128.zero),
        store(add(at(sums, offset), range.rowBytes.get), v128.zero),
      ]),
      size.set(convertI32(v128.splatI32(args.columns.get))),
      eachRow(
        left,
        range.count.get,
        mean.set(v128.splat(args.moments.get)),
        deviation.set(v128.splat(args.moments.get, 4)),
        first.set(v128.zero),
        second.set(v128.zero),
        row((offset, load, store) => [
          gradient.set(load(at(args.dy, offset))),
          store(
            at(sums, offset),
            madd(gradient.get, normal.get, load(at(sums, offset))),
          ),
          store(
            add(at(sums, offset), range.rowBytes.get),
            v128.add(
              gradient.get,
              load(add(at(sums, offset), range.rowBytes.get)),
            ),
          ),
          gradient.set(
            v128.mul(gradient.get, load(at(args.scale, offset))),
          ),
          first.set(v128.add(first.get, gradient.get)),
          second.set(madd(gradient.get, normal.get, second.get)),
        ]),
        total(first),
        total(second),
        first.set(v128.div(first.get, size.get)),
        second.set(v128.div(second.get, size.get)),
        row((offset, load, store) =>
          store(
            at(args.dx, offset),
            v128.mul(
              v128.sub(
                v128.sub(
                  v128.mul(
                    load(at(args.dy, offset)),
                    load(at(args.scale, offset)),
                  ),
                  first.get,
                ),
                v128.mul(normal.get, second.get),
              ),
              deviation.get,
            ),
          )
        ),
        args.x.add(range.rowBytes.get),
        args.dy.add(range.rowBytes.get),
        args.dx.add(range.rowBytes.get),
        args.moments.add(8),
      ),
    ];
  });
}
