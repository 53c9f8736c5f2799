/** Operations that move values and leave them as they are. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  expected,
  indexOf,
  input,
  type Kind,
  length,
  lengthOrNone,
  offsetOf,
  type Operation,
  shapes,
  sizeOf,
  stridesOf,
  Sum,
  type Values,
} from "./_operation.ts";

const KINDS: Kind[] = ["ordinary", "huge", "special"];

/** Where each value of an output comes from: input and offset, or a constant. */
type Source = readonly [number, number] | number;

interface Move {
  readonly shape: readonly number[];
  readonly from: (at: number) => Source;
}

function moving(
  name: string,
  {
    cases,
    run,
    moves,
    differentiable = (inputs) => inputs.length,
  }: {
    readonly cases: fc.Arbitrary<Case>;
    readonly run: Operation["run"];
    // deno-lint-ignore no-explicit-any -- each operation's own
    readonly moves: (inputs: Values[], attrs: any) => Move[];
    readonly differentiable?: (inputs: Values[]) => number;
  },
): Operation {
  return {
    name,
    cases,
    run,
    forward: (inputs, attrs) =>
      moves(inputs, attrs).map(({ shape, from }) => {
        const values = Float64Array.from({ length: sizeOf(shape) }, (_, at) => {
          const source = from(at);
          return typeof source === "number"
            ? source
            : inputs[source[0]].values[source[1]];
        });
        return {
          shape,
          values,
          bound: values.map((v) => Number.isFinite(v) ? 0 : v),
        };
      }),
    backward: (inputs, attrs, { dys }) => {
      const sums = inputs.map(({ shape }) => new Sum(shape));
      moves(inputs, attrs).forEach(({ shape, from }, output) => {
        for (let at = 0; at < sizeOf(shape); at++) {
          const source = from(at);
          if (typeof source !== "number") {
            sums[source[0]].add(source[1], dys[output][at]);
          }
        }
      });
      const most = differentiable(inputs);
      return sums.map((sum, i) => i < most ? sum : undefined);
    },
    roundings: 2,
  };
}

function of(
  shape: fc.Arbitrary<number[]>,
  attrs: (shape: number[]) => fc.Arbitrary<object>,
  dtype?: "int32" | "bool",
): fc.Arbitrary<Case> {
  return shape.chain((shape) =>
    fc.tuple(
      input(shape, dtype ? ["labels"] : KINDS, { dtype }),
      attrs(shape),
    ).map((
      [x, attrs],
    ): Case => ({ inputs: [x], attrs }))
  );
}

/** A move of which the index of the source is a function of the output's. */
function byIndex(
  x: Values,
  { shape, source, rest = 0 }: {
    readonly shape: readonly number[];
    readonly source: (index: number[]) => number[] | undefined;
    readonly rest?: number;
  },
): Move {
  const strides = stridesOf(x.shape);
  return {
    shape,
    from: (at) => {
      const index = source(indexOf(at, shape));
      return index ? [0, offsetOf(index, strides)] : rest;
    },
  };
}

const transposes = (dtype?: "int32") =>
  of(
    shapes(1, 6, fc.oneof(lengthOrNone, fc.constant(1), fc.constant(2))).filter(
      (s) => sizeOf(s) < 60_000,
    ),
    (shape) =>
      fc.shuffledSubarray(shape.map((_, i) => i), { minLength: shape.length })
        .map((perm) => ({ perm })),
    dtype,
  );

const transpose = (name: string, dtype?: "int32") =>
  moving(
    name,
    {
      cases: transposes(dtype),
      run: ([x], { perm }) => tf.transpose(x, perm),
      moves: ([x], { perm }) => {
        const order = perm as number[];
        return [
          byIndex(x, {
            shape: order.map((axis) => x.shape[axis]),
            source: (index) => {
              const source: number[] = [];
              order.forEach((axis, i) => source[axis] = index[i]);
              return source;
            },
          }),
        ];
      },
      differentiable: () => dtype ? 0 : 1,
    },
  );

