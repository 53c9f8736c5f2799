/** Batch normalization and its gradients. */
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
import {
  eachBlock,
  eachColumn,
  kernelFunction,
  mulAdd,
  type Target,
} from "./_kernel.ts";
import { eachRow, rowRange } from "./_row_range.ts";

/** Vectors of columns that are summed at once. */
const VECTORS = 4;

/** Mean and squared distances from it, of ranges of rows. */
export function moments(target: Target): FunctionBuilder {
  return kernelFunction("moments", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const [at, left, to] = f.locals("i32", 3);
    const sums = f.locals("v128", VECTORS);
    const means = f.locals("v128", VECTORS);
    const rests = f.locals("v128", VECTORS);
    const [distance, count] = f.locals("v128", 2);
    return [
      range.set,
      args.from.add(range.skip.get),
      to.set(
        add(args.to.get, mul(chunk.get, mul(range.rowBytes.get, i32(2)))),
      ),
      count.set(convertI32(v128.splatI32(range.count.get))),
      eachBlock(
        f,
        { columns: args.columns, most: VECTORS },
        ({ offset, vectors, load, store }) => {
          const all = (code: (i: number) => Code) =>
            Array.from({ length: vectors }, (_, i) => code(i));
          const rows = (code: (i: number) => Code) => [
            all((i) => sums[i].set(v128.zero)),
            at.set(add(args.from.get, offset.get)),
            eachRow(
              left,
              range.count.get,
              all(code),
              at.add(range.rowBytes.get),
            ),
          ];
          return [
            rows((i) => sums[i].set(v128.add(sums[i].get, load(at.get, i)))),
            all((i) => [
              means[i].set(v128.div(sums[i].get, count.get)),
              rests[i].set(v128.zero),
            ]),
            rows((i) => [
              distance.set(v128.sub(load(at.get, i), means[i].get)),
              rests[i].set(v128.add(rests[i].get, distance.get)),
              sums[i].set(madd(distance.get, distance.get, sums[i].get)),
            ]),
            // What the first sum was off by.
            all((i) => [
              distance.set(v128.div(rests[i].get, count.get)),
              means[i].set(v128.add(means[i].get, distance.get)),
              sums[i].set(
                v128.sub(sums[i].get, v128.mul(distance.get, rests[i].get)),
              ),
            ]),
            at.set(add(to.get, offset.get)),
            all((i) => store(at.get, i, means[i].get)),
            at.add(range.rowBytes.get),
            all((i) => store(at.get, i, sums[i].get)),
          ];
        },
      ),
    ];
  });
}

/** (x − mean) · scale + offset, by columns. */
export function normalize(target: Target): FunctionBuilder {
  return kernelFunction("normalize", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const left = f.local("i32");
    const lowest = f.local("v128");
    return [
      range.set,
      args.x.add(range.skip.get),
      args.out.add(range.skip.get),
      lowest.set(v128.splatI32(args.lowest.get)),
      eachRow(
        left,
        range.count.get,
        eachColumn(f, args.columns, (offset, load, store) => {
          const at = (address: Local) => add(address.get, offset.get);
          return store(
            at(args.out),
            v128.atLeastOf(
              madd(
                v128.sub(load(at(args.x)), load(at(args.mean))),
                load(at(args.scale)),
                load(at(args.offset)),
              ),
              lowest.get,
            ),
          );
        }),
        args.x.add(range.rowBytes.get),
        args.out.add(range.rowBytes.get),
      ),
    ];
  });
}

/** Σ dy and Σ dy · (x − mean) of ranges of rows, by columns. */
export function normalizeSums(target: Target): FunctionBuilder {
  return kernelFunction("normalizeSums", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const [at, gradientAt, left, to] = f.locals("i32", 4);
    const sums = f.locals("v128", VECTORS);
    const products = f.locals("v128", VECTORS);
    const means = f.locals("v128", VECTORS);
    const gradient = f.local("v128");
    return [
      range.set,
      args.x.add(range.skip.get),
      args.dy.add(range.skip.get),
      to.set(
        add(args.to.get, mul(chunk.get, mul(range.rowBytes.get, i32(2)))),
      ),
      eachBlock(
        f,
        { columns: args.columns, most: VECTORS },
        ({ offset, vectors, load, store }) => {
          const all = (code: (i: number) => Code) =>
            Array.from({ length: vectors }, (_, i) => code(i));
          return [
            all((i) => [
              sums[i].set(v128.zero),
              products[i].set(v128.zero),
              means[i].set(load(add(args.mean.get, offset.get), i)),
            ]),
            at.set(add(args.x.get, offset.get)),
            gradientAt.set(add(args.dy.get, offset.get)),
            eachRow(
              left,
              range.count.get,
              all((i) => [
                gradient.set(load(gradientAt.get, i)),
                sums[i].set(v128.add(sums[i].get, gradient.get)),
                products[i].set(
                  madd(
                    gradient.get,
                    v128.sub(load(at.get, i), means[i].get),
                    products[i].get,
                  ),
                ),
              ]),
              at.add(range.rowBytes.get),
              gradientAt.add(range.rowBytes.get),
            ),
            at.set(add(to.get, offset.get)),
            all((i) => store(at.get, i, sums[i].get)),
            at.add(range.rowBytes.get),
            all((i) => store(at.get, i, products[i].get)),
          ];
        },
      ),
    ];
  });
}

/** dy · scale + (x − mean) · slope + offset, by columns. */
export function normalizeGrad(target: Target): FunctionBuilder {
  return kernelFunction("normalizeGrad", (f, args, chunk) => {
    const madd = mulAdd(target);
    const range = rowRange(f, args, chunk);
    const left = f.local("i32");
    return [
      range.set,
      args.x.add(range.skip.get),
      args.dy.add(range.skip.get),
      args.dx.add(range.skip.get),
      eachRow(
        left,
        range.count.get,
        eachColumn(f, args.columns, (offset, load, store) => {
          const at = (address: Local) => add(address.get, offset.get);
          return store(
            at(args.dx),
            madd(
              load(at(args.dy)),
              load(at(args.scale)),
              madd(
                v128.sub(load(at(args.x)), load(at(args.mean))),
                load(at(args.slope)),
                load(at(args.offset)),
              ),
            ),
          );
        }),
        args.x.add(range.rowBytes.get),
        args.dy.add(range.rowBytes.get),
        args.dx.add(range.rowBytes.get),
      ),
    ];
  });
}
