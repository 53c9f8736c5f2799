/** Batch and layer normalization, and their gradients. */
import {
  add,
  type Code,
  convertI32,
  type FunctionBuilder,
  greater,
  i32,
  type Local,
  loopWhile,
  mul,
  smaller,
  sub,
  v128,
} from "./_assembler.ts";
import {
  type Arguments,
  eachBlock,
  eachColumn,
  kernelFunction,
  mulAdd,
  type Target,
} from "./_kernel.ts";

/** Vectors of columns that are summed at once. */
const VECTORS = 4;

type RowArguments = Pick<
  Arguments<"moments">,
  "rows" | "columns" | "chunkRows"
>;

/** The range of rows of a chunk. */
function rowRange(f: FunctionBuilder, args: RowArguments, chunk: Local) {
  const [first, count, rowBytes, skip] = f.locals("i32", 4);
  const set: Code = [
    rowBytes.set(mul(args.columns.get, i32(4))),
    first.set(mul(chunk.get, args.chunkRows.get)),
    count.set(smaller(args.chunkRows.get, sub(args.rows.get, first.get))),
    skip.set(mul(first.get, rowBytes.get)),
  ];
  return { set, count, rowBytes, skip };
}

/** Runs code for each of `count` rows. */
function eachRow(left: Local, count: Code, ...code: Code): Code {
  return [
    left.set(count),
    loopWhile(greater(left.get, i32(0)), code, left.add(-1)),
  ];
}

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