const slices = (name: string, dtype?: "int32") =>
  moving(
    name,
    {
      cases: of(shapes(1, 4), (shape) =>
        fc.tuple(
          ...shape.map((n) =>
            fc.nat(n).chain((begin) =>
              fc.tuple(fc.constant(begin), fc.nat(n - begin))
            )
          ),
        ).map((cuts) => ({
          begin: cuts.map(([begin]) => begin),
          size: cuts.map(([, size]) => size),
        })), dtype),
      run: ([x], { begin, size }) => tf.slice(x, begin, size),
      moves: ([x], { begin, size }) => [
        byIndex(x, {
          shape: size,
          source: (index) => index.map((i, axis) => i + begin[axis]),
        }),
      ],
      differentiable: () => dtype ? 0 : 1,
    },
  );

const pad = moving(
  "pad",
  {
    cases: of(shapes(1, 4), (shape) =>
      fc.record({
        pads: fc.tuple(
          ...shape.map(() => fc.tuple(fc.nat(3), fc.nat(3))),
        ),
        value: fc.constantFrom(0, 0, -1.5),
      })),
    run: ([x], { pads, value }) => tf.pad(x, pads, value),
    moves: ([x], { pads, value }) => [
      byIndex(
        x,
        {
          shape: x.shape.map((n, axis) => n + pads[axis][0] + pads[axis][1]),
          source: (index) => {
            const source = index.map((i, axis) => i - pads[axis][0]);
            return source.every((i, axis) => i >= 0 && i < x.shape[axis])
              ? source
              : undefined;
          },
          rest: value,
        },
      ),
    ],
  },
);

const tile = moving(
  "tile",
  {
    cases: of(
      fc.array(lengthOrNone, { minLength: 1, maxLength: 4 }),
      (shape) =>
        fc.array(fc.integer({ min: 1, max: 3 }), {
          minLength: shape.length,
          maxLength: shape.length,
        }).map((reps) => ({ reps })),
    ),
    run: ([x], { reps }) => tf.tile(x, reps),
    moves: ([x], { reps }) => [
      byIndex(
        x,
        {
          shape: x.shape.map((n, axis) => n * reps[axis]),
          source: (index) => index.map((i, axis) => i % x.shape[axis]),
        },
      ),
    ],
  },
);

const reverse = moving(
  "reverse",
  {
    cases: of(
      shapes(1, 4),
      (shape) => fc.subarray(shape.map((_, i) => i)).map((axes) => ({ axes })),
    ),
    run: ([x], { axes }) => tf.reverse(x, axes),
    moves: ([x], { axes }) => [
      byIndex(
        x,
        {
          shape: x.shape,
          source: (index) =>
            index.map((i, axis) =>
              axes.includes(axis) ? x.shape[axis] - 1 - i : i
            ),
        },
      ),
    ],
  },
);

const stridedSlice = moving(
  "stridedSlice",
  {
    cases: of(
      shapes(1, 4, length),
      (shape) =>
        fc.tuple(...shape.map((n) =>
          fc.record({
            begin: fc.nat(Math.floor((n - 1) / 2)),
            end: fc.integer({ min: Math.ceil(n / 2), max: n }),
            stride: fc.integer({ min: 1, max: 3 }),
          })
        )).map((cuts) => ({ cuts })),
    ),
    run: ([x], { cuts }) =>
      tf.stridedSlice(
        x,
        cuts.map(({ begin }: { begin: number }) => begin),
        cuts.map(({ end }: { end: number }) => end),
        cuts.map(({ stride }: { stride: number }) => stride),
      ),
    moves: ([x], { cuts }) => {
      const each = cuts as { begin: number; end: number; stride: number }[];
      return [
        byIndex(
          x,
          {
            shape: each.map(({ begin, end, stride }) =>
              Math.max(0, Math.ceil((end - begin) / stride))
            ),
            source: (index) =>
              index.map((i, a) => each[a].begin + i * each[a].stride),
          },
        ),
      ];
    },
  },
);

const concat = moving(
  "concat",
  {
    cases: shapes(1, 4).filter((s) => sizeOf(s) < 9000).chain((shape) =>
      fc.record({
        axis: fc.nat(shape.length - 1),
        lengths: fc.array(lengthOrNone, { minLength: 1, maxLength: 5 }),
      }).chain(({ axis, lengths }) =>
        fc.tuple(
          ...lengths.map((n) => {
            const own = [...shape];
            own[axis] = n;
            return input(own, KINDS);
          }),
        ).map((inputs): Case => ({ inputs, attrs: { axis } }))
      )
    ),
    run: (inputs, { axis }) => tf.concat(inputs, axis),
    moves: (inputs, { axis }) => {
      const shape = [...inputs[0].shape];
      shape[axis] = inputs.reduce((sum, x) => sum + x.shape[axis], 0);
      return [{
        shape,
        from: (at) => {
          const index = indexOf(at, shape);
          let which = 0;
          while (index[axis] >= inputs[which].shape[axis]) {
            index[axis] -= inputs[which++].shape[axis];
          }
          return [which, offsetOf(index, stridesOf(inputs[which].shape))];
        },
      }];
    },
  },
);

const stack = moving(
  "stack",
  {
    cases: shapes(0, 3).chain((shape) =>
      fc.record({
        axis: fc.nat(shape.length),
        inputs: fc.array(input(shape, KINDS), { minLength: 1, maxLength: 4 }),
      }).map(({ axis, inputs }): Case => ({ inputs, attrs: { axis } }))
    ),
    run: (inputs, { axis }) => tf.stack(inputs, axis),
    moves: (inputs, { axis }) => {
      const own = inputs[0].shape;
      const shape = [...own.slice(0, axis), inputs.length, ...own.slice(axis)];
      return [{
        shape,
        from: (at) => {
          const index = indexOf(at, shape);
          const [which] = index.splice(axis, 1);
          return [which, offsetOf(index, stridesOf(own))];
        },
      }];
    },
  },
);

function parts(
  x: Values,
  { axis, lengths, keep }: {
    readonly axis: number;
    readonly lengths: number[];
    readonly keep: boolean;
  },
) {
  let start = 0;
  return lengths.map((n) => {
    const begin = start;
    start += n;
    const wide = [...x.shape];
    wide[axis] = n;
    const move = byIndex(
      x,
      {
        shape: wide,
        source: (index) => index.map((i, a) => a === axis ? i + begin : i),
      },
    );
    return keep ? move : { ...move, shape: wide.filter((_, a) => a !== axis) };
  });
}

const split = moving(
  "split",
  {
    cases: of(
      shapes(1, 4, length),
      (shape) =>
        fc.nat(shape.length - 1).chain((axis) =>
          fc.array(fc.integer({ min: 1, max: 9 }), {
            minLength: 1,
            maxLength: 4,
          }).map((cuts) => {
            const lengths: number[] = [];
            let left = shape[axis];
            for (const cut of cuts) {
              if (left > cut) {
                lengths.push(cut);
                left -= cut;
              }
            }
            return { axis, lengths: [...lengths, left] };
          })
        ),
    ),
    run: ([x], { axis, lengths }) => tf.split(x, lengths, axis),
    moves: ([x], { axis, lengths }) => parts(x, { axis, lengths, keep: true }),
  },
);

const unstack = moving(
  "unstack",
  {
    cases: of(
      shapes(1, 4, fc.integer({ min: 1, max: 7 })).filter((s) =>
        s.every((n) => n < 40)
      ),
      (shape) => fc.nat(shape.length - 1).map((axis) => ({ axis })),
    ),
    run: ([x], { axis }) => tf.unstack(x, axis),
    moves: ([x], { axis }) =>
      parts(x, { axis, lengths: Array(x.shape[axis]).fill(1), keep: false }),
  },
);

const gather = moving(
  "gather",
  {
    cases: fc.record({
      shape: shapes(1, 4, length),
      indices: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
      axis: fc.nat(),
    }).chain(({ shape, indices, axis }) => {
      const along = axis % shape.length;
      return fc.tuple(
        input(shape, KINDS),
        input(indices, ["indices"], { below: shape[along], dtype: "int32" }),
      ).map((inputs): Case => ({ inputs, attrs: { axis: along } }));
    }),
    run: ([x, indices], { axis }) => tf.gather(x, indices as tf.Tensor1D, axis),
    moves: ([x, indices], { axis }) => {
      const rank = indices.shape.length;
      const shape = [
        ...x.shape.slice(0, axis),
        ...indices.shape,
        ...x.shape.slice(axis + 1),
      ];
      return [
        byIndex(x, {
          shape,
          source: (index) => {
            const which = offsetOf(
              index.slice(axis, axis + rank),
              stridesOf(indices.shape),
            );
            return [
              ...index.slice(0, axis),
              indices.values[which],
              ...index.slice(axis + rank),
            ];
          },
        }),
      ];
    },
    differentiable: () => 1,
  },
);

/** Rows of indices into the first axes of a shape. */
const rowsOfIndices = fc.record({
  shape: fc.oneof(
    shapes(1, 3, fc.integer({ min: 1, max: 6 })).filter((s) =>
      s.every((n) => n < 7)
    ),
    shapes(4, 6, fc.integer({ min: 1, max: 3 })),
  ),
  count: fc.integer({ min: 1, max: 7 }),
  depth: fc.nat(),
}).chain(({ shape, count, depth }) => {
  const along = 1 + depth % shape.length;
  const row = fc.tuple(...shape.slice(0, along).map((n) => fc.nat(n - 1)));
  return fc.array(row, { minLength: count, maxLength: count })
    .map((rows) => ({ shape, rows, rest: shape.slice(along) }));
});

const tensorOfRows = (rows: number[][]) =>
  tf.tensor2d(rows, undefined, "int32");

const gatherND = moving(
  "gatherND",
  {
    cases: rowsOfIndices.chain((attrs) =>
      input(attrs.shape, KINDS).map((x): Case => ({ inputs: [x], attrs }))
    ),
    run: ([x], { rows }) => tf.gatherND(x, tensorOfRows(rows)),
    moves: ([x], { rows, rest }) => [
      byIndex(x, {
        shape: [rows.length, ...rest],
        source: ([row, ...index]) => [...rows[row], ...index],
      }),
    ],
  },
);

const scatterND: Operation = {
  name: "scatterND",
  cases: rowsOfIndices.chain((attrs) =>
    input([attrs.rows.length, ...attrs.rest], ["ordinary", "huge", "ties"])
      .map((x): Case => ({ inputs: [x], attrs }))
  ),
  run: ([x], { rows, shape }) => tf.scatterND(tensorOfRows(rows), x, shape),
  forward: ([x], { rows, shape }) => {
    const y = new Sum(shape);
    const strides = stridesOf(shape);
    x.values.forEach((value, at) => {
      const [row, ...index] = indexOf(at, x.shape);
      y.add(offsetOf([...rows[row], ...index], strides), value);
    });
    return [y];
  },
  backward: ([x], { rows, shape }, { dys: [dy] }) => {
    const dx = new Sum(x.shape);
    const strides = stridesOf(shape);
    x.values.forEach((_, at) => {
      const [row, ...index] = indexOf(at, x.shape);
      dx.add(at, dy[offsetOf([...rows[row], ...index], strides)]);
    });
    return [dx];
  },
  roundings: 4,
};

/** Rows in the place of some; there is no gradient. */
const tensorScatterUpdate: Operation = {
  name: "tensorScatterUpdate",
  cases: rowsOfIndices.map((attrs) => ({
    ...attrs,
    // Of two for one place, either may win.
    rows: [...new Map(attrs.rows.map((row) => [row.join(), row])).values()],
  })).chain((attrs) =>
    fc.tuple(
      input(attrs.shape, KINDS),
      input([attrs.rows.length, ...attrs.rest], KINDS),
    ).map((inputs): Case => ({ inputs, attrs }))
  ),
  run: ([x, updates], { rows }) =>
    tf.tensorScatterUpdate(x, tensorOfRows(rows), updates),
  forward: ([x, updates], { rows, shape }) => {
    const y = Float64Array.from(x.values);
    const strides = stridesOf(shape);
    updates.values.forEach((value, at) => {
      const [row, ...index] = indexOf(at, updates.shape);
      y[offsetOf([...rows[row], ...index], strides)] = value;
    });
    return [expected(shape, y)];
  },
};

const depthToSpace = moving(
  "depthToSpace",
  {
    cases: fc.record({
      size: fc.tuple(length, length, length),
      rest: fc.integer({ min: 1, max: 4 }),
      block: fc.integer({ min: 2, max: 3 }),
    }).filter(({ size }) => sizeOf(size) < 400).chain((
      { size, rest, block },
    ) =>
      input([...size, rest * block ** 2], KINDS).map((x): Case => ({
        inputs: [x],
        attrs: { block },
      }))
    ),
    run: ([x], { block }) => tf.depthToSpace(x as tf.Tensor4D, block, "NHWC"),
    moves: ([x], { block }) => {
      const [batch, height, width, channels] = x.shape;
      const rest = channels / block ** 2;
      return [
        byIndex(x, {
          shape: [batch, height * block, width * block, rest],
          source: ([n, row, column, channel]) => [
            n,
            Math.floor(row / block),
            Math.floor(column / block),
            ((row % block) * block + column % block) * rest + channel,
          ],
        }),
      ];
    },
  },
);

const reshape = moving(
  "reshape",
  {
    cases: of(shapes(1, 4), () => fc.constant({})),
    run: ([x]) => tf.reshape(x, [x.size]),
    moves: ([x]) => [{ shape: [x.values.length], from: (at) => [0, at] }],
  },
);

const mirrorPad = moving(
  "mirrorPad",
  {
    cases: of(
      shapes(1, 3, fc.integer({ min: 2, max: 6 })).filter((s) =>
        s.every((n) => n >= 2 && n < 50)
      ),
      (shape) =>
        fc.record({
          pads: fc.tuple(
            ...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n - 1))),
          ),
          mode: fc.constantFrom("reflect", "symmetric"),
        }),
    ),
    run: ([x], { pads, mode }) => tf.mirrorPad(x, pads, mode),
    moves: ([x], { pads, mode }) => [
      byIndex(
        x,
        {
          shape: x.shape.map((n, a) => n + pads[a][0] + pads[a][1]),
          source: (index) =>
            index.map((i, a) => {
              const [n, at] = [x.shape[a], i - pads[a][0]];
              const off = mode === "reflect" ? 0 : 1;
              return at < 0 ? -at - off : at >= n ? 2 * n - 2 + off - at : at;
            }),
        },
      ),
    ],
  },
);

const oneHot: Operation = {
  name: "oneHot",
  cases: fc.record({
    shape: shapes(1, 2),
    depth: fc.integer({ min: 2, max: 12 }),
  }).chain(({ shape, depth }) =>
    input(shape, ["indices"], { below: depth + 1, dtype: "int32" }).map((
      x,
    ): Case => ({ inputs: [x], attrs: { depth } }))
  ),
  run: ([x], { depth }) => tf.oneHot(x as tf.Tensor1D, depth),
  forward: ([x], { depth }) => {
    const values = new Float64Array(x.values.length * depth);
    x.values.forEach((k, i) => {
      if (k < depth) values[i * depth + k] = 1;
    });
    return [{ shape: [...x.shape, depth], values, bound: values }];
  },
};

const segmentSum: Operation = {
  name: "unsortedSegmentSum",
  cases: fc.record({
    shape: shapes(1, 3, length).filter((s) => s.length > 0),
    segments: fc.integer({ min: 1, max: 9 }),
  }).chain(({ shape, segments }) =>
    fc.tuple(
      input(shape, ["ordinary", "huge", "ties"]),
      input([shape[0]], ["indices"], { below: segments, dtype: "int32" }),
    ).map((inputs): Case => ({ inputs, attrs: { segments } }))
  ),
  run: ([x, ids], { segments }) =>
    tf.unsortedSegmentSum(x, ids as tf.Tensor1D, segments),
  forward: ([x, ids], { segments }) => {
    const y = new Sum([segments, ...x.shape.slice(1)]);
    const inner = sizeOf(x.shape.slice(1));
    x.values.forEach((v, i) =>
      y.add(
        ids.values[Math.floor(i / inner)] * inner + i % inner,
        v,
      )
    );
    return [y];
  },
  backward: ([x, ids], _, { dys: [dy] }) => {
    const dx = new Sum(x.shape);
    const inner = sizeOf(x.shape.slice(1));
    x.values.forEach((_, i) =>
      dx.add(i, dy[ids.values[Math.floor(i / inner)] * inner + i % inner])
    );
    return [dx, undefined];
  },
  roundings: 4,
};

export const moves: Operation[] = [
  transpose("transpose"),
  transpose("transpose of int32", "int32"),
  slices("slice"),
  slices("slice of int32", "int32"),
  pad,
  tile,
  reverse,
  stridedSlice,
  concat,
  stack,
  split,
  unstack,
  gather,
  gatherND,
  scatterND,
  tensorScatterUpdate,
  depthToSpace,
  reshape,
  mirrorPad,
  oneHot,
  segmentSum,
];
